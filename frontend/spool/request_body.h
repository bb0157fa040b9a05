// The body of one request while it comes in and until it has been sent: in memory at first, beyond
// a bound in a spool file.
#ifndef ANTEROOM_FRONTEND_SPOOL_REQUEST_BODY_H_
#define ANTEROOM_FRONTEND_SPOOL_REQUEST_BODY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/dispatch/body_source.h"
#include "frontend/spool/spool_file.h"

namespace anteroom::frontend {

//   0            file_->size()          flying_              size()
//   |--- in the file ---|--- being written ---|--- tail_, in memory ---|
//
// A write begins when the tail has grown to a bound and no other write is under way, so a slow disk
// makes the tail grow, and paused() says when to stop reading from the client. What is in memory
// when the body is complete stays there.
//
// Threading: loop thread only.
class RequestBody final : public BodySource {
 public:
  // None of these comes from within a call of the body.
  class Owner {
   public:
    virtual void OnBodyRoom() = 0;  // paused() is over
    virtual void OnBodyFailed(
        SpoolFile::Result result) = 0;        // the body can't be kept; not after Complete()
    virtual void OnBodyFetched(bool ok) = 0;  // what Fetch() asked for

   protected:
    ~Owner() = default;
  };
  struct Limits {
    uint64_t memory;  // of one body, before it moves to a file; never less than kInline
    // Bytes that all bodies of the process have in memory; outlives the file-I/O threads.
    std::atomic<uint64_t>* all_memory;
  };

  // What is written, or read, in one piece.
  static constexpr size_t kPiece = 128 * 1024;

  RequestBody() = default;
  ~RequestBody() override { Clear(); }
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  // Before the first byte. `expected`: how many are announced, 0 if that is not known; memory is not
  // taken ahead for more than a few of them. Everything pointed to outlives the body or Clear().
  void Start(const SpoolContext* spool, const Limits& limits, Owner* owner, uint64_t expected);
  void Append(absl::string_view bytes);
  // The client should not be read from: the disk is behind.
  bool paused() const { return flying_ != nullptr && tail_.size() >= kPiece; }
  void Complete() { complete_ = true; }
  // Empty again, as for a new request; keeps a little memory.
  void Clear();

  // What the body takes of it: up to twice its bytes there.
  uint64_t memory() const;
  bool spooled() const { return file_ != nullptr; }

  // BodySource
  uint64_t size() const override { return TailBegin() + tail_.size(); }
  absl::string_view Peek(uint64_t offset) override;
  void Fetch(uint64_t offset) override;
  void Release() override;

 private:
  uint64_t Written() const { return file_ == nullptr ? 0 : file_->size(); }
  uint64_t TailBegin() const { return Written() + (flying_ == nullptr ? 0 : flying_->size()); }
  void MaybeWrite();
  void OnWritten(SpoolFile::Result result);
  void Keep(uint64_t offset, std::string bytes);
  void Count();

  const SpoolContext* spool_ = nullptr;
  Limits limits_{};
  Owner* owner_ = nullptr;
  bool complete_ = false;
  bool writing_failed_ = false;
  std::unique_ptr<SpoolFile> file_;
  std::shared_ptr<const std::string> flying_;
  std::string tail_;
  uint64_t counted_ = 0;  // of tail_ and read_, in limits_.all_memory

  std::string read_;  // from the file, at read_offset_
  uint64_t read_offset_ = 0;
  uint64_t wanted_ = 0;  // the offset of the last Fetch()
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_REQUEST_BODY_H_
