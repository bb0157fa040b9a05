#include "frontend/http/accept_encoding.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/http/request_parser.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

std::string Text(CodingPreference preference) {
  std::string text;
  for (size_t i = 0; i < preference.size(); ++i) {
    absl::StrAppend(&text, text.empty() ? "" : " ", CodingName(preference.at(i)));
  }
  return text;
}

// The codings that go before identity, in their order, after these field lines.
std::string Preferred(const std::vector<std::string>& values) {
  AcceptEncoding accepted;
  for (const std::string& value : values) accepted.Add(value);
  return Text(accepted.Preference());
}

struct Case {
  const char* value;
  const char* preferred;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(Preferred({c.value}), c.preferred) << c.value;
}

TEST(AcceptEncodingTest, WithoutTheFieldNothingIsPreferred) { EXPECT_EQ(Preferred({}), ""); }

TEST(AcceptEncodingTest, WhatClientsSend) {
  Check({{"gzip, deflate, br, zstd", "br zstd gzip"},
         {"gzip, deflate, br", "br gzip"},
         {"gzip, deflate", "gzip"},
         {"deflate, gzip, br, zstd", "br zstd gzip"},
         {"gzip", "gzip"},
         {"identity", ""},
         {"identity;q=1, *;q=0", ""},
         {"gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "gzip"},
         {"", ""},
         {"*", "br zstd gzip"}});
}

TEST(AcceptEncodingTest, HigherWeightsGoFirstAndEqualOnesInOurOrder) {
  Check({{"gzip;q=1, br;q=0.9, zstd;q=0.95", "gzip zstd br"},
         {"gzip;q=0.5, br;q=0.5, zstd;q=0.501", "zstd br gzip"},
         {"gzip;q=0.001, br;q=0.002", "br gzip"},
         {"br;q=0.1, gzip", "gzip br"}});
}

TEST(AcceptEncodingTest, WeightOfZeroForbids) {
  Check({{"gzip;q=0", ""},
         {"gzip;q=0.000, br", "br"},
         {"br;q=0, *", "zstd gzip"},
         {"*;q=0", ""},
         {"*;q=0, gzip", "gzip"}});
}

TEST(AcceptEncodingTest, WhatWeighsLessThanIdentityIsLeftOut) {
  Check({{"identity, gzip;q=0.9", ""},
         {"identity;q=0.5, gzip;q=0.4, br;q=0.6", "br"},
         {"identity, gzip", "gzip"},
         {"identity;q=0.5, *;q=0.5", "br zstd gzip"}});
}

TEST(AcceptEncodingTest, ForbiddenIdentityPrefersWhatIsLeft) {
  Check({{"identity;q=0", ""},
         {"identity;q=0, gzip;q=0.1", "gzip"},
         {"identity;q=0, *;q=0.1, br;q=0", "zstd gzip"}});
}

TEST(AcceptEncodingTest, TheStarIsForWhatIsNotNamed) {
  Check({{"*;q=0.5, gzip;q=0.1", "br zstd gzip"},
         {"gzip;q=0.7, *;q=0.5", "gzip br zstd"},
         {"*;q=0.5, *;q=0", "br zstd gzip"}});
}

TEST(AcceptEncodingTest, NamesAreComparedWithoutCaseAndSpaceIsAllowedWhereTheGrammarHasIt) {
  Check({{"GZip", "gzip"},
         {"X-GZIP", "gzip"},
         {"BR;Q=0.5", "br"},
         {" gzip \t;\tq=0.5 ,br", "br gzip"},
         {",, gzip,,", "gzip"}});
}

TEST(AcceptEncodingTest, WhatIsNotValidIsIgnored) {
  Check({{"gzip;q=1.001", ""},     {"gzip;q=2", ""},
         {"gzip;q=-1", ""},        {"gzip;q=0.5555, br", "br"},
         {"gzip;q=.5", ""},        {"gzip;q=", ""},
         {"gzip;q", ""},           {"gzip;", ""},
         {"gzip;q = 1", ""},       {"gzip;q= 1", ""},
         {"gzip;level=9", ""},     {"gzip;q=1;x=2", ""},
         {"gzip;q=1a", ""},        {"gzip;q=0,5", ""},
         {"gzip;q=00", ""},        {"gzip br", ""},
         {"gzip/br", ""},          {";q=1", ""},
         {"gzip;q=\"1\"", ""},     {"gzipp, xbr", ""},
         {"br\x80, gzip", "gzip"}, {"gzip;q=x, gzip", "gzip"},
         {"gzip;q=1.000", "gzip"}, {"gzip;q=1.", "gzip"},
         {"gzip;q=0.", ""}});
}

TEST(AcceptEncodingTest, TheFirstOfTwoCounts) {
  Check({{"gzip;q=0, gzip", ""}, {"gzip, gzip;q=0", "gzip"}, {"x-gzip;q=0, gzip", ""}});
}

TEST(AcceptEncodingTest, SeveralLinesAreOneList) {
  EXPECT_EQ(Preferred({"gzip;q=0.5", "br", "zstd;q=0.7"}), "br zstd gzip");
  EXPECT_EQ(Preferred({"gzip", "gzip;q=0"}), "gzip");
  EXPECT_EQ(Preferred({"", "gzip", ""}), "gzip");
}

TEST(AcceptEncodingTest, MembersBeyondTheBoundAreIgnored) {
  const std::vector<std::string> unknown(AcceptEncoding::kMembers - 1, "x");
  EXPECT_EQ(Preferred({absl::StrJoin(unknown, ","), "gzip"}), "gzip");
  EXPECT_EQ(Preferred({absl::StrJoin(unknown, ","), "y", "gzip"}), "");
  EXPECT_EQ(Preferred({std::string(100'000, ','), "gzip"}), "gzip") << "empty ones are no members";
}

TEST(AcceptEncodingTest, AllLinesOfAHeadAreRead) {
  const HttpLimits limits;
  RequestParser parser(limits);
  size_t consumed = 0;
  ASSERT_EQ(
      parser.Parse("GET / HTTP/1.1\r\nHost: a\r\naccept-encoding: gzip;q=0.1\r\nAccept: br\r\n"
                   "ACCEPT-ENCODING: zstd\r\n\r\n",
                   &consumed),
      RequestParser::Event::kHead);
  EXPECT_EQ(Text(AcceptedCodings(parser.head())), "zstd gzip");
}

TEST(CodingPreferenceTest, OnlyOfKeepsTheOrder) {
  AcceptEncoding accepted;
  accepted.Add("gzip, br;q=0.5, zstd;q=0.7");
  CodingSet offered;
  EXPECT_TRUE(accepted.Preference().OnlyOf(offered).empty());
  offered.Add(ContentCoding::kBrotli);
  offered.Add(ContentCoding::kGzip);
  EXPECT_EQ(Text(accepted.Preference().OnlyOf(offered)), "gzip br");
}

TEST(CodingPreferenceTest, HoldsEachCodingOnceAndNeverIdentity) {
  CodingPreference preference;
  for (int i = 0; i < 2; ++i) {
    preference.Append(ContentCoding::kGzip);
    preference.Append(ContentCoding::kIdentity);
    preference.Append(ContentCoding::kBrotli);
    preference.Append(ContentCoding::kZstd);
  }
  EXPECT_EQ(Text(preference), "gzip br zstd");
  EXPECT_EQ(preference.at(CodingPreference::kMost), ContentCoding::kIdentity);
}

TEST(CodingSetTest, NeverHoldsIdentity) {
  CodingSet set;
  set.Add(ContentCoding::kIdentity);
  EXPECT_TRUE(set.empty());
  set.Add(ContentCoding::kZstd);
  CodingSet other;
  other.Add(ContentCoding::kGzip);
  const CodingSet both = set | other;
  EXPECT_TRUE(both.Has(ContentCoding::kZstd) && both.Has(ContentCoding::kGzip));
  EXPECT_FALSE(both.Has(ContentCoding::kBrotli));
}

}  // namespace
}  // namespace anteroom::frontend
