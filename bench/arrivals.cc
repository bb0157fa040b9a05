#include "bench/arrivals.h"

#include <chrono>
#include <cmath>
#include <utility>

namespace anteroom::bench {

Arrivals::Arrivals(uint64_t seed, double rate, std::vector<double> weights, size_t addresses,
                   Spread spread)
    : gaps_(3 * seed),
      kinds_(3 * seed + 1),
      addresses_random_(3 * seed + 2),
      rate_(rate),
      weights_(std::move(weights)),
      addresses_(addresses),
      spread_(spread) {
  for (const double weight : weights_) total_weight_ += weight;
}

double Arrivals::Uniform(std::mt19937_64* random) const {
  return static_cast<double>((*random)() >> 11) * 0x1p-53;
}

Arrival Arrivals::Next() {
  now_seconds_ += -std::log1p(-Uniform(&gaps_)) / rate_;
  Arrival arrival;
  arrival.due = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(now_seconds_));

  double left = Uniform(&kinds_) * total_weight_;
  while (arrival.kind + 1 < weights_.size() && left >= weights_[arrival.kind]) {
    left -= weights_[arrival.kind];
    ++arrival.kind;
  }
  switch (spread_) {
    case Spread::kRoundRobin:
      arrival.address = next_address_++ % addresses_;
      break;
    case Spread::kRandom:
      arrival.address = addresses_random_() % addresses_;
      break;
  }
  return arrival;
}

}  // namespace anteroom::bench
