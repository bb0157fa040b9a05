#include "frontend/http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::frontend {
namespace {

std::string Decoded(absl::string_view raw) {
  const absl::StatusOr<std::string> path = DecodePath(raw);
  return path.ok() ? *path : "refused: " + std::string(path.status().message());
}

TEST(DecodePath, DecodesOnce) {
  EXPECT_EQ(Decoded("/"), "/");
  EXPECT_EQ(Decoded("/a%20b%C3%a9"), "/a b\xc3\xa9");
  EXPECT_EQ(Decoded("/%2561"), "/%61");
  EXPECT_EQ(Decoded("/%252e%252e/a"), "/%2e%2e/a");
  EXPECT_EQ(Decoded("/%3f%23"), "/?#");
}

TEST(DecodePath, RemovesDotSegments) {
  EXPECT_EQ(Decoded("/a/./b"), "/a/b");
  EXPECT_EQ(Decoded("/a/../b"), "/b");
  EXPECT_EQ(Decoded("/a/b/../../c"), "/c");
  EXPECT_EQ(Decoded("/./a"), "/a");
  EXPECT_EQ(Decoded("/a/%2e%2E/b"), "/b");
  EXPECT_EQ(Decoded("/a/.%2e/b"), "/b");
  EXPECT_EQ(Decoded("/a/%2e/b"), "/a/b");
}

TEST(DecodePath, KeepsNamesThatBeginWithDots) {
  EXPECT_EQ(Decoded("/.a/..b/.../a."), "/.a/..b/.../a.");
}

TEST(DecodePath, KeepsATrailingSlash) {
  EXPECT_EQ(Decoded("/a/"), "/a/");
  EXPECT_EQ(Decoded("/a"), "/a");
  EXPECT_EQ(Decoded("/a/."), "/a/");
  EXPECT_EQ(Decoded("/a/b/.."), "/a/");
  EXPECT_EQ(Decoded("/a/.."), "/");
  EXPECT_EQ(Decoded("/."), "/");
}

TEST(DecodePath, KeepsEmptySegments) {
  EXPECT_EQ(Decoded("//a//b//"), "//a//b//");
  EXPECT_EQ(Decoded("/a//../b"), "/a/b");
}

TEST(DecodePath, RefusesToLeaveTheRoot) {
  for (const char* raw : {"/..", "/../", "/../a", "/a/../..", "/a/../../a", "/%2e%2e/a", "/./.."}) {
    EXPECT_EQ(Decoded(raw), "refused: the path leads above the root") << raw;
  }
}

TEST(DecodePath, RefusesEncodedSlashes) {
  EXPECT_FALSE(DecodePath("/a%2fb").ok());
  EXPECT_FALSE(DecodePath("/a%2Fb").ok());
  EXPECT_FALSE(DecodePath("/..%2f..%2fetc").ok());
}

TEST(DecodePath, RefusesBackslashes) {
  EXPECT_FALSE(DecodePath("/a\\b").ok());
  EXPECT_FALSE(DecodePath("/a%5cb").ok());
  EXPECT_FALSE(DecodePath("/..%5C..").ok());
}

TEST(DecodePath, RefusesControlBytes) {
  EXPECT_FALSE(DecodePath("/a%00").ok());
  EXPECT_FALSE(DecodePath("/a%0d%0ab").ok());
  EXPECT_FALSE(DecodePath("/a%1f").ok());
  EXPECT_FALSE(DecodePath("/a%7f").ok());
  EXPECT_FALSE(DecodePath(absl::string_view("/a\0b", 4)).ok());
}

TEST(DecodePath, RefusesBrokenEscapes) {
  for (const char* raw : {"/%", "/%4", "/%4g", "/%g4", "/%%41"}) {
    EXPECT_EQ(Decoded(raw), "refused: the path has a broken percent escape") << raw;
  }
}

TEST(DecodePath, RefusesWhatIsNoPath) {
  EXPECT_FALSE(DecodePath("").ok());
  EXPECT_FALSE(DecodePath("*").ok());
  EXPECT_FALSE(DecodePath("a/b").ok());
}

// Each ".." takes off one segment and not the whole path: quadratic time would take minutes here.
TEST(DecodePath, IsLinearInManyDotSegments) {
  std::string there_and_back = "/";
  std::string deep = "/";
  for (int i = 0; i < 1000000; ++i) there_and_back += "a/../";
  for (int i = 0; i < 1000000; ++i) deep += "a/";
  for (int i = 0; i < 1000000; ++i) deep += "../";
  EXPECT_EQ(Decoded(there_and_back), "/");
  EXPECT_EQ(Decoded(deep), "/");
}

TEST(PercentEncodedTest, IsUpperCaseHexOfTheByte) {
  std::string out = "a";
  AppendPercentEncoded(' ', &out);
  AppendPercentEncoded('\xff', &out);
  AppendPercentEncoded('\0', &out);
  EXPECT_EQ(out, "a%20%FF%00");
}

}  // namespace
}  // namespace anteroom::frontend
