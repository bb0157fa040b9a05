#include "common/metrics.h"

#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

inline constexpr auto kBounds = HistogramBounds(1, 10, 100);

TEST(CounterTest, AddsFromManyThreads) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int n = 0; n < 1000; ++n) counter.Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000u);
}

TEST(SingleWriterCounterTest, IsReadWhileItIsWritten) {
  SingleWriterCounter counter;
  std::thread writer([&counter] {
    for (int n = 0; n < 1000; ++n) counter.Add(2);
  });
  uint64_t last = 0;
  while (last < 2000) {
    const uint64_t now = counter.value();
    EXPECT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(counter.value(), 2000u);
}

TEST(GaugeTest, RisesAndFalls) {
  Gauge gauge;
  gauge.Add(5);
  gauge.Add(-7);
  EXPECT_EQ(gauge.value(), -2);
  gauge.Set(9);
  EXPECT_EQ(gauge.value(), 9);

  SingleWriterGauge single;
  single.Add(3);
  single.Add(-1);
  EXPECT_EQ(single.value(), 2);
  single.Set(0);
  EXPECT_EQ(single.value(), 0);
}

TEST(HistogramTest, PutsAValueEqualToABoundBelowIt) {
  SingleWriterHistogram<kBounds> histogram;
  for (const double value : {0.0, 1.0, 1.5, 10.0, 100.0, 100.5, 1e9}) histogram.Observe(value);
  HistogramTotals totals;
  histogram.AddTo(&totals);
  EXPECT_THAT(totals.bounds, ElementsAre(1, 10, 100));
  EXPECT_THAT(totals.counts, ElementsAre(2, 2, 1, 2));
  EXPECT_DOUBLE_EQ(totals.sum, 1e9 + 213);
}

TEST(HistogramTest, ObservesDurationsInSeconds) {
  SingleWriterHistogram<kLatencySeconds> histogram;
  histogram.Observe(milliseconds(250));
  HistogramTotals totals;
  histogram.AddTo(&totals);
  EXPECT_DOUBLE_EQ(totals.sum, 0.25);
}

TEST(HistogramTest, SumsSeveralInstances) {
  SingleWriterHistogram<kBounds> loops[2];
  loops[0].Observe(5);
  loops[1].Observe(5);
  loops[1].Observe(500);
  HistogramTotals totals;
  for (const auto& loop : loops) loop.AddTo(&totals);
  EXPECT_THAT(totals.counts, ElementsAre(0, 2, 0, 1));
  EXPECT_DOUBLE_EQ(totals.sum, 510);
}

TEST(HistogramTest, ObservesFromManyThreads) {
  Histogram<kBounds> histogram;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&histogram] {
      for (int n = 0; n < 1000; ++n) histogram.Observe(2);
    });
  }
  for (std::thread& thread : threads) thread.join();
  HistogramTotals totals;
  histogram.AddTo(&totals);
  EXPECT_THAT(totals.counts, ElementsAre(0, 4000, 0, 0));
  EXPECT_DOUBLE_EQ(totals.sum, 8000);
}

}  // namespace
}  // namespace anteroom
