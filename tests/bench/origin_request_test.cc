#include "bench/origin_request.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::bench {
namespace {

TEST(OriginRequestTest, WaitsForTheEndOfTheHead) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t size = 0; size < request.size(); ++size) {
    EXPECT_FALSE(ReadRequest(request.substr(0, size)).has_value()) << size;
  }
  const auto read = ReadRequest(request + "GET");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->head_size, request.size());
  EXPECT_TRUE(read->keep_alive);
  EXPECT_FALSE(read->unsupported);
}

TEST(OriginRequestTest, TakesTheBodySizeFromContentLength) {
  const auto read = ReadRequest("POST / HTTP/1.1\r\nHost: a\r\nCONTENT-LENGTH:  42 \r\n\r\n");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->body_size, 42u);
}

TEST(OriginRequestTest, ClosesWhenAskedToAndForOlderProtocols) {
  EXPECT_FALSE(ReadRequest("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(ReadRequest("GET / HTTP/1.0\r\n\r\n")->keep_alive);
}

TEST(OriginRequestTest, RefusesBodiesWhoseEndItCannotTell) {
  EXPECT_TRUE(ReadRequest("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")->unsupported);
  EXPECT_TRUE(ReadRequest("POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n")->unsupported);
}

TEST(OriginRequestTest, KnowsHead) {
  EXPECT_TRUE(ReadRequest("HEAD / HTTP/1.1\r\n\r\n")->head_method);
  EXPECT_FALSE(ReadRequest("GET /HEAD HTTP/1.1\r\n\r\n")->head_method);
}

TEST(OriginRequestTest, TakesTheSizeOfTheAnswerFromTheQueryOfAGet) {
  EXPECT_EQ(ReadRequest("GET /diag/bytes?n=42&chunk=7 HTTP/1.1\r\n\r\n")->answer_size, 42u);
  EXPECT_EQ(ReadRequest("GET /diag/bytes?n=42 HTTP/1.1\r\n\r\n")->answer_size, 42u);
  EXPECT_FALSE(ReadRequest("GET /diag/bytes HTTP/1.1\r\n\r\n")->answer_size.has_value());
  EXPECT_FALSE(ReadRequest("HEAD /diag/bytes?n=42 HTTP/1.1\r\n\r\n")->answer_size.has_value());
  EXPECT_TRUE(ReadRequest("GET /diag/bytes?n=x HTTP/1.1\r\n\r\n")->unsupported);
}

TEST(OriginRequestTest, FieldNamesMatchWhole) {
  const char head[] = "GET / HTTP/1.1\r\nX-Host: no\r\nHost: yes\r\n\r\n";
  EXPECT_EQ(FindField(head, "host"), "yes");
  EXPECT_FALSE(FindField(head, "hos").has_value());
}

}  // namespace
}  // namespace anteroom::bench
