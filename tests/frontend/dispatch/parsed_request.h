// A request head as the real parser makes it, for tests that need one without a connection.
#ifndef ANTEROOM_TESTS_FRONTEND_DISPATCH_PARSED_REQUEST_H_
#define ANTEROOM_TESTS_FRONTEND_DISPATCH_PARSED_REQUEST_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "frontend/http/request_parser.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {

class ParsedRequest {
 public:
  // `fields`: lines, each with its CRLF.
  ParsedRequest(absl::string_view method, absl::string_view target, absl::string_view fields = "")
      : parser_(limits_) {
    const std::string bytes =
        absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: test\r\n", fields, "\r\n");
    size_t consumed = 0;
    EXPECT_EQ(parser_.Parse(bytes, &consumed), RequestParser::Event::kHead) << bytes;
  }
  ParsedRequest(const ParsedRequest&) = delete;
  ParsedRequest& operator=(const ParsedRequest&) = delete;

  const RequestHead& head() const { return parser_.head(); }

 private:
  const HttpLimits limits_;
  RequestParser parser_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_DISPATCH_PARSED_REQUEST_H_
