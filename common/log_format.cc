#include "common/log_format.h"

#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace anteroom {
namespace {

constexpr size_t kLevelWidth = 5;

void AppendOneLine(absl::string_view message, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else {
      out->append("\\x");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 0xF]);
    }
  }
}

}  // namespace

void AppendUtcMillis(std::chrono::system_clock::time_point time, std::string* out) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto whole = std::chrono::floor<std::chrono::seconds>(millis);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  absl::StrAppendFormat(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                        (millis - whole).count());
}

void AppendLogLine(std::chrono::system_clock::time_point time, absl::string_view level,
                   absl::string_view message, std::string* out) {
  AppendUtcMillis(time, out);
  absl::StrAppend(out, " ", level);
  if (level.size() < kLevelWidth) out->append(kLevelWidth - level.size(), ' ');
  out->push_back(' ');
  AppendOneLine(message, out);
  out->push_back('\n');
}

}  // namespace anteroom
