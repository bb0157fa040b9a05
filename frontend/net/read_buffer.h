// What all connections of a loop read into, one at a time: an idle one owns no buffer.
#ifndef ANTEROOM_FRONTEND_NET_READ_BUFFER_H_
#define ANTEROOM_FRONTEND_NET_READ_BUFFER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "frontend/spool/block_chain.h"

namespace anteroom::frontend {

// Threading: loop thread only.
class ReadBuffer {
 public:
  static constexpr size_t kSize = Block::kLargest;

  // To be used until the connection returns to its loop.
  absl::Span<char> bytes() {
    if (block_ == nullptr) block_ = std::make_shared<Block>(kSize);
    return block_->room();
  }
  // Part of a body that takes most of the buffer is not copied out of it: it takes the buffer along,
  // and the loop gets another. Null if it is not there or not that large. `all_memory`: see Block.
  std::shared_ptr<Block> Give(absl::string_view part, std::atomic<uint64_t>* all_memory) {
    if (block_ == nullptr || part.size() < kSize / 4 * 3) return nullptr;
    const absl::Span<char> bytes = block_->room();
    if (part.data() < bytes.data() || part.data() >= bytes.data() + bytes.size()) return nullptr;
    block_->Become(part, all_memory);
    return std::move(block_);
  }

 private:
  std::shared_ptr<Block> block_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_READ_BUFFER_H_
