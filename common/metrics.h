// Counters, gauges and histograms for hot paths. Each loop (or worker thread) has its own; a scrape
// sums them and hands the sums to metric_families.h. Nothing here allocates, locks, or knows
// Prometheus.
//
// Threads: every value may be read from any thread at any time; reads are relaxed, so two values
// read together need not belong to the same moment. Counter, Gauge and Histogram may be written
// from any thread. The SingleWriter... variants are written from one thread only: a load and a
// store instead of a locked instruction (1 ns instead of 5 to 20).
//
// False sharing: the primitives carry no padding. Group what one thread writes in one struct and
// give that struct alignas(64); then a loop's whole set of counters takes a handful of cache lines
// and shares none with another loop.
#ifndef ANTEROOM_COMMON_METRICS_H_
#define ANTEROOM_COMMON_METRICS_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/clock.h"

namespace anteroom {

// Never falls.
class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class SingleWriterCounter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

class SingleWriterGauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t n) { Set(value() + n); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Upper bounds of histogram buckets, ascending; the bucket above the last is implied. A
// namespace-scope constexpr, since histograms take it as a template argument:
//   inline constexpr auto kQueueSeconds = HistogramBounds(0.001, 0.01, 0.1, 1.0);
template <typename... T>
constexpr std::array<double, sizeof...(T)> HistogramBounds(T... bounds) {
  return {static_cast<double>(bounds)...};
}

// For latencies, in seconds: 0.5 ms to 10 min, what this software is made for, at 2 to 3 buckets a
// decade.
inline constexpr auto kLatencySeconds =
    HistogramBounds(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
                    30, 60, 300, 600);

// For bodies, in bytes: 256 B to 1 GiB by factors of 4 to 16.
inline constexpr auto kSizeBytes =
    HistogramBounds(256, 1024, 4096, 16384, 65536, 262144, 1048576, 8388608, 67108864, 1073741824);

// The sum of any number of histograms with the same bounds, at the time of a scrape.
struct HistogramTotals {
  std::vector<double> bounds;
  std::vector<uint64_t> counts;  // per bucket, not cumulative; one more than bounds
  double sum = 0;
};

namespace internal {

// `kBounds`: an array made by HistogramBounds. `kSingleWriter`: see above.
template <const auto& kBounds, bool kSingleWriter>
class BasicHistogram {
 public:
  static constexpr size_t kBuckets = kBounds.size() + 1;
  static_assert(kBuckets > 1);
  static_assert(std::is_sorted(kBounds.begin(), kBounds.end()));

  // In the unit of the bounds. A value equal to a bound belongs below it, as Prometheus' `le` says.
  void Observe(double value) {
    const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
    Increase(&counts_[static_cast<size_t>(bound - kBounds.begin())], uint64_t{1});
    Increase(&sum_, value);
  }
  // For bounds in seconds.
  void Observe(Duration duration) { Observe(ToSeconds(duration)); }

  // Adds what this histogram holds to `totals`, which is empty or has the same bounds.
  void AddTo(HistogramTotals* totals) const {
    totals->bounds.assign(kBounds.begin(), kBounds.end());
    totals->counts.resize(kBuckets);
    for (size_t i = 0; i < kBuckets; ++i) {
      totals->counts[i] += counts_[i].load(std::memory_order_relaxed);
    }
    totals->sum += sum_.load(std::memory_order_relaxed);
  }

 private:
  template <typename T>
  static void Increase(std::atomic<T>* value, T by) {
    if constexpr (kSingleWriter) {
      value->store(value->load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    } else {
      value->fetch_add(by, std::memory_order_relaxed);
    }
  }

  std::array<std::atomic<uint64_t>, kBuckets> counts_{};
  std::atomic<double> sum_{0};
};

}  // namespace internal

template <const auto& kBounds>
using Histogram = internal::BasicHistogram<kBounds, /*kSingleWriter=*/false>;

template <const auto& kBounds>
using SingleWriterHistogram = internal::BasicHistogram<kBounds, /*kSingleWriter=*/true>;

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_METRICS_H_
