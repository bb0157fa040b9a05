// Bytes of bodies in memory: in blocks that never move or grow, so that nothing is copied to make
// room, and that count as what they take.
#ifndef ANTEROOM_FRONTEND_SPOOL_BLOCK_CHAIN_H_
#define ANTEROOM_FRONTEND_SPOOL_BLOCK_CHAIN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace anteroom::frontend {

// Threading: filled by one thread; after that it may be read, and given up, by any.
class Block {
 public:
  // The largest block: a chunk of a link, or what a slow client's socket takes.
  static constexpr size_t kLargest = 64 * 1024;

  // `capacity` bytes, which count in `all_memory` from here to the end of the block, which
  // `all_memory` outlives. May be null.
  explicit Block(size_t capacity, std::atomic<uint64_t>* all_memory = nullptr);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  absl::string_view bytes() const { return {data_.get() + begin_, size_}; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  // What follows bytes().
  absl::Span<char> room() { return {data_.get() + begin_ + size_, capacity_ - begin_ - size_}; }
  // As much of `bytes` as there is room for; how much that was. Bytes that lie at the beginning of
  // room() already stay where they are.
  size_t Append(absl::string_view bytes);
  // It has been filled by somebody else, and all that counts of it is `part`. It counts from here on.
  void Become(absl::string_view part, std::atomic<uint64_t>* all_memory);

 private:
  const size_t capacity_;
  std::atomic<uint64_t>* all_memory_;
  const std::unique_ptr<char[]> data_;
  size_t begin_ = 0;
  size_t size_ = 0;
};

// Grows at its end. Not thread-safe, but a chain that does not grow any more may be read anywhere.
class BlockChain {
 public:
  // Takes blocks for what is there, and as far ahead as there are bytes already: a client pays for
  // memory with data. `expected`: bytes that the chain will have, or 0.
  void Append(absl::string_view bytes, uint64_t expected, std::atomic<uint64_t>* all_memory);
  void Append(std::shared_ptr<Block> block);  // which is not empty
  // Where to put the next bytes, at most `most` and more than 0, for an Append() of them that copies
  // nothing: the end of the last block, or a new one. `before`: how much else the client has sent.
  absl::Span<char> Room(uint64_t most, uint64_t before, std::atomic<uint64_t>* all_memory);

  uint64_t size() const { return size_; }
  uint64_t memory() const { return memory_; }  // what the blocks take
  bool empty() const { return size_ == 0; }

  struct Piece {
    std::shared_ptr<const Block> block;
    uint64_t begin;  // of its first byte in the chain
  };
  // The block that has the byte at `offset`, which is there.
  const Piece& At(uint64_t offset) const;

 private:
  bool full() const { return last_ == nullptr || last_->room().empty(); }
  void AddBlock(uint64_t capacity, std::atomic<uint64_t>* all_memory);

  absl::InlinedVector<Piece, 2> pieces_;
  Block* last_ = nullptr;
  uint64_t size_ = 0;
  uint64_t memory_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_BLOCK_CHAIN_H_
