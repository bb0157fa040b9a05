// What is counted for each handler.
#ifndef ANTEROOM_BACKEND_SRC_ROUTE_METRICS_H_
#define ANTEROOM_BACKEND_SRC_ROUTE_METRICS_H_

#include <array>

#include "common/metrics.h"

namespace anteroom::backend {

// From microseconds, where the thread pool's own cost shows, to the ten minutes of the longest
// handlers.
inline constexpr auto kHandlerSeconds =
    HistogramBounds(0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                    0.5, 1, 2.5, 5, 10, 30, 60, 300, 600);

// Threading: updated by any thread with relaxed atomics, read at a scrape.
struct RouteMetrics {
  std::array<Counter, 6> by_class;  // [status / 100]
  Histogram<kHandlerSeconds> duration;
  Counter exceptions;

  void Observe(int status, Duration run) {
    by_class[static_cast<size_t>(status >= 100 && status <= 599 ? status / 100 : 0)].Add();
    duration.Observe(run);
  }
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_ROUTE_METRICS_H_
