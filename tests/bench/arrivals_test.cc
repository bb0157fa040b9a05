#include "bench/arrivals.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <vector>

namespace anteroom::bench {
namespace {

constexpr int kMany = 100'000;

TEST(ArrivalsTest, SameSeedGivesTheSameWorkWhateverTheNumberOfAddresses) {
  Arrivals one(7, 400, {99, 1}, 1, Spread::kRandom);
  Arrivals many(7, 400, {99, 1}, 5, Spread::kRandom);
  for (int i = 0; i < kMany; ++i) {
    const Arrival a = one.Next();
    const Arrival b = many.Next();
    ASSERT_EQ(a.due, b.due);
    ASSERT_EQ(a.kind, b.kind);
  }
}

TEST(ArrivalsTest, AnotherSeedGivesOtherTimes) {
  EXPECT_NE(Arrivals(1, 400, {1}, 1, Spread::kRandom).Next().due,
            Arrivals(2, 400, {1}, 1, Spread::kRandom).Next().due);
}

TEST(ArrivalsTest, KeepsTheRateAndTheSpreadOfAPoissonProcess) {
  Arrivals arrivals(1, 1000, {1}, 1, Spread::kRoundRobin);
  Duration before{};
  double sum_of_squares = 0;
  for (int i = 0; i < kMany; ++i) {
    const Duration due = arrivals.Next().due;
    ASSERT_GE(due, before);
    const double gap = ToMillis(due - before);
    sum_of_squares += gap * gap;
    before = due;
  }
  EXPECT_NEAR(ToSeconds(before), kMany / 1000.0, 1.0);
  // Exponential gaps of 1 ms on average have a second moment of 2.
  EXPECT_NEAR(sum_of_squares / kMany, 2.0, 0.1);
}

TEST(ArrivalsTest, MixesKindsByWeight) {
  Arrivals arrivals(1, 1000, {99, 1}, 1, Spread::kRoundRobin);
  int rare = 0;
  for (int i = 0; i < kMany; ++i) rare += arrivals.Next().kind == 1 ? 1 : 0;
  EXPECT_NEAR(rare, kMany / 100.0, 150);
}

TEST(ArrivalsTest, RoundRobinTakesTheAddressesInTurn) {
  Arrivals arrivals(1, 1000, {1}, 3, Spread::kRoundRobin);
  std::vector<size_t> addresses;
  for (int i = 0; i < 6; ++i) addresses.push_back(arrivals.Next().address);
  EXPECT_EQ(addresses, (std::vector<size_t>{0, 1, 2, 0, 1, 2}));
}

TEST(ArrivalsTest, RandomSpreadReachesEveryAddress) {
  Arrivals arrivals(1, 1000, {1}, 4, Spread::kRandom);
  std::set<size_t> addresses;
  for (int i = 0; i < 100; ++i) addresses.insert(arrivals.Next().address);
  EXPECT_EQ(addresses, (std::set<size_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace anteroom::bench
