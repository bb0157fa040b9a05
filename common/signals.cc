#include "common/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace anteroom {
namespace {

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGQUIT, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
    sigaddset(&set, number);
  }
  return set;
}

Signal FromNumber(int number) {
  switch (number) {
    case SIGTERM:
      return Signal::kTerminate;
    case SIGQUIT:
      return Signal::kQuit;
    case SIGINT:
      return Signal::kInterrupt;
    case SIGHUP:
      return Signal::kHangUp;
    case SIGUSR1:
      return Signal::kUser1;
    case SIGUSR2:
      return Signal::kWake;
    default:
      std::abort();  // not in the set that was waited for
  }
}

}  // namespace

absl::string_view SignalName(Signal signal) {
  switch (signal) {
    case Signal::kTerminate:
      return "TERM";
    case Signal::kQuit:
      return "QUIT";
    case Signal::kInterrupt:
      return "INT";
    case Signal::kHangUp:
      return "HUP";
    case Signal::kUser1:
      return "USR1";
    case Signal::kWake:
      return "wake";
  }
  std::abort();
}

void BlockSignals() {
  const sigset_t set = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a write beyond a limit of the system is an error like others
}

Signal WaitForSignal() {
  const sigset_t set = HandledSignals();
  for (;;) {
    const int number = sigwaitinfo(&set, nullptr);
    if (number > 0) return FromNumber(number);
  }  // EINTR: a debugger, or the process was stopped and continued
}

std::optional<Signal> WaitForSignal(Duration timeout) {
  const sigset_t set = HandledSignals();
  const Time deadline = Now() + timeout;
  for (;;) {
    const Duration left = std::max(deadline - Now(), Duration::zero());
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    const timespec wait = {static_cast<time_t>(whole.count()),
                           static_cast<long>((left - whole).count())};
    const int number = sigtimedwait(&set, nullptr, &wait);
    if (number > 0) return FromNumber(number);
    if (errno == EAGAIN) return std::nullopt;
  }
}

void NotifySignalWait() { kill(getpid(), SIGUSR2); }

}  // namespace anteroom
