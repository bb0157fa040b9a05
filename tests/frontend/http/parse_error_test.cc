#include "frontend/http/parse_error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "frontend/http/status.h"

namespace anteroom::frontend {
namespace {

TEST(ParseErrorTable, IsInTheOrderOfTheCauses) {
  for (size_t i = 0; i < kParseCauses; ++i) {
    const auto cause = static_cast<ParseCause>(i);
    EXPECT_EQ(DescribeParseError(cause).cause, cause) << i;
  }
}

TEST(ParseErrorTable, HasALabelOfItsOwnForEachCause) {
  std::set<std::string> labels;
  for (size_t i = 0; i < kParseCauses; ++i) {
    const std::string label(DescribeParseError(static_cast<ParseCause>(i)).label);
    EXPECT_EQ(label.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << label;
    EXPECT_TRUE(labels.insert(label).second) << label;
  }
}

TEST(ParseErrorTable, AnswersEachCauseWithARegisteredError) {
  for (size_t i = 1; i < kParseCauses; ++i) {
    const ParseError& error = DescribeParseError(static_cast<ParseCause>(i));
    EXPECT_GE(error.status, 400) << error.label;
    EXPECT_NE(ReasonPhrase(error.status), "") << error.label;
    EXPECT_NE(error.reason, "") << error.label;
  }
}

}  // namespace
}  // namespace anteroom::frontend
