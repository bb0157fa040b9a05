#include "frontend/http/response_framing.h"

#include <gtest/gtest.h>

namespace anteroom::frontend {
namespace {

using Length = ResponseFraming::Length;

ResponseContext Context(int status, int minor_version, std::optional<uint64_t> size) {
  ResponseContext context;
  context.status = status;
  context.minor_version = minor_version;
  context.keep_alive = true;
  context.size = size;
  return context;
}

TEST(ChooseFraming, AnnouncesAKnownSize) {
  for (const int minor_version : {0, 1}) {
    const ResponseFraming framing = ChooseFraming(Context(200, minor_version, 12));
    EXPECT_EQ(framing.length, Length::kFixed);
    EXPECT_EQ(framing.content_length, 12u);
    EXPECT_TRUE(framing.send_body);
    EXPECT_TRUE(framing.keep_alive);
  }
}

TEST(ChooseFraming, AnnouncesAnEmptyBody) {
  EXPECT_EQ(ChooseFraming(Context(404, 1, 0)).length, Length::kFixed);
}

TEST(ChooseFraming, ChunksAnUnknownSize) {
  const ResponseFraming framing = ChooseFraming(Context(200, 1, std::nullopt));
  EXPECT_EQ(framing.length, Length::kChunked);
  EXPECT_TRUE(framing.send_body);
  EXPECT_TRUE(framing.keep_alive);
}

TEST(ChooseFraming, EndsAnUnknownSizeWithTheConnectionForHttp10) {
  const ResponseFraming framing = ChooseFraming(Context(200, 0, std::nullopt));
  EXPECT_EQ(framing.length, Length::kUntilClose);
  EXPECT_TRUE(framing.send_body);
  EXPECT_FALSE(framing.keep_alive);
}

TEST(ChooseFraming, SaysNothingWhereNoBodyCanBe) {
  for (const int status : {204, 304}) {
    for (const int minor_version : {0, 1}) {
      const ResponseFraming framing = ChooseFraming(Context(status, minor_version, 5));
      EXPECT_EQ(framing.length, Length::kNone);
      EXPECT_FALSE(framing.send_body);
      EXPECT_TRUE(framing.keep_alive);
    }
  }
}

TEST(ChooseFraming, AnnouncesTheSizeToHeadButSendsNoBody) {
  ResponseContext context = Context(200, 1, 12);
  context.head_request = true;
  const ResponseFraming framing = ChooseFraming(context);
  EXPECT_EQ(framing.length, Length::kFixed);
  EXPECT_EQ(framing.content_length, 12u);
  EXPECT_FALSE(framing.send_body);
}

TEST(ChooseFraming, KeepsAliveAfterHeadOfUnknownSize) {
  for (const int minor_version : {0, 1}) {
    ResponseContext context = Context(200, minor_version, std::nullopt);
    context.head_request = true;
    const ResponseFraming framing = ChooseFraming(context);
    EXPECT_EQ(framing.length, Length::kNone);
    EXPECT_FALSE(framing.send_body);
    EXPECT_TRUE(framing.keep_alive);
  }
}

TEST(ChooseFraming, ClosesWhenAskedTo) {
  ResponseContext context = Context(200, 1, 12);
  context.keep_alive = false;
  EXPECT_FALSE(ChooseFraming(context).keep_alive);
}

}  // namespace
}  // namespace anteroom::frontend
