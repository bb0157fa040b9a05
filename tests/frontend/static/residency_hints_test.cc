#include "frontend/static/residency_hints.h"

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

constexpr uint64_t kWindow = ResidencyHints::kWindow;
constexpr Time kNow{std::chrono::hours(1)};

TEST(ResidencyHintsTest, BelievesWhatWasSeenForAWhile) {
  ResidencyHints hints;
  EXPECT_FALSE(hints.SeenLately(0, kNow));
  hints.Saw(0, kWindow, 10 * kWindow, kNow);
  EXPECT_TRUE(hints.SeenLately(0, kNow));
  EXPECT_TRUE(hints.SeenLately(kWindow - 1, kNow));
  EXPECT_FALSE(hints.SeenLately(kWindow, kNow));
  EXPECT_TRUE(hints.SeenLately(0, kNow + ResidencyHints::kBelieved - std::chrono::nanoseconds(1)));
  EXPECT_FALSE(hints.SeenLately(0, kNow + ResidencyHints::kBelieved));
}

TEST(ResidencyHintsTest, CountsWholeWindowsOnly) {
  ResidencyHints hints;
  hints.Saw(1, kWindow, 10 * kWindow, kNow);
  EXPECT_FALSE(hints.SeenLately(1, kNow));
  hints.Saw(0, kWindow - 1, 10 * kWindow, kNow);
  EXPECT_FALSE(hints.SeenLately(0, kNow));
  hints.Saw(kWindow / 2, 3 * kWindow + 5, 10 * kWindow, kNow);
  EXPECT_FALSE(hints.SeenLately(0, kNow));
  EXPECT_TRUE(hints.SeenLately(kWindow, kNow));
  EXPECT_TRUE(hints.SeenLately(2 * kWindow, kNow));
  EXPECT_FALSE(hints.SeenLately(3 * kWindow, kNow));
}

TEST(ResidencyHintsTest, LastWindowEndsWithTheFile) {
  ResidencyHints hints;
  hints.Saw(kWindow, kWindow + 5, kWindow + 5, kNow);
  EXPECT_TRUE(hints.SeenLately(kWindow + 4, kNow));
  EXPECT_FALSE(hints.SeenLately(0, kNow));
}

TEST(ResidencyHintsTest, MemoryIsBoundedForHugeFiles) {
  ResidencyHints hints;
  const uint64_t far = ResidencyHints::kWindows * kWindow;
  hints.Saw(far, far + kWindow, uint64_t{1} << 50, kNow);
  EXPECT_FALSE(hints.SeenLately(far, kNow));
  hints.Saw(far - kWindow, far + kWindow, uint64_t{1} << 50, kNow);
  EXPECT_TRUE(hints.SeenLately(far - 1, kNow));
  EXPECT_FALSE(hints.SeenLately(far, kNow));
  EXPECT_FALSE(hints.SeenLately(~uint64_t{0}, kNow));
}

TEST(ResidencyHintsTest, WindowEndIsTheNextMultiple) {
  EXPECT_EQ(ResidencyHints::WindowEnd(0), kWindow);
  EXPECT_EQ(ResidencyHints::WindowEnd(kWindow - 1), kWindow);
  EXPECT_EQ(ResidencyHints::WindowEnd(kWindow), 2 * kWindow);
}

}  // namespace
}  // namespace anteroom::frontend
