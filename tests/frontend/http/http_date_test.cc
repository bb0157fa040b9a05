#include "frontend/http/http_date.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::frontend {
namespace {

constexpr time_t kExample = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT, the example of the RFC
constexpr time_t kNow = 1767225600;     // Thu, 01 Jan 2026 00:00:00 GMT

std::optional<time_t> Parse(absl::string_view text) { return ParseHttpDate(text, kNow); }

TEST(FormatHttpDate, WritesTheExampleOfTheRfc) {
  EXPECT_EQ(FormatHttpDate(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(FormatHttpDate, KnowsTheCalendar) {
  EXPECT_EQ(FormatHttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(FormatHttpDate(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(951868800), "Wed, 01 Mar 2000 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(kNow), "Thu, 01 Jan 2026 00:00:00 GMT");
}

TEST(FormatHttpDate, StaysInTheYearsThatTheFormatHas) {
  EXPECT_EQ(FormatHttpDate(kFirstHttpDate), "Mon, 01 Jan 0001 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(kFirstHttpDate - 1), "Mon, 01 Jan 0001 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(kLastHttpDate), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(FormatHttpDate(kLastHttpDate + 1), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(FormatHttpDate, AgreesWithTheCLibrary) {
  for (time_t time = -100000000000; time < 250000000000; time += 1234567891) {
    struct tm tm {};
    ASSERT_NE(gmtime_r(&time, &tm), nullptr);
    if (tm.tm_year + 1900 < 1) continue;
    char expected[64];
    // %Y has no leading zeros in glibc.
    ASSERT_NE(strftime(expected, sizeof(expected), "%a, %d %b ", &tm), 0u);
    std::string year = std::to_string(tm.tm_year + 1900);
    year.insert(0, 4 - year.size(), '0');
    std::string text = expected + year;
    ASSERT_NE(strftime(expected, sizeof(expected), " %H:%M:%S GMT", &tm), 0u);
    EXPECT_EQ(FormatHttpDate(time), text + expected);
  }
}

TEST(ParseHttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(Parse("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(Parse("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(Parse("Sun Nov  6 08:49:37 1994"), kExample);
  EXPECT_EQ(Parse("Wed Nov 16 08:49:37 1994"), kExample + 10 * 86400);
}

TEST(ParseHttpDate, ReadsWhatItWrites) {
  for (time_t time = kFirstHttpDate; time < kLastHttpDate; time += 987654321) {
    ASSERT_EQ(Parse(FormatHttpDate(time)), time);
  }
}

TEST(ParseHttpDate, PutsTwoDigitYearsWithinFiftyYears) {
  EXPECT_EQ(Parse("Thursday, 01-Jan-76 00:00:00 GMT"), 3345062400);  // 2076
  EXPECT_EQ(Parse("Saturday, 01-Jan-77 00:00:00 GMT"), 220924800);   // 1977
  EXPECT_EQ(Parse("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(Parse("Thursday, 01-Jan-26 00:00:00 GMT"), kNow);
}

TEST(ParseHttpDate, TakesALeapSecondForTheNext) {
  EXPECT_EQ(Parse("Sat, 31 Dec 2016 23:59:60 GMT"), Parse("Sun, 01 Jan 2017 00:00:00 GMT"));
}

TEST(ParseHttpDate, IsStrictAboutTheCalendar) {
  for (const char* text : {"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 1900 08:49:37 GMT", "Sun, 30 Feb 2000 08:49:37 GMT",
                           "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT"}) {
    EXPECT_EQ(Parse(text), std::nullopt) << text;
  }
  EXPECT_TRUE(Parse("Tue, 29 Feb 2000 00:00:00 GMT"));
}

TEST(ParseHttpDate, IsStrictAboutTheForm) {
  for (const char* text : {"",
                           " ",
                           "Sun",
                           "Sun,",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 gmt",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun,06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Xyz, 06 Nov 1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov 06 08:49:37 94",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "784111777",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sunday Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(Parse(text), std::nullopt) << text;
  }
}

TEST(DateCache, FormatsOnceASecond) {
  DateCache cache;
  EXPECT_EQ(cache.Get(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  const char* const text = cache.Get(kExample).data();
  EXPECT_EQ(cache.Get(kExample).data(), text);
  EXPECT_EQ(cache.Get(kExample + 1), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(cache.Get(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(DateCache, KnowsTheEpoch) {
  DateCache cache;
  EXPECT_EQ(cache.Get(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace anteroom::frontend
