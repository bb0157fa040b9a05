// The shape of one line of the process log. Pure.
#ifndef ANTEROOM_COMMON_LOG_FORMAT_H_
#define ANTEROOM_COMMON_LOG_FORMAT_H_

#include <chrono>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom {

// Appends "2026-01-01T00:00:00.000Z" (UTC, RFC 3339).
void AppendUtcMillis(std::chrono::system_clock::time_point time, std::string* out);

// Appends time, padded level, message and a newline; control characters of the message become \xNN,
// a newline \n, a backslash stays as it is (the log is for people, who want to see paths and
// patterns as written).
void AppendLogLine(std::chrono::system_clock::time_point time, absl::string_view level,
                   absl::string_view message, std::string* out);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_LOG_FORMAT_H_
