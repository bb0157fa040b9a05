#include "frontend/spool/block_chain.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace anteroom::frontend {
namespace {

// The smallest block, for a body of unknown or tiny length; and the most that is taken ahead for the
// first bytes.
constexpr uint64_t kSmallest = 512;
constexpr uint64_t kFirst = 16 * 1024;

}  // namespace

Block::Block(size_t capacity, std::atomic<uint64_t>* all_memory)
    : capacity_(capacity), all_memory_(all_memory), data_(new char[capacity]) {
  if (all_memory_ != nullptr) all_memory_->fetch_add(capacity_, std::memory_order_relaxed);
}

Block::~Block() {
  if (all_memory_ != nullptr) all_memory_->fetch_sub(capacity_, std::memory_order_relaxed);
}

size_t Block::Append(absl::string_view bytes) {
  const absl::Span<char> to = room();
  const size_t size = std::min(bytes.size(), to.size());
  if (to.data() != bytes.data()) memcpy(to.data(), bytes.data(), size);
  size_ += size;
  return size;
}

void Block::Become(absl::string_view part, std::atomic<uint64_t>* all_memory) {
  begin_ = static_cast<size_t>(part.data() - data_.get());
  size_ = part.size();
  all_memory_ = all_memory;
  if (all_memory_ != nullptr) all_memory_->fetch_add(capacity_, std::memory_order_relaxed);
}

void BlockChain::AddBlock(uint64_t capacity, std::atomic<uint64_t>* all_memory) {
  auto block = std::make_shared<Block>(std::clamp<uint64_t>(capacity, kSmallest, Block::kLargest),
                                       all_memory);
  last_ = block.get();
  memory_ += block->capacity();
  pieces_.push_back({std::move(block), size_});
}

void BlockChain::Append(std::shared_ptr<Block> block) {
  last_ = block.get();
  memory_ += block->capacity();
  pieces_.push_back({std::move(block), size_});
  size_ += last_->size();
}

absl::Span<char> BlockChain::Room(uint64_t most, uint64_t before,
                                  std::atomic<uint64_t>* all_memory) {
  if (full()) AddBlock(std::min(most, std::max(before + size_, kFirst)), all_memory);
  return last_->room().subspan(0, most);
}

void BlockChain::Append(absl::string_view bytes, uint64_t expected,
                        std::atomic<uint64_t>* all_memory) {
  while (!bytes.empty()) {
    if (full()) {
      uint64_t capacity = std::max({size_, kFirst, uint64_t{bytes.size()}});
      if (expected > size_) {
        capacity = std::min(capacity, std::max(expected - size_, uint64_t{bytes.size()}));
      }
      AddBlock(capacity, all_memory);
    }
    const size_t taken = last_->Append(bytes);
    size_ += taken;
    bytes.remove_prefix(taken);
  }
}

const BlockChain::Piece& BlockChain::At(uint64_t offset) const {
  const auto after =
      std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                       [](uint64_t wanted, const Piece& piece) { return wanted < piece.begin; });
  return *(after - 1);
}

}  // namespace anteroom::frontend
