#include "frontend/http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::frontend {
namespace {

using Event = ChunkDecoder::Event;

class ChunkDecoderTest : public testing::Test {
 protected:
  // Runs to an event that is final or needs more; appends data to body_.
  Event Run(absl::string_view input) {
    while (true) {
      size_t consumed = 0;
      const Event event = decoder_.Decode(input, &consumed);
      input.remove_prefix(consumed);
      rest_ = std::string(input);
      if (event != Event::kData) return event;
      body_.append(decoder_.data().data(), decoder_.data().size());
    }
  }

  HttpLimits limits_;
  ChunkDecoder decoder_{limits_};
  std::string body_;
  std::string rest_;
};

TEST_F(ChunkDecoderTest, StopsBehindTheLastChunk) {
  EXPECT_EQ(Run("3\r\nabc\r\n0\r\n\r\nmore"), Event::kDone);
  EXPECT_EQ(body_, "abc");
  EXPECT_EQ(rest_, "more");
}

TEST_F(ChunkDecoderTest, CountsWhatIsAnnouncedBeforeItIsThere) {
  limits_.body = 18;
  EXPECT_EQ(Run("3\r\nabc\r\nf\r\n"), Event::kNeedMore);
  decoder_.Reset();
  EXPECT_EQ(Run("3\r\nabc\r\n10\r\n"), Event::kError);
  EXPECT_EQ(decoder_.cause(), ParseCause::kBodyLength);
}

TEST_F(ChunkDecoderTest, LetsEveryByteHaveAChunkOfItsOwn) {
  for (int i = 0; i < 50000; ++i) ASSERT_EQ(Run("1\r\nx\r\n"), Event::kNeedMore) << i;
  EXPECT_EQ(Run("0\r\n\r\n"), Event::kDone);
  EXPECT_EQ(body_.size(), 50000u);
}

TEST_F(ChunkDecoderTest, BoundsFramingInProportionToTheBody) {
  const std::string wasteful = "1;" + std::string(200, 'x') + "\r\nx\r\n";
  size_t bytes = 0;
  Event event = Event::kNeedMore;
  while (event == Event::kNeedMore) {
    event = Run(wasteful);
    bytes += wasteful.size();
    ASSERT_LT(bytes, 2 * ChunkDecoder::kOverhead);
  }
  EXPECT_EQ(event, Event::kError);
  EXPECT_EQ(decoder_.cause(), ParseCause::kChunkOverhead);
  EXPECT_GE(bytes, ChunkDecoder::kOverhead);
}

TEST_F(ChunkDecoderTest, BoundsExtensionsOfEachChunkApart) {
  const std::string extension = ";" + std::string(ChunkDecoder::kExtension - 1, 'x');
  EXPECT_EQ(Run("1" + extension + "\r\na\r\n1" + extension + "\r\nb\r\n"), Event::kNeedMore);
  EXPECT_EQ(Run("1" + extension + "x"), Event::kError);
  EXPECT_EQ(decoder_.cause(), ParseCause::kChunkExtension);
}

TEST_F(ChunkDecoderTest, StaysFailed) {
  EXPECT_EQ(Run("x"), Event::kError);
  EXPECT_EQ(Run("0\r\n\r\n"), Event::kError);
  EXPECT_EQ(decoder_.cause(), ParseCause::kChunkSize);
}

TEST_F(ChunkDecoderTest, StaysDone) {
  EXPECT_EQ(Run("0\r\n\r\n"), Event::kDone);
  EXPECT_EQ(Run("1\r\nx\r\n"), Event::kDone);
  EXPECT_EQ(rest_, "1\r\nx\r\n");
}

TEST_F(ChunkDecoderTest, BeginsAnewAfterReset) {
  EXPECT_EQ(Run("5\r\nab"), Event::kNeedMore);
  decoder_.Reset();
  body_.clear();
  EXPECT_EQ(Run("1\r\nx\r\n0\r\n\r\n"), Event::kDone);
  EXPECT_EQ(body_, "x");
}

}  // namespace
}  // namespace anteroom::frontend
