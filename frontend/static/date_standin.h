#pragma once
#include <ctime>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
namespace anteroom::frontend {
inline std::string FormatHttpDate(std::time_t t) {
  char b[64];
  std::tm tm;
  gmtime_r(&t, &tm);
  return std::string(b, strftime(b, sizeof b, "%a, %d %b %Y %H:%M:%S GMT", &tm));
}
inline std::optional<std::time_t> ParseHttpDate(absl::string_view s) {
  std::tm tm{};
  std::string z(s);
  const char* e = strptime(z.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!e || *e) return std::nullopt;
  return timegm(&tm);
}
}  // namespace anteroom::frontend
