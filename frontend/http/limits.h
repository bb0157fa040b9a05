// How much of a request the parser takes before it gives up. Configured under `limits`;
// docs/CONFIG.md has the reasons.
#ifndef ANTEROOM_FRONTEND_HTTP_LIMITS_H_
#define ANTEROOM_FRONTEND_HTTP_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace anteroom::frontend {

// Sizes in bytes, numbers in fields. The sum of `target` and `head` must stay below 2 GiB: offsets
// into a head have 32 bits.
struct HttpLimits {
  size_t target = 16 * 1024;          // longer: 414
  size_t field = 8 * 1024;            // one field line, name to end of value; longer: 431
  size_t fields = 100;                // more: 431
  size_t head = 32 * 1024;            // all field lines together; larger: 431
  size_t trailers = 64;               // more: 431
  size_t trailer_section = 8 * 1024;  // larger: 431
  uint64_t body = 32 * 1024 * 1024;   // larger, announced or counted: 413
  // A field whose name has an underscore is 400 instead of left out.
  bool refuse_underscores = false;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_LIMITS_H_
