#include "anteroom/context.h"

#include <algorithm>
#include <thread>

namespace anteroom {

Context::Clock::duration Context::Remaining() const {
  if (fields_.deadline == Clock::time_point::max()) return Clock::duration::max();
  return std::max(Clock::duration::zero(), fields_.deadline - Clock::now());
}

bool Context::SleepFor(Clock::duration duration) const {
  const Clock::time_point now = Clock::now();
  // A sum that would overflow means "as long as there is a deadline".
  const Clock::time_point end =
      duration < Clock::time_point::max() - now ? now + duration : Clock::time_point::max();
  const Clock::time_point until = std::min(end, fields_.deadline);
  if (fields_.cancellation == nullptr) {
    std::this_thread::sleep_until(until);
  } else {
    fields_.cancellation->WaitUntil(until);
  }
  return !Cancelled();
}

}  // namespace anteroom
