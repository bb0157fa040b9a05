#include "bench/chunked_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::bench {
namespace {

using State = ChunkedReader::State;

// The body in `bytes`, which come `most` at a time.
State Read(absl::string_view bytes, size_t most, std::string* body) {
  ChunkedReader reader;
  State state = State::kMore;
  body->clear();
  while (!bytes.empty() && state != State::kBroken) {
    absl::string_view fed = bytes.substr(0, most);
    bytes.remove_prefix(fed.size());
    while (!fed.empty() && state != State::kBroken) {
      absl::string_view piece;
      state = reader.Next(&fed, &piece);
      body->append(piece.data(), piece.size());
    }
  }
  return state;
}

TEST(ChunkedReaderTest, TakesChunksHoweverTheyAreSplit) {
  const absl::string_view bytes = "5\r\nhello\r\n0c\r\n, world\r\n...\r\n0\r\n\r\n";
  for (size_t most = 1; most <= bytes.size(); ++most) {
    std::string body;
    EXPECT_EQ(Read(bytes, most, &body), State::kDone) << most;
    EXPECT_EQ(body, "hello, world\r\n...") << most;
  }
}

TEST(ChunkedReaderTest, IsNotDoneBeforeTheLastLine) {
  std::string body;
  EXPECT_EQ(Read("5\r\nhello\r\n0\r\n", 100, &body), State::kMore);
  EXPECT_EQ(Read("0\r\n\r\n", 100, &body), State::kDone);
}

TEST(ChunkedReaderTest, RefusesWhatIsNoChunk) {
  std::string body;
  EXPECT_EQ(Read("x\r\n", 100, &body), State::kBroken);
  EXPECT_EQ(Read("1\r\nab\r\n", 100, &body), State::kBroken);
  EXPECT_EQ(Read("0\r\nTrailer: 1\r\n\r\n", 100, &body), State::kBroken);
  EXPECT_EQ(Read("0\r\n\r\nmore", 100, &body), State::kBroken);
  EXPECT_EQ(Read(std::string(100, '0'), 1, &body), State::kBroken);
}

}  // namespace
}  // namespace anteroom::bench
