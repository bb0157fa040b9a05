#include "frontend/http/traceparent.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace anteroom::frontend {
namespace {

constexpr char kGood[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceparentTest, TakesWhatTheSpecificationShows) {
  EXPECT_TRUE(IsWellFormedTraceparent(kGood));
  // A later version may say more, behind a dash.
  EXPECT_TRUE(IsWellFormedTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  EXPECT_TRUE(IsWellFormedTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"));
}

TEST(TraceparentTest, RefusesEverythingElse) {
  const std::string good = kGood;
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(IsWellFormedTraceparent(good.substr(0, length))) << length;
  }
  // Any other character in any place, upper case too.
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'g', 'A', ' ', '\0', '_'}) {
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(IsWellFormedTraceparent(bad)) << bad;
    }
  }
  EXPECT_FALSE(IsWellFormedTraceparent(good + "-x"));
  EXPECT_FALSE(IsWellFormedTraceparent("cc" + good.substr(2) + "x"));
  EXPECT_FALSE(IsWellFormedTraceparent("ff" + good.substr(2)));
  EXPECT_FALSE(IsWellFormedTraceparent("00-" + std::string(32, '0') + good.substr(35)));
  EXPECT_FALSE(IsWellFormedTraceparent(good.substr(0, 36) + std::string(16, '0') + "-01"));
}

TEST(TraceparentTest, MakesWellFormedOnesThatDiffer) {
  TraceparentSource one;
  TraceparentSource other;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    for (TraceparentSource* source : {&one, &other}) {
      std::array<char, TraceparentSource::kLength> made{};
      source->Make(&made);
      const std::string text(made.data(), made.size());
      EXPECT_TRUE(IsWellFormedTraceparent(text)) << text;
      EXPECT_EQ(text.substr(53), "00");
      seen.insert(text.substr(3, 32));
    }
  }
  EXPECT_EQ(seen.size(), 2000u);
}

}  // namespace
}  // namespace anteroom::frontend
