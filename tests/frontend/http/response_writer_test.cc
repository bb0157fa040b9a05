#include "frontend/http/response_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

ResponseFraming Framing(ResponseFraming::Length length, bool keep_alive) {
  ResponseFraming framing;
  framing.length = length;
  framing.content_length = 5;
  framing.keep_alive = keep_alive;
  return framing;
}

std::string Head(int status, const ResponseFraming& framing, int minor_version = 1) {
  std::string out;
  ResponseWriter(&out, status).Finish(framing, minor_version, kDate);
  return out;
}

TEST(ResponseWriter, WritesAHead) {
  std::string out = "before";
  ResponseWriter writer(&out, 404);
  writer.AddField("Content-Type", "text/plain");
  writer.AddField("Retry-After", 30);
  writer.Finish(Framing(ResponseFraming::Length::kFixed, true), 1, kDate);
  EXPECT_EQ(out,
            "beforeHTTP/1.1 404 Not Found\r\n"
            "Content-Type: text/plain\r\n"
            "Retry-After: 30\r\n"
            "Content-Length: 5\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "\r\n");
}

TEST(ResponseWriter, ChunksWhatHasNoLength) {
  EXPECT_EQ(Head(200, Framing(ResponseFraming::Length::kChunked, true)),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(ResponseWriter, SaysNothingOfABodyThatCannotBe) {
  EXPECT_EQ(Head(204, Framing(ResponseFraming::Length::kNone, true)),
            "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(ResponseWriter, AnnouncesTheEndOfTheConnectionToEveryVersion) {
  for (const int minor_version : {0, 1}) {
    EXPECT_EQ(Head(200, Framing(ResponseFraming::Length::kUntilClose, false), minor_version),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n"
              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
  }
}

TEST(ResponseWriter, AnnouncesPersistenceToHttp10) {
  EXPECT_EQ(Head(200, Framing(ResponseFraming::Length::kFixed, true), 0),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(ResponseWriter, KeepsTheDateOfTheHandler) {
  std::string out;
  ResponseWriter writer(&out, 200);
  writer.AddField("date", "Thu, 01 Jan 1970 00:00:00 GMT");
  writer.Finish(Framing(ResponseFraming::Length::kNone, true), 1, kDate);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
}

TEST(ResponseWriter, LeavesTheReasonOfAnUnknownStatusEmpty) {
  EXPECT_EQ(Head(299, Framing(ResponseFraming::Length::kNone, true)).substr(0, 15),
            "HTTP/1.1 299 \r\n");
}

TEST(AppendChunkHeader, WritesHexadecimal) {
  std::string out;
  AppendChunkHeader(1, &out);
  AppendChunkHeader(65536, &out);
  AppendChunkHeader(std::numeric_limits<uint64_t>::max(), &out);
  EXPECT_EQ(out, "1\r\n10000\r\nffffffffffffffff\r\n");
}

}  // namespace
}  // namespace anteroom::frontend
