#include "frontend/http/byte_class.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::frontend {
namespace {

// The word-wise scan must agree with the table for every byte at every place in and around a word.
TEST(SkipValueRun, StopsWhereTheTableSays) {
  for (const char around : {'a', ' ', '\t', '\x80', '\xff', '~'}) {
    for (int byte = 0; byte < 256; ++byte) {
      for (size_t at = 0; at < 20; ++at) {
        std::string text(20, around);
        text[at] = static_cast<char>(byte);
        const char* const end = text.data() + text.size();
        EXPECT_EQ(SkipValueRun(text.data(), end), SkipRun(text.data(), end, kValueByte))
            << byte << " at " << at;
      }
    }
  }
}

TEST(SkipRun, ReturnsTheEndOfARunWithoutStop) {
  const absl::string_view text = "abc";
  EXPECT_EQ(SkipRun(text.data(), text.data() + 3, kTokenByte), text.data() + 3);
  EXPECT_EQ(SkipRun(text.data(), text.data(), kTokenByte), text.data());
}

TEST(ByteClass, HasTheTokensOfTheRfc) {
  std::string tokens;
  for (int c = 0; c < 256; ++c) {
    if (IsByte(static_cast<char>(c), kTokenByte)) tokens += static_cast<char>(c);
  }
  EXPECT_EQ(tokens,
            "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
}

TEST(IsToken, NeedsAByte) {
  EXPECT_TRUE(IsToken("X-y_z"));
  EXPECT_FALSE(IsToken(""));
  EXPECT_FALSE(IsToken("a b"));
}

TEST(EqualsLower, FoldsLettersOnly) {
  EXPECT_TRUE(EqualsLower("HoSt", "host"));
  EXPECT_FALSE(EqualsLower("hos", "host"));
  EXPECT_FALSE(EqualsLower("@", "`"));  // these differ in the bit that letters differ in
  EXPECT_FALSE(EqualsLower("x\ry", "x-y"));
}

TEST(HexValue, KnowsAllDigits) {
  EXPECT_EQ(HexValue('0'), 0u);
  EXPECT_EQ(HexValue('9'), 9u);
  EXPECT_EQ(HexValue('a'), 10u);
  EXPECT_EQ(HexValue('F'), 15u);
}

}  // namespace
}  // namespace anteroom::frontend
