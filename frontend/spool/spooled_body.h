// One body on its way from who sends it to who takes it at another speed: in memory at first, beyond
// a bound in a spool file.
#ifndef ANTEROOM_FRONTEND_SPOOL_SPOOLED_BODY_H_
#define ANTEROOM_FRONTEND_SPOOL_SPOOLED_BODY_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "frontend/dispatch/body_source.h"
#include "frontend/spool/block_chain.h"
#include "frontend/spool/spool_file.h"

namespace anteroom::frontend {

//   0            file_->size()          flying_              size()
//   |--- in the file ---|--- being written ---|--- tail_, in memory ---|
//
// A write begins when the tail has grown to a bound and no other write is under way, so a slow disk
// makes the tail grow, and paused() says when to take no more from the sender. A request is read
// once it is Complete(), and what is in memory by then stays there; an answer is read while it
// grows, maybe slowly, and Settle() says that nothing will follow.
//
// Threading: loop thread only.
class SpooledBody final : public BodySource {
 public:
  // None of these comes from within a call of the body, but OnBodyFetch().
  class Owner {
   public:
    virtual void OnBodyRoom() = 0;  // paused() is over
    // The body can't be kept; not after Complete().
    virtual void OnBodyFailed(SpoolFile::Result result) = 0;
    virtual void OnBodyFetch() = 0;           // Fetch() has been called
    virtual void OnBodyFetched(bool ok) = 0;  // what it asked for

   protected:
    ~Owner() = default;
  };
  struct Limits {
    uint64_t memory;  // of one body, before it moves to a file; never less than kInline
    // What limits.buffers bounds: bytes in memory, of all bodies and of what else clients make the
    // process hold; outlives the file-I/O threads.
    std::atomic<uint64_t>* all_memory;
    // While that is more than this, bodies go to files earlier.
    uint64_t short_above;
    SpoolUse use;

    bool MemoryIsShort() const { return all_memory->load(std::memory_order_relaxed) > short_above; }
  };

  // What is written in one piece.
  static constexpr size_t kPiece = 128 * 1024;

  SpooledBody() = default;
  ~SpooledBody() override { Clear(); }
  SpooledBody(const SpooledBody&) = delete;
  SpooledBody& operator=(const SpooledBody&) = delete;

  // Before the first byte. `expected`: how many are announced, 0 if that is not known. Everything
  // pointed to outlives the body or Clear(), `limits.all_memory` also what Hold() returned.
  void Start(const SpoolContext* spool, const Limits& limits, Owner* owner, uint64_t expected);
  void Append(absl::string_view bytes);
  void Append(std::shared_ptr<Block> block);  // which is not empty
  // Where to put the next bytes, at most `most` and more than 0, so that Append() copies nothing.
  // Until the next call.
  absl::Span<char> Room(uint64_t most);
  // Nothing should be taken from the sender: the disk is behind.
  bool paused() const { return flying_ != nullptr && tail_.size() >= kPiece; }
  void Complete() { complete_ = true; }
  // The last byte is there, and whoever reads may take long: of a body that has a file, what is
  // left in memory goes there too, unless it is little.
  void Settle();
  // The reader is slow, and memory may have become short.
  void Relieve() { MaybeWrite(); }
  // Empty again, as for a new request.
  void Clear();

  // What the body takes of it: up to twice its bytes there, or 64 KiB more than these.
  uint64_t memory() const;
  // The file takes nothing more: what follows stays in memory.
  bool failed() const { return writing_failed_; }

  // BodySource
  uint64_t size() const override { return TailBegin() + tail_.size(); }
  absl::string_view Peek(uint64_t offset) override;
  std::shared_ptr<const void> Hold() override { return peeked_; }
  void Fetch(uint64_t offset) override;
  void Release() override;

 private:
  uint64_t Written() const { return file_ == nullptr ? 0 : file_->size(); }
  uint64_t TailBegin() const { return Written() + (flying_ == nullptr ? 0 : flying_->size()); }
  uint64_t MostInMemory() const;
  void MaybeWrite();
  void OnWritten(SpoolFile::Result result);
  absl::string_view PeekIn(const BlockChain& chain, uint64_t offset);
  // For bytes of the file from `offset` on.
  std::shared_ptr<Block> RoomFor(uint64_t offset) const;

  const SpoolContext* spool_ = nullptr;
  Limits limits_{};
  Owner* owner_ = nullptr;
  uint64_t expected_ = 0;
  bool complete_ = false;
  bool settled_ = false;
  bool writing_failed_ = false;
  std::unique_ptr<SpoolFile> file_;
  // Belongs to the file-I/O threads as well, and takes memory for as long as it waits there, whether
  // or not this still exists.
  std::shared_ptr<const BlockChain> flying_;
  BlockChain tail_;

  std::shared_ptr<const Block> read_;  // from the file, at read_offset_; may be null
  uint64_t read_offset_ = 0;
  std::shared_ptr<const Block> peeked_;  // what the last Peek() is in
  uint64_t wanted_ = 0;                  // the offset of the last Fetch()
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_SPOOLED_BODY_H_
