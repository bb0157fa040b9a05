// The bytes that `/diag/bytes` answers with. Whoever receives them can tell from their position
// alone what they have to be. Pure.
#ifndef ANTEROOM_BACKEND_DIAG_PATTERN_H_
#define ANTEROOM_BACKEND_DIAG_PATTERN_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace anteroom::backend {

// `size` bytes beginning at `offset` of an endless sequence that never repeats within any body.
std::string PatternBytes(uint64_t offset, size_t size);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_DIAG_PATTERN_H_
