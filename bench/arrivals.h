// The schedule of an open-loop load: when each request is due, of which kind it is and which
// address gets it. Pure.
//
// Times and kinds depend on the seed, the rate and the weights alone, never on the number of
// addresses: two topologies that are given the same seed get the same work at the same moments.
#ifndef ANTEROOM_BENCH_ARRIVALS_H_
#define ANTEROOM_BENCH_ARRIVALS_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "common/clock.h"

namespace anteroom::bench {

enum class Spread { kRoundRobin, kRandom };

struct Arrival {
  Duration due{};   // since the start
  size_t kind = 0;  // index into the weights
  size_t address = 0;
};

class Arrivals {
 public:
  // `rate`: requests a second, above 0. `weights`: at least one, each above 0; they need not add up
  // to anything.
  Arrivals(uint64_t seed, double rate, std::vector<double> weights, size_t addresses,
           Spread spread);

  // Poisson: the gaps are independent and exponential.
  Arrival Next();

 private:
  double Uniform(std::mt19937_64* random) const;  // [0, 1)

  // std::exponential_distribution and its like differ between standard libraries; a seed should
  // mean the same everywhere, so the few lines are written out.
  std::mt19937_64 gaps_;
  std::mt19937_64 kinds_;
  std::mt19937_64 addresses_random_;
  const double rate_;
  const std::vector<double> weights_;
  double total_weight_ = 0;
  const size_t addresses_;
  const Spread spread_;
  double now_seconds_ = 0;
  size_t next_address_ = 0;
};

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_ARRIVALS_H_
