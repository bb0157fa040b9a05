// Where a fuzz target splits its input: at places that depend on nothing but the input, so that a
// finding can be replayed.
#ifndef ANTEROOM_TESTS_FUZZ_CUTS_H_
#define ANTEROOM_TESTS_FUZZ_CUTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace anteroom {

// Ascending offsets inside `bytes`, 40 bytes apart at most (xorshift64).
inline std::vector<size_t> SomeCuts(absl::string_view bytes) {
  uint64_t state = 0x9e3779b97f4a7c15 ^ bytes.size();
  for (const char c : bytes.substr(0, 64)) state = state * 31 + static_cast<uint8_t>(c);
  state |= 1;
  std::vector<size_t> cuts;
  size_t at = 0;
  while (true) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    at += state % 40;
    if (at >= bytes.size()) return cuts;
    cuts.push_back(at);
  }
}

}  // namespace anteroom

#endif  // ANTEROOM_TESTS_FUZZ_CUTS_H_
