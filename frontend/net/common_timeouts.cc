#include "frontend/net/common_timeouts.h"

#include <event2/event.h>
#include <sys/time.h>

#include <algorithm>

namespace anteroom::frontend {

timeval ToTimeval(Duration delay) {
  const int64_t micros = ToMicros(std::max(delay, Duration::zero())) + 1;
  return {static_cast<time_t>(micros / 1'000'000), static_cast<suseconds_t>(micros % 1'000'000)};
}

void CommonTimeouts::Add(Duration delay) {
  if (known_.size() == kMost || Find(delay) != nullptr) return;
  const timeval tv = ToTimeval(delay);
  // Null only without memory; the heap takes any delay.
  if (const timeval* common = event_base_init_common_timeout(base_, &tv))
    known_.emplace_back(delay, common);
}

const timeval* CommonTimeouts::Find(Duration delay) const {
  // A few entries, and not on the path of every request: timers are seldom scheduled.
  for (const auto& [known, common] : known_) {
    if (known == delay) return common;
  }
  return nullptr;
}

}  // namespace anteroom::frontend
