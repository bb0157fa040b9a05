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

constexpr Validators kValidators{kEtag, kModified, /*date_is_strong=*/true};

TEST(ConditionalTest, FollowsTheTable) {
  for (const Case& c : kCases) {
    Conditions conditions;
    conditions.if_none_match = Field(c.if_none_match);
    conditions.if_modified_since = Field(c.if_modified_since);
    EXPECT_EQ(EvaluateConditions(conditions, kValidators, kNow), c.verdict) << c.name;
  }
}

struct PreconditionCase {
  const char* name;
  const char* if_match = nullptr;  // null: absent
  const char* if_unmodified_since = nullptr;
  const char* if_none_match = nullptr;
  const char* if_modified_since = nullptr;
  ConditionalVerdict verdict;
};

constexpr char kSameDate[] = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr char kEarlier[] = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr auto kFailed = ConditionalVerdict::kPreconditionFailed;

constexpr PreconditionCase kPreconditions[] = {
    // If-Match (section 13.1.1).
    {.name = "same tag", .if_match = "\"abc-1\"", .verdict = kSend},
    {.name = "star", .if_match = "*", .verdict = kSend},
    {.name = "other tag", .if_match = "\"x\"", .verdict = kFailed},
    {.name = "one of a list", .if_match = "\"x\", \"abc-1\"", .verdict = kSend},
    {.name = "none of a list", .if_match = "\"x\", \"y\"", .verdict = kFailed},
    {.name = "a weak tag is never the same", .if_match = "W/\"abc-1\"", .verdict = kFailed},
    {.name = "weak, then strong", .if_match = "W/\"abc-1\", \"abc-1\"", .verdict = kSend},
    {.name = "empty", .if_match = "", .verdict = kFailed},
    {.name = "no tag", .if_match = "abc-1", .verdict = kFailed},
    {.name = "fault before ours", .if_match = "oops, \"abc-1\"", .verdict = kFailed},
    // If-Unmodified-Since (section 13.1.4).
    {.name = "same second", .if_unmodified_since = kSameDate, .verdict = kSend},
    {.name = "later", .if_unmodified_since = "Fri, 31 Dec 2100 23:59:59 GMT", .verdict = kSend},
    {.name = "earlier", .if_unmodified_since = kEarlier, .verdict = kFailed},
    {.name = "no date", .if_unmodified_since = "yesterday", .verdict = kSend},
    {.name = "empty date", .if_unmodified_since = "", .verdict = kSend},
    {.name = "two dates",
     .if_unmodified_since = "Sun, 06 Nov 1994 08:49:36 GMT, Sun, 06 Nov 1994 08:49:36 GMT",
     .verdict = kSend},
    {.name = "the tag rules, and matches",
     .if_match = "\"abc-1\"",
     .if_unmodified_since = kEarlier,
     .verdict = kSend},
    {.name = "the tag rules, and does not",
     .if_match = "\"x\"",
     .if_unmodified_since = kSameDate,
     .verdict = kFailed},
    {.name = "the tag rules, and is none",
     .if_match = "oops",
     .if_unmodified_since = kSameDate,
     .verdict = kFailed},
    // Together (section 13.2.2).
    {.name = "unchanged, both ways",
     .if_match = "\"abc-1\"",
     .if_none_match = "\"abc-1\"",
     .verdict = kNotModified},
    {.name = "failed comes before not modified",
     .if_match = "\"x\"",
     .if_none_match = "\"abc-1\"",
     .verdict = kFailed},
    {.name = "failed by date comes before not modified",
     .if_unmodified_since = kEarlier,
     .if_none_match = "\"abc-1\"",
     .verdict = kFailed},
    {.name = "both dates the same",
     .if_unmodified_since = kSameDate,
     .if_modified_since = kSameDate,
     .verdict = kNotModified},
    {.name = "both dates earlier",
     .if_unmodified_since = kEarlier,
     .if_modified_since = kEarlier,
     .verdict = kFailed},
    {.name = "all four, to be sent",
     .if_match = "*",
     .if_unmodified_since = kEarlier,
     .if_none_match = "\"x\"",
     .if_modified_since = kSameDate,
     .verdict = kSend},
};

TEST(ConditionalTest, PreconditionsComeFirst) {
  for (const PreconditionCase& c : kPreconditions) {
    Conditions conditions;
    conditions.if_match = Field(c.if_match);
    conditions.if_unmodified_since = Field(c.if_unmodified_since);
    conditions.if_none_match = Field(c.if_none_match);
    conditions.if_modified_since = Field(c.if_modified_since);
    EXPECT_EQ(EvaluateConditions(conditions, kValidators, kNow), c.verdict) << c.name;
  }
}

struct IfRangeCase {
  const char* value;
  bool strong_date;
  bool applies;
};

constexpr IfRangeCase kIfRange[] = {
    {nullptr, false, true},
    {"\"abc-1\"", false, true},
    {"W/\"abc-1\"", true, false},
    {"\"x\"", true, false},
    {"\"abc-1\", \"x\"", true, false},
    {"*", true, false},
    {"", true, false},
    {"abc-1", true, false},
    {kSameDate, true, true},
    {kSameDate, false, false},
    {kEarlier, true, false},
    {"Sun, 06 Nov 1994 08:49:38 GMT", true, false},  // another date, though not an earlier one
    {"Sunday, 06-Nov-94 08:49:37 GMT", true, true},
};

TEST(ConditionalTest, IfRangeNamesExactlyThisRepresentation) {
  for (const IfRangeCase& c : kIfRange) {
    Conditions conditions;
    conditions.range = "bytes=0-";
    conditions.if_range = Field(c.value);
    EXPECT_EQ(RangeApplies(conditions, {kEtag, kModified, c.strong_date}, kNow), c.applies)
        << (c.value == nullptr ? "absent" : c.value);
  }
}

TEST(ConditionalTest, KeptConditionsHoldTheirBytes) {
  std::string match = "\"a\"";
  std::string range = "bytes=0-1,4-5";
  Conditions conditions;
  conditions.if_match = match;
  conditions.if_none_match = "";
  conditions.range = range;
  const KeptConditions kept(conditions);
  match.assign(match.size(), '-');
  range.assign(range.size(), '-');
  EXPECT_EQ(kept.get().if_match, "\"a\"");
  EXPECT_EQ(kept.get().if_none_match, "");
  EXPECT_EQ(kept.get().range, "bytes=0-1,4-5");
  EXPECT_EQ(kept.get().if_range, std::nullopt);
  EXPECT_EQ(kept.get().if_modified_since, std::nullopt);
  EXPECT_EQ(kept.get().if_unmodified_since, std::nullopt);
}

TEST(ConditionalTest, LongListsAreCheap) {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "\"x\",";
  for (const TagComparison comparison : {TagComparison::kStrong, TagComparison::kWeak}) {
    EXPECT_FALSE(MatchesEntityTag(many, kEtag, comparison));
    EXPECT_TRUE(MatchesEntityTag(many + std::string(kEtag), kEtag, comparison));
    EXPECT_FALSE(MatchesEntityTag(std::string(1'000'000, ','), kEtag, comparison));
    EXPECT_FALSE(MatchesEntityTag(std::string(1'000'000, '"'), kEtag, comparison));
  }
}

}  // namespace
}  // namespace anteroom::frontend
