#include "frontend/http/method.h"

#include <gtest/gtest.h>

namespace anteroom::frontend {
namespace {

TEST(FindMethod, KnowsWhatMayBeSentAgain) {
  for (const char* name : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"}) {
    ASSERT_NE(FindMethod(name), nullptr) << name;
    EXPECT_TRUE(FindMethod(name)->idempotent) << name;
  }
  for (const char* name : {"POST", "PATCH", "LOCK"}) {
    ASSERT_NE(FindMethod(name), nullptr) << name;
    EXPECT_FALSE(FindMethod(name)->idempotent) << name;
  }
}

TEST(FindMethod, KnowsWhatIsSafe) {
  EXPECT_TRUE(FindMethod("GET")->safe);
  EXPECT_FALSE(FindMethod("DELETE")->safe);
}

TEST(FindMethod, ComparesWithCase) {
  EXPECT_EQ(FindMethod("get"), nullptr);
  EXPECT_EQ(FindMethod("Get"), nullptr);
}

TEST(FindMethod, DoesNotKnowWhatNoHandlerMaySee) {
  for (const char* name : {"CONNECT", "TRACE", "PRI", "", "GE", "GETT", "*"}) {
    EXPECT_EQ(FindMethod(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace anteroom::frontend
