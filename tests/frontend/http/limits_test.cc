// Limits other than the defaults; those are in vectors/limits.txt.
#include "frontend/http/limits.h"

#include <gtest/gtest.h>

#include "tests/frontend/http/transcript.h"

namespace anteroom::frontend {
namespace {

// The verdict, which must not depend on where the bytes are split.
std::string Verdict(absl::string_view bytes, const HttpLimits& limits) {
  const Transcript whole = ParseWhole(bytes, limits);
  EXPECT_EQ(ParseByteByByte(bytes, limits), whole);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(ParseInPieces(bytes, {cut}, limits), whole) << "split at " << cut;
  }
  return whole.Verdict();
}

TEST(Limits, HoldForTheTargetInAnyForm) {
  HttpLimits limits;
  limits.target = 12;
  EXPECT_EQ(Verdict("GET /23456789012 HTTP/1.1\r\nHost: a\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict("GET /234567890123 HTTP/1.1\r\nHost: a\r\n\r\n", limits), "414 target_length");
  EXPECT_EQ(Verdict("GET /2345?789%41 HTTP/1.1\r\nHost: a\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict("GET /2345?7890%41 HTTP/1.1\r\nHost: a\r\n\r\n", limits), "414 target_length");
  EXPECT_EQ(Verdict("GET http://a/012 HTTP/1.1\r\nHost: a\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict("GET http://a/0123 HTTP/1.1\r\nHost: a\r\n\r\n", limits), "414 target_length");
  EXPECT_EQ(Verdict("GET http://abcdef/ HTTP/1.1\r\nHost: a\r\n\r\n", limits), "414 target_length");
}

TEST(Limits, UnderscoresAreRefusedWhenThatIsAsked) {
  HttpLimits limits;
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX_Real_IP: 1\r\n\r\n";
  EXPECT_EQ(Verdict(request, limits), "accept 1");
  limits.refuse_underscores = true;
  EXPECT_EQ(Verdict(request, limits), "400 field_name");
  EXPECT_EQ(Verdict("GET /a_b HTTP/1.1\r\nHost: a\r\nX-A: b_c\r\n\r\n", limits), "accept 1");
}

TEST(Limits, TellALongFieldFromALargeHead) {
  HttpLimits limits;
  limits.field = 20;
  limits.head = 30;
  const std::string host = "GET / HTTP/1.1\r\nHost: a\r\n";  // nine bytes of fields
  EXPECT_EQ(Verdict(host + "X: 45678901234567890\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict(host + "X: 456789012345678901\r\n\r\n", limits), "431 field_length");
  EXPECT_EQ(Verdict(host + "X: 1\r\nY: 1\r\nZ: 1\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict(host + "X: 1\r\nY: 1\r\nZ: 1234567890\r\n\r\n", limits), "431 head_length");
}

TEST(Limits, HoldForEveryPartOfAField) {
  HttpLimits limits;
  limits.field = 10;
  const std::string host = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Verdict(host + "X234567890: y\r\n\r\n", limits), "431 field_length");
  EXPECT_EQ(Verdict(host + "X:          y\r\n\r\n", limits), "431 field_length");
  EXPECT_EQ(Verdict(host + "X: y         \r\n\r\n", limits), "431 field_length");
  EXPECT_EQ(Verdict(host + "X_Y: 456789\r\n\r\n", limits), "431 field_length");
  EXPECT_EQ(Verdict(host + "_________: 1\r\n\r\n", limits), "431 field_length");
}

TEST(Limits, HoldForTheNumberOfFields) {
  HttpLimits limits;
  limits.fields = 2;
  EXPECT_EQ(Verdict("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nX: y\r\n\r\n", limits),
            "431 field_count");
}

TEST(Limits, HoldForAnnouncedAndCountedBodies) {
  HttpLimits limits;
  limits.body = 4;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Verdict(post + "Content-Length: 4\r\n\r\nabcd", limits), "accept 1");
  EXPECT_EQ(Verdict(post + "Content-Length: 5\r\n\r\nabcde", limits), "413 body_length");
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Verdict(chunked + "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict(chunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", limits), "413 body_length");
}

TEST(Limits, AllowNoBodyAtAll) {
  HttpLimits limits;
  limits.body = 0;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Verdict(post + "Content-Length: 0\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict(post + "Content-Length: 1\r\n\r\na", limits), "413 body_length");
}

TEST(Limits, HoldForTrailers) {
  HttpLimits limits;
  limits.trailers = 1;
  limits.trailer_section = 4;
  const std::string end = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  EXPECT_EQ(Verdict(end + "A: b\r\n\r\n", limits), "accept 1");
  EXPECT_EQ(Verdict(end + "A: bc\r\n\r\n", limits), "431 trailer_length");
  EXPECT_EQ(Verdict(end + "A:\r\nB:\r\n\r\n", limits), "431 trailer_count");
}

}  // namespace
}  // namespace anteroom::frontend
