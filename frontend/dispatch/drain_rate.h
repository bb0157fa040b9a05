// How fast a queue drains: answers a second, over the last few seconds. Pure.
#ifndef ANTEROOM_FRONTEND_DISPATCH_DRAIN_RATE_H_
#define ANTEROOM_FRONTEND_DISPATCH_DRAIN_RATE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "common/clock.h"

namespace anteroom::frontend {

class DrainRate {
 public:
  void OnAnswer(Time now) {
    if (window_start_ == Time()) window_start_ = now;
    ++count_;
    const Duration elapsed = now - window_start_;
    if (elapsed < kWindow) return;
    if (elapsed > kStale) {
      // Nobody asked in between, which says nothing of how fast this can go.
      window_start_ = now;
      count_ = 1;
      return;
    }
    const double rate = count_ / ToSeconds(elapsed);
    per_second_ = per_second_ == 0 ? rate : (per_second_ + rate) / 2;
    window_start_ = now;
    count_ = 0;
  }

  // Seconds until `waiting` requests have been served, for Retry-After: at least 1, at most kMost;
  // kUnknown when nothing has been answered for a while.
  int SecondsFor(size_t waiting, Time now) const {
    if (per_second_ == 0 || now - window_start_ > kStale) return kUnknown;
    return static_cast<int>(
        std::clamp(std::ceil(static_cast<double>(waiting) / per_second_), 1.0, double{kMost}));
  }

 private:
  static constexpr Duration kWindow = std::chrono::seconds(1);
  static constexpr Duration kStale = std::chrono::seconds(10);
  static constexpr int kUnknown = 5;
  static constexpr int kMost = 60;

  Time window_start_{};
  double count_ = 0;
  double per_second_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_DRAIN_RATE_H_
