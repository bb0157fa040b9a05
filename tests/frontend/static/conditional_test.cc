#include "frontend/static/conditional.h"

#include <ctime>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kEtag = "\"abc-1\"";
constexpr std::time_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

struct Case {
  const char* name;
  const char* if_none_match;      // null: absent
  const char* if_modified_since;  // null: absent
  ConditionalVerdict verdict;
};

constexpr std::time_t kNow = 1700000000;  // November 2023

constexpr auto kSend = ConditionalVerdict::kSend;
constexpr auto kNotModified = ConditionalVerdict::kNotModified;

constexpr Case kCases[] = {
    {"no conditions", nullptr, nullptr, kSend},
    // If-None-Match (RFC 9110, section 13.1.2).
    {"same tag", "\"abc-1\"", nullptr, kNotModified},
    {"weak form of the same tag", "W/\"abc-1\"", nullptr, kNotModified},
    {"other tag", "\"abc-2\"", nullptr, kSend},
    {"prefix of the tag", "\"abc\"", nullptr, kSend},
    {"tag with a prefix", "\"xabc-1\"", nullptr, kSend},
    {"other case", "\"ABC-1\"", nullptr, kSend},
    {"star", "*", nullptr, kNotModified},
    {"star in spaces", " \t* ", nullptr, kNotModified},
    {"star in a list is no star", "\"x\", *", nullptr, kSend},
    {"quoted star", "\"*\"", nullptr, kSend},
    {"first of a list", "\"abc-1\", \"x\"", nullptr, kNotModified},
    {"last of a list", "\"x\", W/\"y\",\"abc-1\"", nullptr, kNotModified},
    {"none of a list", "\"x\", \"y\"", nullptr, kSend},
    {"empty list elements", " , ,\"abc-1\" ,,", nullptr, kNotModified},
    {"tabs and spaces", "\t\"x\"\t ,\t\"abc-1\" ", nullptr, kNotModified},
    {"comma inside a tag", "\"a,b\", \"abc-1\"", nullptr, kNotModified},
    {"our tag inside another", "\"x\\\"abc-1\\\"\"", nullptr, kSend},
    {"empty tag", "\"\"", nullptr, kSend},
    {"empty tag, then ours", "\"\", \"abc-1\"", nullptr, kNotModified},
    {"high bytes in a tag", "\"\xc3\xa4\", \"abc-1\"", nullptr, kNotModified},
    {"empty field", "", nullptr, kSend},
    {"only commas", ",,,", nullptr, kSend},
    {"no quotes", "abc-1", nullptr, kSend},
    {"no closing quote", "\"abc-1", nullptr, kSend},
    {"lower-case weakness mark", "w/\"abc-1\"", nullptr, kSend},
    {"space behind the weakness mark", "W/ \"abc-1\"", nullptr, kSend},
    {"no comma between tags", "\"x\" \"abc-1\"", nullptr, kSend},
    {"garbage behind the tag", "\"abc-1\"x", nullptr, kSend},
    {"fault before our tag", "\"x\", oops, \"abc-1\"", nullptr, kSend},
    {"fault behind our tag", "\"abc-1\", oops", nullptr, kNotModified},
    {"space inside a tag", "\"a b\", \"abc-1\"", nullptr, kSend},
    // If-Modified-Since (section 13.1.3).
    {"same second", nullptr, "Sun, 06 Nov 1994 08:49:37 GMT", kNotModified},
    {"later", nullptr, "Sun, 06 Nov 1994 08:49:38 GMT", kNotModified},
    {"much later", nullptr, "Fri, 31 Dec 2100 23:59:59 GMT", kNotModified},
    {"earlier", nullptr, "Sun, 06 Nov 1994 08:49:36 GMT", kSend},
    {"RFC 850 form", nullptr, "Sunday, 06-Nov-94 08:49:37 GMT", kNotModified},
    {"asctime form", nullptr, "Sun Nov  6 08:49:37 1994", kNotModified},
    {"RFC 850 form of an earlier century", nullptr, "Sunday, 06-Nov-93 08:49:37 GMT", kSend},
    {"not a date", nullptr, "yesterday", kSend},
    {"empty date", nullptr, "", kSend},
    {"date with something behind", nullptr, "Sun, 06 Nov 1994 08:49:37 GMT; length=5", kSend},
    {"no such day", nullptr, "Sun, 31 Feb 2095 08:49:37 GMT", kSend},
    {"seconds since the epoch", nullptr, "1900000000", kSend},
    // Both: the date is ignored (section 13.2.2).
    {"tag matches, date does not", "\"abc-1\"", "Thu, 01 Jan 1970 00:00:00 GMT", kNotModified},
    {"date matches, tag does not", "\"x\"", "Fri, 31 Dec 2100 23:59:59 GMT", kSend},
    {"date matches, tag is faulty", "oops", "Fri, 31 Dec 2100 23:59:59 GMT", kSend},
    {"date matches, tag is empty", "", "Fri, 31 Dec 2100 23:59:59 GMT", kSend},
    {"both match", "\"abc-1\"", "Sun, 06 Nov 1994 08:49:37 GMT", kNotModified},
    {"star and an early date", "*", "Thu, 01 Jan 1970 00:00:00 GMT", kNotModified},
};

std::optional<absl::string_view> Field(const char* value) {
  if (value == nullptr) return std::nullopt;
  return absl::string_view(value);
}

TEST(ConditionalTest, FollowsTheTable) {
  for (const Case& c : kCases) {
    EXPECT_EQ(EvaluateConditions({Field(c.if_none_match), Field(c.if_modified_since)}, kEtag,
                                 kModified, kNow),
              c.verdict)
        << c.name;
  }
}

TEST(ConditionalTest, LongListsAreCheap) {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "\"x\",";
  EXPECT_FALSE(MatchesEntityTag(many, kEtag));
  EXPECT_TRUE(MatchesEntityTag(many + std::string(kEtag), kEtag));
  EXPECT_FALSE(MatchesEntityTag(std::string(1'000'000, ','), kEtag));
  EXPECT_FALSE(MatchesEntityTag(std::string(1'000'000, '"'), kEtag));
}

}  // namespace
}  // namespace anteroom::frontend
