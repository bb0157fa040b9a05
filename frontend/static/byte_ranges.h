// Range in bytes (RFC 9110, section 14): which parts of a file a request asks for. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_BYTE_RANGES_H_
#define ANTEROOM_FRONTEND_STATIC_BYTE_RANGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// [offset, offset + length) of a file, in bytes.
struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

// The most ranges of one request. A field that lists more is ignored: nobody who wants parts of a
// file wants that many, and each costs a part of its own.
inline constexpr size_t kMostByteRanges = 16;

struct SelectedRanges {
  enum class Verdict {
    kWhole,           // the field is to be ignored: send all
    kRanges,          // send `ranges`
    kNotSatisfiable,  // 416: all of them begin behind the end
  };
  Verdict verdict = Verdict::kWhole;
  // Each in bounds and not empty. No two overlap or adjoin; in the order of the request, one that
  // was put together of several where the first of these stood (section 15.3.7.2).
  std::vector<ByteRange> ranges;
};

// The value of Range for a file of `size` bytes. Ignored is what has another unit than bytes, is
// not valid in any member, or lists more than kMostByteRanges; numbers may be of any length. Space
// around members is allowed, also before the first. Of an empty file there is nothing to range
// over: a suffix of it is all of it, any other range not satisfiable.
SelectedRanges SelectRanges(absl::string_view field, uint64_t size);

// The value of Content-Range for a part of a file of `size` bytes...
std::string ContentRange(const ByteRange& range, uint64_t size);
// ...and for a 416.
std::string UnsatisfiedContentRange(uint64_t size);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_BYTE_RANGES_H_
