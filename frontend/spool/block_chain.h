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

namespace anteroom::frontend {

// Threading: filled by one thread; after that it may be read, and given up, by any.
class Block {
 public:
  // The largest block: a chunk of a link, or what a slow client's socket takes.
  static constexpr size_t kLargest = 64 * 1024;

  // `capacity` bytes, which count in `all_memory` from here to the end of the block, which
  // `all_memory` outlives. May be null.
  Block(size_t capacity, std::atomic<uint64_t>* all_memory);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  char* data() { return data_.get(); }
  absl::string_view bytes() const { return {data_.get(), size_}; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  // How much of data() has been filled.
  void set_size(size_t size) { size_ = size; }
  // As much of `bytes` as there is room for; how much that was.
  size_t Append(absl::string_view bytes);

 private:
  const size_t capacity_;
  std::atomic<uint64_t>* const all_memory_;
  const std::unique_ptr<char[]> data_;
  size_t size_ = 0;
};

// Grows at its end. Not thread-safe, but a chain that does not grow any more may be read anywhere.
class BlockChain {
 public:
  // Takes blocks for what is there, and as far ahead as there are bytes already: a client pays for
  // memory with data. `expected`: bytes that the chain will have, or 0.
  void Append(absl::string_view bytes, uint64_t expected, std::atomic<uint64_t>* all_memory);

  uint64_t size() const { return size_; }
  uint64_t memory() const { return memory_; }  // what the blocks take
  bool empty() const { return size_ == 0; }

  struct Piece {
    std::shared_ptr<const Block> block;
    uint64_t begin;  // of its first byte in the chain
  };
  // The block that has the byte at `offset`, which is there.
  const Piece& At(uint64_t offset) const;
  const absl::InlinedVector<Piece, 2>& pieces() const { return pieces_; }

 private:
  absl::InlinedVector<Piece, 2> pieces_;
  Block* last_ = nullptr;
  uint64_t size_ = 0;
  uint64_t memory_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_BLOCK_CHAIN_H_
