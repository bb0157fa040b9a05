// Signals, taken synchronously by the main thread: no handler runs anywhere, so nothing has to be
// async-signal-safe.
//
// BlockSignals() comes first in main(), before any thread exists (threads inherit the mask; one
// that lacks it would be killed in our place). Then only one thread, the main one, calls
// WaitForSignal().
#ifndef ANTEROOM_COMMON_SIGNALS_H_
#define ANTEROOM_COMMON_SIGNALS_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "common/clock.h"

namespace anteroom {

enum class Signal {
  kTerminate,  // SIGTERM
  kQuit,       // SIGQUIT
  kInterrupt,  // SIGINT
  kHangUp,     // SIGHUP
  kUser1,      // SIGUSR1
  kWake,       // NotifySignalWait() was called (SIGUSR2)
};

absl::string_view SignalName(Signal signal);  // "TERM", ...

// Blocks the signals above in the calling thread and its future children, and ignores SIGPIPE: a
// peer that hung up is an error of one write, not the end of the process.
void BlockSignals();

// Waits until one of them arrives. Signals that come meanwhile are kept by the kernel, one of each
// kind.
Signal WaitForSignal();

// The same, but no longer than `timeout`; then nothing.
std::optional<Signal> WaitForSignal(Duration timeout);

// Makes WaitForSignal() return kWake: how the rest of the process tells the main thread that
// something happened (the drain is complete, a loop failed). From any thread.
void NotifySignalWait();

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_SIGNALS_H_
