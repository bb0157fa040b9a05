#include "common/admin_message.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ParseAdminRequestTest, ReadsMethodPathQueryAndAccept) {
  AdminRequest request;
  ASSERT_TRUE(ParseAdminRequest("GET /status?a=b?c HTTP/1.1\r\nHost: x\r\naCCept:  text/html \r\n",
                                &request));
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/status");
  EXPECT_EQ(request.query, "a=b?c");
  EXPECT_EQ(request.accept, "text/html");
}

TEST(ParseAdminRequestTest, NeedsNoFields) {
  AdminRequest request;
  ASSERT_TRUE(ParseAdminRequest("HEAD /livez HTTP/1.0", &request));
  EXPECT_EQ(request.method, "HEAD");
  EXPECT_EQ(request.path, "/livez");
  EXPECT_EQ(request.query, "");
  EXPECT_EQ(request.accept, "");
}

TEST(ParseAdminRequestTest, RefusesWhatIsNotARequestLine) {
  AdminRequest request;
  for (const char* head :
       {"", "GET", "GET /", "GET / HTTP/2.0", "GET / http/1.1", "GET  / HTTP/1.1",
        " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET x HTTP/1.1", "GET /\t HTTP/1.1",
        "GET /\n HTTP/1.1", "GET http://a/ HTTP/1.1", "\x16\x03\x01", "GET /\xFF HTTP/1.1"}) {
    EXPECT_FALSE(ParseAdminRequest(head, &request)) << head;
  }
}

TEST(FormatAdminResponseTest, FramesTheBody) {
  EXPECT_EQ(FormatAdminResponse({200, "application/json", "{}"}, false),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 2\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Connection: close\r\n"
            "\r\n"
            "{}");
}

TEST(FormatAdminResponseTest, KeepsTheLengthOfABodyThatItLeavesOut) {
  const std::string text = FormatAdminResponse({200, "text/plain", "hello"}, true);
  EXPECT_THAT(text, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(text, EndsWith("\r\n\r\n"));
}

TEST(FormatAdminResponseTest, SaysWhichMethodsThereAre) {
  EXPECT_THAT(FormatAdminResponse({405, "text/plain", ""}, false),
              HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST(FormatAdminResponseTest, TakesAStatusWithoutAReasonPhrase) {
  EXPECT_THAT(FormatAdminResponse({299, "text/plain", ""}, false), StartsWith("HTTP/1.1 299 \r\n"));
}

}  // namespace
}  // namespace anteroom
