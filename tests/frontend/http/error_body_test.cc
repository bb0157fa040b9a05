#include "frontend/http/error_body.h"

#include <gtest/gtest.h>

#include <string>

#include "frontend/http/request_parser.h"

namespace anteroom::frontend {
namespace {

ErrorFormat FormatFor(const std::string& lines) {
  const HttpLimits limits;
  RequestParser parser(limits);
  size_t consumed = 0;
  EXPECT_EQ(parser.Parse("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n", &consumed),
            RequestParser::Event::kHead);
  return ChooseErrorFormat(parser.head());
}

TEST(ChooseErrorFormat, IsTextForBrowsersAndCurl) {
  EXPECT_EQ(FormatFor(""), ErrorFormat::kText);
  EXPECT_EQ(FormatFor("Accept: */*\r\n"), ErrorFormat::kText);
  EXPECT_EQ(
      FormatFor("Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"),
      ErrorFormat::kText);
}

TEST(ChooseErrorFormat, IsJsonForWhoNamesIt) {
  EXPECT_EQ(FormatFor("Accept: application/json\r\n"), ErrorFormat::kJson);
  EXPECT_EQ(FormatFor("accept: Application/JSON; charset=utf-8\r\n"), ErrorFormat::kJson);
  EXPECT_EQ(FormatFor("Accept: application/problem+json\r\n"), ErrorFormat::kJson);
  EXPECT_EQ(FormatFor("Accept: text/plain, application/vnd.api+json;q=0.5, */*\r\n"),
            ErrorFormat::kJson);
  EXPECT_EQ(FormatFor("Accept: text/plain\r\nAccept: application/json\r\n"), ErrorFormat::kJson);
}

TEST(ChooseErrorFormat, HeedsAWeightOfZero) {
  EXPECT_EQ(FormatFor("Accept: application/json;q=0\r\n"), ErrorFormat::kText);
  EXPECT_EQ(FormatFor("Accept: application/json; v=1 ; Q=0.000, text/plain\r\n"),
            ErrorFormat::kText);
  EXPECT_EQ(FormatFor("Accept: application/json;q=0.001\r\n"), ErrorFormat::kJson);
}

TEST(ChooseErrorFormat, IsTextForWhatLooksLikeJson) {
  EXPECT_EQ(FormatFor("Accept: application/jsonp\r\n"), ErrorFormat::kText);
  EXPECT_EQ(FormatFor("Accept: json\r\n"), ErrorFormat::kText);
  EXPECT_EQ(FormatFor("Accept: ,;,=\r\n"), ErrorFormat::kText);
}

TEST(ChooseErrorFormat, IsTextWithoutARequest) {
  EXPECT_EQ(ChooseErrorFormat(RequestHead()), ErrorFormat::kText);
}

TEST(MakeErrorBody, SaysTheStatus) {
  const ErrorBody text = MakeErrorBody(404, ErrorFormat::kText);
  EXPECT_EQ(text.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(text.body, "404 Not Found\n");
  const ErrorBody json = MakeErrorBody(503, ErrorFormat::kJson);
  EXPECT_EQ(json.content_type, "application/problem+json");
  EXPECT_EQ(json.body, "{\"title\":\"Service Unavailable\",\"status\":503}\n");
}

TEST(MakeErrorBody, KnowsWhatToSayOfAnUnknownStatus) {
  EXPECT_EQ(MakeErrorBody(599, ErrorFormat::kText).body, "599 Error\n");
}

}  // namespace
}  // namespace anteroom::frontend
