#include "frontend/dispatch/drain_rate.h"

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart = Time() + std::chrono::hours(1);

// `count` answers, `gap` apart; returns when the last one came.
Time Answer(DrainRate* rate, Time from, int count, Duration gap) {
  for (int i = 0; i < count; ++i, from += gap) rate->OnAnswer(from);
  return from - gap;
}

TEST(DrainRate, SaysFiveSecondsBeforeAnythingWasAnswered) {
  DrainRate rate;
  EXPECT_EQ(rate.SecondsFor(0, kStart), 5);
  EXPECT_EQ(rate.SecondsFor(1000, kStart), 5);
}

TEST(DrainRate, DividesTheQueueByTheRate) {
  DrainRate rate;
  const Time now = Answer(&rate, kStart, 300, milliseconds(10));  // 100 a second
  EXPECT_EQ(rate.SecondsFor(1000, now), 10);
  EXPECT_EQ(rate.SecondsFor(150, now), 2);
}

TEST(DrainRate, IsNeverBelowOneSecond) {
  DrainRate rate;
  const Time now = Answer(&rate, kStart, 300, milliseconds(10));
  EXPECT_EQ(rate.SecondsFor(0, now), 1);
  EXPECT_EQ(rate.SecondsFor(1, now), 1);
}

TEST(DrainRate, IsNeverAboveAMinute) {
  DrainRate rate;
  const Time now = Answer(&rate, kStart, 5, milliseconds(1000));
  EXPECT_EQ(rate.SecondsFor(100'000, now), 60);
}

TEST(DrainRate, ForgetsARateThatIsOld) {
  DrainRate rate;
  const Time now = Answer(&rate, kStart, 300, milliseconds(10));
  EXPECT_EQ(rate.SecondsFor(1000, now + seconds(11)), 5);
}

TEST(DrainRate, FollowsARateThatChanges) {
  DrainRate rate;
  Time now = Answer(&rate, kStart, 300, milliseconds(10));
  now = Answer(&rate, now + milliseconds(1), 6000, milliseconds(1));  // now 1000 a second
  EXPECT_EQ(rate.SecondsFor(5000, now), 6);
}

// Nobody asked, so nothing was answered: that says nothing of how fast a queue would drain.
TEST(DrainRate, AnIdleSpellIsNotASlowQueue) {
  DrainRate rate;
  Time now = Answer(&rate, kStart, 300, milliseconds(10));
  for (int i = 0; i < 5; ++i) {
    now += std::chrono::minutes(10);
    rate.OnAnswer(now);
  }
  EXPECT_EQ(rate.SecondsFor(1000, now), 10);
}

}  // namespace
}  // namespace anteroom::frontend
