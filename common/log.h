// The process log: human-readable lines on standard error, one an event, written by a thread of
// their own.
//
//   2026-01-01T00:00:00.000Z info  listening address=0.0.0.0:8080
//
// Everywhere else a line is a plain spdlog call with `key=value` after the message:
// spdlog::info("listening address={}", address). Such calls are safe from any thread and never
// block: when 8192 lines wait, the oldest is dropped and counted. Whatever bytes a message holds,
// it stays one line: control characters are written as \xNN.
#ifndef ANTEROOM_COMMON_LOG_H_
#define ANTEROOM_COMMON_LOG_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace anteroom {

// Whether `level` is one of trace, debug, info, warn, error.
bool IsLogLevel(absl::string_view level);

// Makes spdlog's default logger the one described above. From the main thread, after BlockSignals()
// (it starts a thread), before others log. `level` must be a log level.
void StartLog(absl::string_view level);

// From any thread, at any time.
void SetLogLevel(absl::string_view level);

// Lines dropped since StartLog().
uint64_t DroppedLogLines();

// Writes what waits and ends the thread; later lines are lost. A standard error that nobody reads
// delays this by at most a second. From the main thread, as the last thing before main() returns.
void StopLog();

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_LOG_H_
