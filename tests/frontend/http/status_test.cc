#include "frontend/http/status.h"

#include <gtest/gtest.h>

namespace anteroom::frontend {
namespace {

TEST(ReasonPhrase, IsThatOfTheRegistry) {
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(413), "Content Too Large");
  EXPECT_EQ(ReasonPhrase(503), "Service Unavailable");
}

TEST(ReasonPhrase, IsEmptyForOtherCodes) {
  for (const int status : {-1, 0, 299, 306, 418, 499, 599, 1000}) {
    EXPECT_EQ(ReasonPhrase(status), "") << status;
  }
}

TEST(ReasonPhrase, HoldsNothingThatBreaksAStatusLineOrJson) {
  for (int status = 100; status < 600; ++status) {
    for (const char c : ReasonPhrase(status)) {
      EXPECT_TRUE(c == ' ' || c == '-' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
          << status;
    }
  }
}

TEST(StatusHasBody, IsFalseForThreeKindsOfStatus) {
  EXPECT_TRUE(StatusHasBody(200));
  EXPECT_TRUE(StatusHasBody(500));
  EXPECT_FALSE(StatusHasBody(100));
  EXPECT_FALSE(StatusHasBody(204));
  EXPECT_FALSE(StatusHasBody(304));
}

}  // namespace
}  // namespace anteroom::frontend
