// Any bytes as an HTTP date: what is accepted can be written and read again.
#include <cstdint>

#include "frontend/http/http_date.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr time_t kNow = 1767225600;  // 1 January 2026
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<time_t> time = ParseHttpDate(text, kNow);
  if (!time) return 0;
  // One more than the last is the leap second at the end of the year 9999.
  FuzzCheck(*time >= kFirstHttpDate && *time <= kLastHttpDate + 1,
            "the date has a four-digit year");
  if (*time > kLastHttpDate) return 0;
  const std::string written = FormatHttpDate(*time);
  FuzzCheck(written.size() == kHttpDateSize, "the date has its fixed size");
  FuzzCheck(ParseHttpDate(written, kNow) == time, "the date reads as it was written");
  return 0;
}

}  // namespace anteroom::frontend
