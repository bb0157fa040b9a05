#include "frontend/static/request_conditions.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "frontend/http/request_parser.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

class RequestConditionsTest : public testing::Test {
 protected:
  const RequestHead& Head(absl::string_view fields, absl::string_view method = "GET") {
    size_t consumed = 0;
    const std::string bytes = absl::StrCat(method, " / HTTP/1.1\r\nHost: a\r\n", fields, "\r\n");
    EXPECT_EQ(parser_.Parse(bytes, &consumed), RequestParser::Event::kHead) << fields;
    return parser_.head();
  }

  const HttpLimits limits_{};
  RequestParser parser_{limits_};
};

TEST_F(RequestConditionsTest, FindsAllInAnyCaseAndOrder) {
  const RequestConditions conditions(
      Head("If-Range: a\r\nACCEPT: x\r\nrange: b\r\nIF-MATCH: c\r\nIf-Modified-Since: d\r\n"
           "if-none-match: e\r\nIf-Unmodified-Since: f\r\n"));
  EXPECT_EQ(conditions.get().if_range, "a");
  EXPECT_EQ(conditions.get().range, "b");
  EXPECT_EQ(conditions.get().if_match, "c");
  EXPECT_EQ(conditions.get().if_modified_since, "d");
  EXPECT_EQ(conditions.get().if_none_match, "e");
  EXPECT_EQ(conditions.get().if_unmodified_since, "f");
}

TEST_F(RequestConditionsTest, FindsNothingWhereThereIsNothing) {
  const RequestConditions conditions(Head("Accept: x\r\nX-Range: y\r\nIf: z\r\n"));
  EXPECT_EQ(conditions.get().if_range, std::nullopt);
  EXPECT_EQ(conditions.get().range, std::nullopt);
  EXPECT_EQ(conditions.get().if_match, std::nullopt);
  EXPECT_EQ(conditions.get().if_modified_since, std::nullopt);
  EXPECT_EQ(conditions.get().if_none_match, std::nullopt);
  EXPECT_EQ(conditions.get().if_unmodified_since, std::nullopt);
}

TEST_F(RequestConditionsTest, RepeatedListsAreOneList) {
  const RequestConditions conditions(
      Head("If-Match: \"a\"\r\nIf-None-Match:\r\nIf-Match: \"b\"\r\nIf-None-Match: \"d\"\r\n"
           "If-Match: \"c\"\r\n"));
  EXPECT_EQ(conditions.get().if_match, "\"a\", \"b\", \"c\"");
  EXPECT_EQ(conditions.get().if_none_match, ", \"d\"");
}

TEST_F(RequestConditionsTest, WhatMayOccurOnceOnlyIsNotValidWhenRepeated) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  std::string fields;
  for (int i = 0; i < 3; ++i) {
    absl::StrAppend(&fields, "Range: bytes=0-1\r\nIf-Range: \"a\"\r\nIf-Modified-Since: ", date,
                    "If-Unmodified-Since: ", date);
  }
  const RequestConditions conditions(Head(fields));
  EXPECT_EQ(conditions.get().range, "");
  EXPECT_EQ(conditions.get().if_range, "");
  EXPECT_EQ(conditions.get().if_modified_since, "");
  EXPECT_EQ(conditions.get().if_unmodified_since, "");
}

TEST_F(RequestConditionsTest, RangeIsForGetOnly) {
  const RequestConditions conditions(Head("Range: bytes=0-1\r\nIf-Match: *\r\n", "HEAD"));
  EXPECT_EQ(conditions.get().range, std::nullopt);
  EXPECT_EQ(conditions.get().if_match, "*");
}

}  // namespace
}  // namespace anteroom::frontend
