#include "frontend/static/redirect_location.h"

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

TEST(RedirectLocationTest, AddsTheSlash) {
  EXPECT_EQ(DirectoryLocation("/docs", ""), "/docs/");
  EXPECT_EQ(DirectoryLocation("/a/b", ""), "/a/b/");
}

TEST(RedirectLocationTest, KeepsTheQuery) {
  EXPECT_EQ(DirectoryLocation("/docs", "a=1&b=/x"), "/docs/?a=1&b=/x");
}

TEST(RedirectLocationTest, KeepsTheEscapesOfTheClient) {
  EXPECT_EQ(DirectoryLocation("/gr%C3%BCn%20er", ""), "/gr%C3%BCn%20er/");
  EXPECT_EQ(DirectoryLocation("/what%3F", "x"), "/what%3F/?x");
}

TEST(RedirectLocationTest, NeverNamesAnotherHost) {
  for (const absl::string_view path :
       {"//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example",
        "\\\\evil.example", "/\\/\\evil.example", "evil.example"}) {
    EXPECT_EQ(DirectoryLocation(path, ""), "/evil.example/") << path;
  }
  EXPECT_EQ(DirectoryLocation("//", ""), "/");
  EXPECT_EQ(DirectoryLocation("", ""), "/");
}

TEST(RedirectLocationTest, NothingEndsTheFieldLine) {
  EXPECT_EQ(DirectoryLocation("/a\r\nSet-Cookie: x", ""), "/a%0D%0ASet-Cookie:%20x/");
  EXPECT_EQ(DirectoryLocation("/a", "b\nc"), "/a/?b%0Ac");
  EXPECT_EQ(DirectoryLocation(absl::string_view("/a\0b", 4), ""), "/a%00b/");
  EXPECT_EQ(DirectoryLocation("/\xc3\xbc", ""), "/%C3%BC/");
}

}  // namespace
}  // namespace anteroom::frontend
