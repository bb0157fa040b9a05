#include "frontend/static/byte_ranges.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using Verdict = SelectedRanges::Verdict;
constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// "whole", "none" (416), or the ranges as "offset+length ...".
std::string Select(absl::string_view field, uint64_t size) {
  const SelectedRanges selected = SelectRanges(field, size);
  switch (selected.verdict) {
    case Verdict::kWhole:
      return "whole";
    case Verdict::kNotSatisfiable:
      return "none";
    case Verdict::kRanges:
      break;
  }
  std::string text;
  for (const ByteRange& range : selected.ranges) {
    absl::StrAppend(&text, text.empty() ? "" : " ", range.offset, "+", range.length);
  }
  return text;
}

struct Case {
  const char* field;
  const char* expected;
  uint64_t size = 100;
};

constexpr Case kCases[] = {
    // One range (RFC 9110, section 14.1.2).
    {"bytes=0-0", "0+1"},
    {"bytes=0-99", "0+100"},
    {"bytes=99-99", "99+1"},
    {"bytes=10-19", "10+10"},
    {"bytes=10-", "10+90"},
    {"bytes=0-", "0+100"},
    {"bytes=90-100", "90+10"},
    {"bytes=90-99999999999999999999999999", "90+10"},
    {"bytes=-1", "99+1"},
    {"bytes=-100", "0+100"},
    {"bytes=-101", "0+100"},
    {"bytes=-99999999999999999999999999", "0+100"},
    {"bytes=007-008", "7+2"},
    {"BYTES=0-0", "0+1"},
    {"Bytes=0-0", "0+1"},
    // Not satisfiable.
    {"bytes=100-", "none"},
    {"bytes=100-200", "none"},
    {"bytes=18446744073709551615-", "none"},
    {"bytes=18446744073709551616-", "none"},
    {"bytes=99999999999999999999999-99999999999999999999999", "none"},
    {"bytes=18446744073709551616-18446744073709551617", "none"},
    {"bytes=0018446744073709551616-18446744073709551616", "none"},
    {"bytes=-0", "none"},
    {"bytes=-0,100-", "none"},
    {"bytes=-0,5-6", "5+2"},
    // Not valid, therefore ignored.
    {"", "whole"},
    {"bytes", "whole"},
    {"bytes=", "whole"},
    {"bytes=,", "whole"},
    {"bytes=-", "whole"},
    {"bytes=5", "whole"},
    {"bytes=5-4", "whole"},
    {"bytes=0-0,5-4", "whole"},
    {"bytes=a-b", "whole"},
    {"bytes=0-0x", "whole"},
    {"bytes=0x0-1", "whole"},
    {"bytes=+0-1", "whole"},
    {"bytes=0--1", "whole"},
    {"bytes=--1", "whole"},
    {"bytes=0-1-2", "whole"},
    {"bytes=0 -1", "whole"},
    {"bytes=0- 1", "whole"},
    {"bytes=0-1;2-3", "whole"},
    {"bytes=0-1 2-3", "whole"},
    {"bytes:0-1", "whole"},
    {"bytes 0-1", "whole"},
    {"bytes 0-1/100", "whole"},
    {"bytes =0-1", "whole"},
    {" bytes=0-1", "whole"},
    {"=0-1", "whole"},
    {"0-1", "whole"},
    {"bytes=0-1,bytes=2-3", "whole"},
    {"bytes=0-1,oops", "whole"},
    {"bytes=oops,0-1", "whole"},
    {"bytes=18446744073709551617-18446744073709551616", "whole"},
    {"bytes=100000000000000000000-99999999999999999999", "whole"},
    // Other units.
    {"lines=0-1", "whole"},
    {"byte=0-1", "whole"},
    {"bytess=0-1", "whole"},
    {"none=0-1", "whole"},
    // Lists.
    {"bytes=0-1,4-5", "0+2 4+2"},
    {"bytes=4-5,0-1", "4+2 0+2"},
    {"bytes=0-1 , 4-5", "0+2 4+2"},
    {"bytes= 0-1\t,\t4-5 ", "0+2 4+2"},
    {"bytes=,0-1,,4-5,", "0+2 4+2"},
    {"bytes=0-0,-1", "0+1 99+1"},
    {"bytes=0-1,200-300,4-5", "0+2 4+2"},
    {"bytes=200-300,0-1", "0+2"},
    // Coalesced: overlapping, adjoining, and where it stands then.
    {"bytes=0-4,3-9", "0+10"},
    {"bytes=3-9,0-4", "0+10"},
    {"bytes=0-4,5-9", "0+10"},
    {"bytes=5-9,0-4", "0+10"},
    {"bytes=0-4,6-9", "0+5 6+4"},
    {"bytes=0-0,0-0,0-0", "0+1"},
    {"bytes=0-9,2-3", "0+10"},
    {"bytes=2-3,0-9", "0+10"},
    {"bytes=0-,0-,0-", "0+100"},
    {"bytes=50-59,0-9,58-69", "50+20 0+10"},
    {"bytes=0-9,50-59,20-29,5-54", "0+60"},
    {"bytes=80-89,0-9,20-29,40-49,10-19", "80+10 0+30 40+10"},
    {"bytes=40-49,80-89,0-9,60-69,50-59", "40+30 80+10 0+10"},
    {"bytes=-10,80-95", "80+20"},
    // Empty and other files.
    {"bytes=0-", "none", 0},
    {"bytes=0-0", "none", 0},
    {"bytes=-0", "none", 0},
    {"bytes=-1", "whole", 0},
    {"bytes=-1,-2,0-", "whole", 0},
    {"bytes=5-4", "whole", 0},
    {"bytes=0-0", "0+1", 1},
    {"bytes=1-", "none", 1},
    {"bytes=-1", "0+1", 1},
    {"bytes=18446744073709551613-", "18446744073709551613+2", kMax},
    {"bytes=0-18446744073709551615", "0+18446744073709551615", kMax},
    {"bytes=0-0,-1", "0+1 18446744073709551614+1", kMax},
    {"bytes=1-,0-0", "0+18446744073709551615", kMax},
};

