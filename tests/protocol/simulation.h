// The real dispatcher and the real backend admission, joined by messages in simulated time:
// hundreds of both cost nothing. What it measures is the time a request waits (its latency without
// its own service time), beside an ideal central queue that sees the same arrivals.
#ifndef ANTEROOM_TESTS_PROTOCOL_SIMULATION_H_
#define ANTEROOM_TESTS_PROTOCOL_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "common/clock.h"

namespace anteroom {

struct SimulationOptions {
  int frontends = 1;
  int backends = 8;
  int threads = 2;    // a backend
  double load = 0.7;  // of all threads together
  int requests = 60'000;
  Duration one_way = std::chrono::microseconds(100);
  uint32_t seed = 1;
  // Draws one service time; `mean` is its mean.
  std::function<Duration(std::mt19937&)> service;
  Duration mean{};
};

struct SimulationResult {
  std::vector<double> waits_ms;        // sorted, of all requests
  std::vector<double> short_waits_ms;  // sorted, of those below the mean service time
  double messages_per_request = 0;
  int most_running = 0;  // on any one backend at any time
  int unanswered = 0;    // requests that never ended: a stall
  double Percentile(double p) const;
  double ShortPercentile(double p) const;
};

// 99 % take 10 ms and 1 % 500 ms.
void UseBimodalService(SimulationOptions* options);
// Exponential with a mean of 50 us.
void UseTinyService(SimulationOptions* options);

SimulationResult SimulateRejectAndGrant(const SimulationOptions& options);
SimulationResult SimulateCentralQueue(const SimulationOptions& options);

}  // namespace anteroom

#endif  // ANTEROOM_TESTS_PROTOCOL_SIMULATION_H_
