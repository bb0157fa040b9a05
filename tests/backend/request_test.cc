#include "anteroom/request.h"

#include "anteroom/body_reader.h"
#include "anteroom/context.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using ::testing::ElementsAre;

TEST(RequestTest, SplitsTheTarget) {
  const Request request("GET", "/a/b?x=1?y");
  EXPECT_EQ(request.path(), "/a/b");
  EXPECT_EQ(request.query(), "x=1?y");
  EXPECT_EQ(Request("GET", "/a").query(), "");
}

TEST(RequestTest, FindsHeadersInAnyCase) {
  const Request request("GET", "/", {{"X-A", "1"}, {"x-a", "2"}, {"Host", "h"}});
  EXPECT_EQ(request.Header("x-A"), "1");
  EXPECT_THAT(request.HeaderValues("X-a"), ElementsAre("1", "2"));
  EXPECT_EQ(request.Header("X-B"), std::nullopt);
  EXPECT_EQ(request.authority(), "h");
}

TEST(RequestTest, DecodesQueryParameters) {
  const Request request("GET", "/?a=1+2%2B3&b&c=&%61=second&d=%4&e=%zz&f=%");
  EXPECT_EQ(request.QueryParameter("a"), "1 2+3");
  EXPECT_THAT(request.QueryParameters("a"), ElementsAre("1 2+3", "second"));
  EXPECT_EQ(request.QueryParameter("b"), "");
  EXPECT_EQ(request.QueryParameter("c"), "");
  EXPECT_EQ(request.QueryParameter("d"), "%4");
  EXPECT_EQ(request.QueryParameter("e"), "%zz");
  EXPECT_EQ(request.QueryParameter("f"), "%");
  EXPECT_EQ(request.QueryParameter("g"), std::nullopt);
}

TEST(RequestTest, DecodesCapturesAsPathsAre) {
  const Request request("GET", "/", {}, "", {{"name", "a%2Fb+c%00"}});
  EXPECT_EQ(request.PathParameter("name"), std::string("a/b+c\0", 6));
  EXPECT_EQ(request.PathParameter("other"), "");
}

TEST(RequestTest, SurvivesBeingMoved) {
  Request first("GET", "/short", {{"A", "b"}}, "body");
  const Request second = std::move(first);
  EXPECT_EQ(second.path(), "/short");
  EXPECT_EQ(second.Header("A"), "b");
  EXPECT_EQ(second.body(), "body");
}

TEST(StringBodyReaderTest, GivesItsBytesInPieces) {
  StringBodyReader body("abcde", 2);
  EXPECT_EQ(body.size(), 5u);
  char buffer[10] = "";
  EXPECT_EQ(*body.Read(absl::MakeSpan(buffer, 1)), 1u);
  EXPECT_EQ(*body.Read(absl::MakeSpan(buffer, 0)), 0u);
  EXPECT_EQ(*body.Read(absl::MakeSpan(buffer + 1, 9)), 2u);
  EXPECT_EQ(*body.Read(absl::MakeSpan(buffer + 3, 7)), 2u);
  EXPECT_EQ(*body.Read(buffer), 0u);
  EXPECT_EQ(absl::string_view(buffer), "abcde");
}

TEST(ContextTest, IsNeverCancelledByDefault) {
  Context context;
  EXPECT_FALSE(context.Cancelled());
  EXPECT_EQ(context.Remaining(), Context::Clock::duration::max());
  EXPECT_TRUE(context.SleepFor(std::chrono::milliseconds(1)));
}

TEST(ContextTest, ADeadlineCancels) {
  Context::Fields fields;
  fields.deadline = Context::Clock::now() - std::chrono::seconds(1);
  Context context(fields);
  EXPECT_TRUE(context.Cancelled());
  EXPECT_EQ(context.Remaining().count(), 0);
  EXPECT_FALSE(context.SleepFor(std::chrono::hours(1)));
}

TEST(ContextTest, CancellationEndsASleep) {
  Cancellation cancellation;
  Context::Fields fields;
  fields.cancellation = &cancellation;
  Context context(fields);
  EXPECT_FALSE(context.Cancelled());
  cancellation.Cancel();
  EXPECT_FALSE(context.SleepFor(Context::Clock::duration::max()));
}

}  // namespace
}  // namespace anteroom
