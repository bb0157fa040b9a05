#include "frontend/net/common_timeouts.h"

#include <sys/time.h>

#include "frontend/net/loop.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class CommonTimeoutsTest : public testing::Test {
 protected:
  Loop loop_;
  CommonTimeouts& timeouts_ = *loop_.common_timeouts();
};

TEST_F(CommonTimeoutsTest, FindsExactlyWhatWasAdded) {
  EXPECT_EQ(timeouts_.Find(seconds(60)), nullptr);
  timeouts_.Add(seconds(60));
  timeouts_.Add(seconds(10));
  EXPECT_NE(timeouts_.Find(seconds(60)), nullptr);
  EXPECT_NE(timeouts_.Find(seconds(10)), timeouts_.Find(seconds(60)));
  EXPECT_EQ(timeouts_.Find(seconds(60) + nanoseconds(1)), nullptr);
  EXPECT_EQ(timeouts_.Find(seconds(60) - nanoseconds(1)), nullptr);
}

TEST_F(CommonTimeoutsTest, AddingAgainTakesNoRoom) {
  timeouts_.Add(seconds(60));
  const timeval* const first = timeouts_.Find(seconds(60));
  for (int i = 0; i < 1000; ++i) timeouts_.Add(seconds(60));
  EXPECT_EQ(timeouts_.size(), 1U);
  EXPECT_EQ(timeouts_.Find(seconds(60)), first);
}

TEST_F(CommonTimeoutsTest, BeyondItsRoomDelaysAreNotCommon) {
  for (size_t i = 0; i < 2 * CommonTimeouts::kMost; ++i) timeouts_.Add(seconds(i));
  EXPECT_EQ(timeouts_.size(), CommonTimeouts::kMost);
  EXPECT_NE(timeouts_.Find(seconds(CommonTimeouts::kMost - 1)), nullptr);
  EXPECT_EQ(timeouts_.Find(seconds(CommonTimeouts::kMost)), nullptr);
}

TEST(ToTimevalTest, IsNeverLessThanTheDelay) {
  EXPECT_EQ(ToTimeval(seconds(2)).tv_sec, 2);
  EXPECT_EQ(ToTimeval(seconds(2)).tv_usec, 1);
  EXPECT_EQ(ToTimeval(nanoseconds(1999)).tv_usec, 2);
  EXPECT_EQ(ToTimeval(seconds(1) - microseconds(1)).tv_sec, 1);
  EXPECT_EQ(ToTimeval(seconds(-5)).tv_sec, 0);
  EXPECT_EQ(ToTimeval(seconds(-5)).tv_usec, 1);
}

}  // namespace
}  // namespace anteroom::frontend
