#include "bench/stall_watch.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>

namespace anteroom::bench {
namespace {

using std::chrono::milliseconds;

TEST(StallWatchTest, StallsComeInOrderAndDoNotOverlap) {
  StallWatch watch(Duration(1));  // no thread wakes within a nanosecond: everything is a stall
  const Time end = Now() + milliseconds(20);
  while (Now() < end) sched_yield();
  const std::vector<Stall> stalls = watch.Stop();
  ASSERT_FALSE(stalls.empty());
  for (size_t i = 0; i < stalls.size(); ++i) {
    EXPECT_LT(stalls[i].begin, stalls[i].end);
    if (i > 0) {
      EXPECT_LE(stalls[i - 1].end, stalls[i].begin);
    }
  }
}

TEST(StallWatchTest, WithoutStallsNothingIsDisturbed) {
  StallWatch watch(std::chrono::hours(1));
  EXPECT_TRUE(watch.Stop().empty());
  EXPECT_FALSE(Stalled({}, Now(), Now() + milliseconds(1)));
}

}  // namespace
}  // namespace anteroom::bench
