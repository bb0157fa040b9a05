// The trace that a request belongs to (W3C Trace Context, section 3.2).
#ifndef ANTEROOM_FRONTEND_HTTP_TRACEPARENT_H_
#define ANTEROOM_FRONTEND_HTTP_TRACEPARENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// 00-<trace id, 32 hex digits>-<parent id, 16>-<flags, 2>; lower case, no id all zeros, no version
// ff. Versions above 00 may go on behind that.
bool IsWellFormedTraceparent(absl::string_view value);

// Begins traces for requests that bring none. Unique, not secret. Not thread-safe: each loop has
// its own.
class TraceparentSource {
 public:
  static constexpr size_t kLength = 55;

  TraceparentSource();
  // Not sampled: that is for whoever records traces to decide.
  void Make(std::array<char, kLength>* out);

 private:
  std::mt19937_64 random_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_TRACEPARENT_H_
