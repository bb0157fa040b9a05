#include "anteroom/body_reader.h"

#include <algorithm>

namespace anteroom {

absl::StatusOr<size_t> StringBodyReader::Read(absl::Span<char> buffer) {
  const size_t size = std::min({buffer.size(), most_at_once_, body_.size() - read_});
  std::copy_n(body_.data() + read_, size, buffer.data());
  read_ += size;
  return size;
}

}  // namespace anteroom