TEST(ByteRangesTest, FollowTheTable) {
  for (const Case& c : kCases) {
    EXPECT_EQ(Select(c.field, c.size), c.expected) << c.field << " of " << c.size;
  }
}

// `count` ranges of one byte, each `step` behind the one before.
std::string Many(size_t count, size_t step) {
  std::string field = "bytes=";
  for (size_t i = 0; i < count; ++i)
    absl::StrAppend(&field, i == 0 ? "" : ",", i * step, "-", i * step);
  return field;
}

TEST(ByteRangesTest, SixteenAreServedAndOneMoreIsNot) {
  EXPECT_EQ(SelectRanges(Many(16, 5), 1000).ranges.size(), 16u);
  EXPECT_EQ(Select(Many(17, 5), 1000), "whole");
}

TEST(ByteRangesTest, WhatIsListedCountsAlsoWhereItWouldBeCoalesced) {
  EXPECT_EQ(Select(Many(16, 1), 1000), "0+16");
  EXPECT_EQ(Select(Many(17, 1), 1000), "whole");
}

TEST(ByteRangesTest, LongFieldsAreCheap) {
  EXPECT_EQ(Select(absl::StrCat("bytes=", std::string(1'000'000, '9'), "-"), 100), "none");
  EXPECT_EQ(Select(absl::StrCat("bytes=", std::string(1'000'000, '0'), "-", "0"), 100), "0+1");
  EXPECT_EQ(Select(absl::StrCat("bytes=", std::string(1'000'000, ',')), 100), "whole");
  EXPECT_EQ(Select(Many(200'000, 1), 100), "whole");
}

TEST(ByteRangesTest, ContentRangeSaysWhatIsSentOfWhat) {
  EXPECT_EQ(ContentRange({10, 5}, 100), "bytes 10-14/100");
  EXPECT_EQ(ContentRange({kMax - 1, 1}, kMax),
            "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
  EXPECT_EQ(UnsatisfiedContentRange(0), "bytes */0");
  EXPECT_EQ(UnsatisfiedContentRange(100), "bytes */100");
}

}  // namespace
}  // namespace anteroom::frontend
