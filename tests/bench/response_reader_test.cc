#include "bench/response_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::bench {
namespace {

using State = ResponseReader::State;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

TEST(ResponseReaderTest, FindsTheEndHoweverTheBytesAreSplit) {
  const absl::string_view response = kOk;
  for (size_t split = 1; split < response.size(); ++split) {
    ResponseReader reader;
    EXPECT_EQ(reader.Feed(response.substr(0, split)), State::kMore) << split;
    EXPECT_EQ(reader.Feed(response.substr(split)), State::kDone) << split;
    EXPECT_EQ(reader.status(), 200);
    EXPECT_TRUE(reader.keep_alive());
  }
}

TEST(ResponseReaderTest, ReadsOneResponseAfterAnother) {
  ResponseReader reader;
  EXPECT_EQ(reader.Feed(kOk), State::kDone);
  reader.Reset();
  EXPECT_EQ(reader.Feed("HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            State::kDone);
  EXPECT_EQ(reader.status(), 503);
  EXPECT_FALSE(reader.keep_alive());
}

TEST(ResponseReaderTest, RefusesBytesBeyondTheResponse) {
  ResponseReader reader;
  EXPECT_EQ(reader.Feed(std::string(kOk) + "H"), State::kBroken);
}

TEST(ResponseReaderTest, RefusesToGuessWhereAResponseEnds) {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", "\r\n\r\n"}) {
    ResponseReader reader;
    EXPECT_EQ(reader.Feed(head), State::kBroken) << head;
  }
}

TEST(ResponseReaderTest, RefusesAHeadWithoutEnd) {
  ResponseReader reader;
  EXPECT_EQ(reader.Feed("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')), State::kBroken);
}

}  // namespace
}  // namespace anteroom::bench
