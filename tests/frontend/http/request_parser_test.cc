// The contract of RequestParser with its caller. What is refused and why: vectors/.
#include "frontend/http/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::frontend {
namespace {

using Event = RequestParser::Event;

constexpr absl::string_view kGet = "GET /a HTTP/1.1\r\nHost: b\r\n\r\n";

class RequestParserTest : public testing::Test {
 protected:
  // The next event for `input`, which loses what was consumed.
  Event Next(absl::string_view* input) {
    size_t consumed = 0;
    const Event event = parser_.Parse(*input, &consumed);
    input->remove_prefix(consumed);
    return event;
  }
  Event Next(absl::string_view input) { return Next(&input); }

  HttpLimits limits_;
  RequestParser parser_{limits_};
};

TEST_F(RequestParserTest, ReportsARequestWithoutBodyInTwoEvents) {
  absl::string_view input = kGet;
  EXPECT_EQ(Next(&input), Event::kHead);
  EXPECT_EQ(input, "");
  EXPECT_EQ(parser_.head().target(), "/a");
  EXPECT_EQ(Next(&input), Event::kComplete);
}

TEST_F(RequestParserTest, LeavesTheNextRequestAlone) {
  const std::string pipeline = std::string(kGet) + std::string(kGet);
  absl::string_view input = pipeline;
  EXPECT_EQ(Next(&input), Event::kHead);
  EXPECT_EQ(input, kGet);
  EXPECT_EQ(Next(&input), Event::kComplete);
  EXPECT_EQ(Next(&input), Event::kComplete) << "final until Reset()";
  EXPECT_EQ(input, kGet);
  parser_.Reset();
  EXPECT_EQ(Next(&input), Event::kHead);
  EXPECT_EQ(input, "");
}

TEST_F(RequestParserTest, ReportsTheHeadBeforeAnyBodyIsThere) {
  absl::string_view input = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  EXPECT_EQ(Next(&input), Event::kHead);
  EXPECT_EQ(parser_.head().framing(), BodyFraming::kContentLength);
  EXPECT_EQ(parser_.head().content_length(), 3u);
  EXPECT_EQ(Next(&input), Event::kNeedMore);
}

TEST_F(RequestParserTest, PointsIntoTheInputWithABody) {
  absl::string_view input = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab";
  ASSERT_EQ(Next(&input), Event::kHead);
  const char* const body = input.data();
  ASSERT_EQ(Next(&input), Event::kBody);
  EXPECT_EQ(parser_.body(), "ab");
  EXPECT_EQ(parser_.body().data(), body);
  EXPECT_EQ(Next(&input), Event::kNeedMore);
  EXPECT_EQ(parser_.body(), "");

  absl::string_view rest = "cGET";
  EXPECT_EQ(Next(&rest), Event::kBody);
  EXPECT_EQ(parser_.body(), "c");
  EXPECT_EQ(Next(&rest), Event::kComplete);
  EXPECT_EQ(rest, "GET");
}

TEST_F(RequestParserTest, ReportsEachChunkApart) {
  absl::string_view input =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest";
  ASSERT_EQ(Next(&input), Event::kHead);
  EXPECT_EQ(parser_.head().framing(), BodyFraming::kChunked);
  ASSERT_EQ(Next(&input), Event::kBody);
  EXPECT_EQ(parser_.body(), "abc");
  ASSERT_EQ(Next(&input), Event::kBody);
  EXPECT_EQ(parser_.body(), "de");
  EXPECT_EQ(Next(&input), Event::kComplete);
  EXPECT_EQ(input, "rest");
}

TEST_F(RequestParserTest, ConsumesEverythingWhenItNeedsMore) {
  absl::string_view input = "GET / HTTP/1.1\r\nHo";
  EXPECT_EQ(Next(&input), Event::kNeedMore);
  EXPECT_EQ(input, "");
  EXPECT_EQ(Next(""), Event::kNeedMore);
}

TEST_F(RequestParserTest, StaysFailed) {
  absl::string_view input = "GET / HTTP/1.1\r\nHost\r\n\r\n";
  EXPECT_EQ(Next(&input), Event::kError);
  EXPECT_EQ(input, "");
  EXPECT_EQ(parser_.error().status, 400);
  EXPECT_EQ(parser_.error().cause, ParseCause::kFieldName);
  input = kGet;
  EXPECT_EQ(Next(&input), Event::kError);
  EXPECT_EQ(input, "");
  EXPECT_EQ(parser_.error().cause, ParseCause::kFieldName);
}

TEST_F(RequestParserTest, RefusesALargeAnnouncedBodyInsteadOfReportingTheHead) {
  limits_.body = 10;
  EXPECT_EQ(
      Next("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"),
      Event::kError);
  EXPECT_EQ(parser_.error().status, 413);
  EXPECT_EQ(parser_.head().target(), "/") << "for the access log";
}

TEST_F(RequestParserTest, HasStartedWithTheFirstByteOfARequest) {
  EXPECT_FALSE(parser_.started());
  Next("\r\n\r");
  EXPECT_FALSE(parser_.started());
  Next("\nG");
  EXPECT_TRUE(parser_.started());
  Next("ET /a HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_TRUE(parser_.started());
  parser_.Reset();
  EXPECT_FALSE(parser_.started());
}

TEST_F(RequestParserTest, AllocatesNothingForTheSecondRequestOfASize) {
  ASSERT_EQ(Next(kGet), Event::kHead);
  const size_t warm = parser_.memory();
  EXPECT_GT(warm, 0u);
  for (int i = 0; i < 100; ++i) {
    parser_.Reset();
    ASSERT_EQ(Next(kGet), Event::kHead);
  }
  EXPECT_EQ(parser_.memory(), warm);
}

TEST_F(RequestParserTest, KeepsNoMoreThanAHeadOfAPipeline) {
  std::string pipeline;
  for (int i = 0; i < 1000; ++i) pipeline.append(kGet.data(), kGet.size());
  absl::string_view input = pipeline;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(Next(&input), Event::kHead);
    ASSERT_EQ(Next(&input), Event::kComplete);
    parser_.Reset();
  }
  EXPECT_LE(parser_.memory(), 4096u);
}

TEST_F(RequestParserTest, ReleasesItsMemoryAndGoesOn) {
  const std::string large =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(8000, 'x') + "\r\n\r\n";
  ASSERT_EQ(Next(large), Event::kHead);
  EXPECT_GT(parser_.memory(), 8000u);
  parser_.ReleaseMemory();
  EXPECT_LT(parser_.memory(), 100u);
  EXPECT_FALSE(parser_.started());
  EXPECT_EQ(Next(kGet), Event::kHead);
  EXPECT_EQ(parser_.head().authority(), "b");
}

TEST_F(RequestParserTest, ForgetsTheRequestBefore) {
  ASSERT_EQ(Next("OPTIONS http://first/?x HTTP/1.1\r\nHost: first\r\nConnection: close, x\r\n"
                 "Expect: 100-continue\r\nContent-Length: 1\r\nA_B: c\r\n\r\n"),
            Event::kHead);
  parser_.Reset();
  ASSERT_EQ(Next("GET / HTTP/1.1\r\nHost: second\r\n\r\n"), Event::kHead);
  const RequestHead& head = parser_.head();
  EXPECT_EQ(head.method(), "GET");
  EXPECT_EQ(head.target(), "/");
  EXPECT_EQ(head.query(), "");
  EXPECT_EQ(head.authority(), "second");
  EXPECT_EQ(head.field_count(), 1u);
  EXPECT_EQ(head.dropped_fields(), 0u);
  EXPECT_EQ(head.framing(), BodyFraming::kNone);
  EXPECT_EQ(head.content_length(), 0u);
  EXPECT_TRUE(head.keep_alive());
  EXPECT_FALSE(head.expects_continue());
  EXPECT_FALSE(head.connection_names_fields());
}

}  // namespace
}  // namespace anteroom::frontend
