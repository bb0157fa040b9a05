#include "frontend/spool/spool_quota.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

TEST(SpoolQuotaTest, TakesUpToItsBoundAndNoMore) {
  SpoolQuota quota(100, 2);
  EXPECT_TRUE(quota.TakeBytes(60, SpoolUse::kRequest));
  EXPECT_FALSE(quota.TakeBytes(41, SpoolUse::kRequest));
  EXPECT_TRUE(quota.TakeBytes(40, SpoolUse::kRequest));
  EXPECT_EQ(quota.bytes(), 100u);
  EXPECT_EQ(quota.refused.value(), 1u);
  quota.GiveBytes(60);
  EXPECT_TRUE(quota.TakeBytes(60, SpoolUse::kRequest));
  EXPECT_TRUE(quota.TakeFile(SpoolUse::kRequest));
  EXPECT_TRUE(quota.TakeFile(SpoolUse::kRequest));
  EXPECT_FALSE(quota.TakeFile(SpoolUse::kRequest));
  EXPECT_EQ(quota.files(), 2u);
}

TEST(SpoolQuotaTest, AnAmountThatOverflowsIsRefused) {
  SpoolQuota quota(100, 1);
  EXPECT_TRUE(quota.TakeBytes(1, SpoolUse::kRequest));
  EXPECT_FALSE(quota.TakeBytes(UINT64_MAX, SpoolUse::kRequest));
  EXPECT_EQ(quota.bytes(), 1u);
}

TEST(SpoolQuotaTest, ManyThreadsTogetherKeepTheBound) {
  SpoolQuota quota(1000, 10);
  std::vector<std::thread> threads;
  std::atomic<uint64_t> taken{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        if (quota.TakeBytes(7, SpoolUse::kRequest)) taken.fetch_add(7);
        EXPECT_LE(quota.bytes(), 1000u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.load(), 994u);
  EXPECT_EQ(quota.bytes(), 994u);
}

TEST(SpoolQuotaTest, KeepsTheLastQuarterForRequests) {
  SpoolQuota quota(100, 4);
  EXPECT_TRUE(quota.TakeBytes(75, SpoolUse::kAnswer));
  EXPECT_FALSE(quota.TakeBytes(1, SpoolUse::kAnswer));
  EXPECT_TRUE(quota.TakeBytes(25, SpoolUse::kRequest));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(quota.TakeFile(SpoolUse::kAnswer));
  EXPECT_FALSE(quota.TakeFile(SpoolUse::kAnswer));
  EXPECT_TRUE(quota.TakeFile(SpoolUse::kRequest));
}

TEST(SpoolQuotaTest, TakesOtherLimitsWhileItIsUsed) {
  SpoolQuota quota(100, 1);
  EXPECT_TRUE(quota.TakeBytes(80, SpoolUse::kRequest));
  quota.SetLimits(50, 1);
  EXPECT_FALSE(quota.TakeBytes(1, SpoolUse::kRequest));
  quota.GiveBytes(80);
  EXPECT_TRUE(quota.TakeBytes(50, SpoolUse::kRequest));
  quota.GiveBytes(50);
}

}  // namespace
}  // namespace anteroom::frontend
