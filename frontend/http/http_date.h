// Dates of HTTP (RFC 9110, section 5.6.7). Seconds since 1970, UTC; locale and time zone of the
// process don't matter.
#ifndef ANTEROOM_FRONTEND_HTTP_HTTP_DATE_H_
#define ANTEROOM_FRONTEND_HTTP_HTTP_DATE_H_

#include <cstddef>
#include <ctime>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

inline constexpr size_t kHttpDateSize = 29;

// Outside these the format has no four-digit year; FormatHttpDate() takes the nearest that has.
inline constexpr time_t kFirstHttpDate = -62135596800;  // 1 January 0001
inline constexpr time_t kLastHttpDate = 253402300799;   // 31 December 9999

// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(time_t time);

// All three forms: IMF-fixdate, RFC 850 and asctime. Case-sensitive, without space around it. The
// name of the day must be one, but not the right one. The two-digit year of RFC 850 is the last one
// that is not more than 50 years after `now`. A leap second counts as the second after it. Nothing
// for all else: such a date is to be ignored.
std::optional<time_t> ParseHttpDate(absl::string_view text, time_t now);

// The value of Date. Formats once a second, however often it is asked. Not thread-safe: one for
// each loop.
class DateCache {
 public:
  // Valid until the next call.
  absl::string_view Get(time_t now);

 private:
  time_t second_ = 0;
  std::string text_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_HTTP_DATE_H_
