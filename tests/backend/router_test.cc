#include "backend/src/router.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::backend {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<Response> Nothing(const Request&, Context&) { return Response::Empty(204); }

class RouterTest : public ::testing::Test {
 protected:
  void Add(absl::string_view method, absl::string_view pattern) {
    const absl::Status status = router_.Add(method, pattern, Nothing);
    ASSERT_TRUE(status.ok()) << status;
  }
  // The pattern that matched, or what there is to allow.
  std::string Find(absl::string_view method, absl::string_view path) {
    const Router::Match match = router_.Find(method, path);
    captures_.clear();
    for (const absl::string_view capture : match.captures) captures_.emplace_back(capture);
    return match.route != nullptr ? match.route->pattern : "allow:" + match.allow;
  }
  Router router_;
  std::vector<std::string> captures_;
};

TEST_F(RouterTest, MatchesLiterals) {
  Add("GET", "/");
  Add("GET", "/a/b");
  EXPECT_EQ(Find("GET", "/"), "/");
  EXPECT_EQ(Find("GET", "/a/b"), "/a/b");
  for (const char* path : {"/a", "/a/b/", "/a/B", "//a/b", "", "*", "a/b"})
    EXPECT_EQ(Find("GET", path), "allow:") << path;
}

TEST_F(RouterTest, CapturesOneSegment) {
  Add("GET", "/thumb/{name}");
  Add("GET", "/thumb/{name}/of/{set}");
  EXPECT_EQ(Find("GET", "/thumb/cat%20.jpg"), "/thumb/{name}");
  EXPECT_THAT(captures_, ElementsAre("cat%20.jpg"));
  EXPECT_EQ(Find("GET", "/thumb/x/of/y"), "/thumb/{name}/of/{set}");
  EXPECT_THAT(captures_, ElementsAre("x", "y"));
  EXPECT_EQ(Find("GET", "/thumb/"), "allow:");
  EXPECT_EQ(Find("GET", "/thumb/a/b"), "allow:");
}

TEST_F(RouterTest, CapturesTheRest) {
  Add("GET", "/files/{path...}");
  EXPECT_EQ(Find("GET", "/files/a/b/"), "/files/{path...}");
  EXPECT_THAT(captures_, ElementsAre("a/b/"));
  EXPECT_EQ(Find("GET", "/files/"), "/files/{path...}");
  EXPECT_THAT(captures_, ElementsAre(""));
  EXPECT_EQ(Find("GET", "/files"), "allow:");
}

TEST_F(RouterTest, TheMostSpecificPatternWins) {
  Add("GET", "/{rest...}");
  Add("GET", "/a/{x}");
  Add("GET", "/a/b");
  Add("GET", "/{x}/b/c");
  EXPECT_EQ(Find("GET", "/a/b"), "/a/b");
  EXPECT_EQ(Find("GET", "/a/c"), "/a/{x}");
  EXPECT_EQ(Find("GET", "/a/b/c"), "/{x}/b/c");
  EXPECT_THAT(captures_, ElementsAre("a"));
  EXPECT_EQ(Find("GET", "/a/b/d"), "/{rest...}");
  EXPECT_THAT(captures_, ElementsAre("a/b/d"));
}

TEST_F(RouterTest, TellsWhichMethodsThereAre) {
  Add("GET", "/a");
  Add("PUT", "/a");
  Add("DELETE", "/{x}");
  EXPECT_EQ(Find("POST", "/a"), "allow:DELETE, GET, HEAD, PUT");
  EXPECT_THAT(captures_, IsEmpty());
  // A less specific pattern that has the method serves.
  EXPECT_EQ(Find("DELETE", "/a"), "/{x}");
}

TEST_F(RouterTest, HeadRunsGetUnlessItHasItsOwn) {
  Add("GET", "/a");
  EXPECT_EQ(router_.Find("HEAD", "/a").route->method, "GET");
  Add("HEAD", "/a");
  EXPECT_EQ(router_.Find("HEAD", "/a").route->method, "HEAD");
}

TEST_F(RouterTest, AStarTakesEveryMethodThatHasNoOther) {
  Add("*", "/a");
  Add("PUT", "/a");
  EXPECT_EQ(router_.Find("PUT", "/a").route->method, "PUT");
  EXPECT_EQ(router_.Find("BREW", "/a").route->method, "*");
}

TEST_F(RouterTest, MethodsAreCaseSensitive) {
  Add("GET", "/a");
  EXPECT_EQ(Find("get", "/a"), "allow:GET, HEAD");
}

TEST_F(RouterTest, RefusesMalformedPatterns) {
  for (const char* pattern :
       {"", "a", "/{}", "/{...}", "/{a...}/b", "/x{a}", "/{a}x", "/{a}/{a}", "/{a/b}", "/{{a}}"}) {
    EXPECT_EQ(router_.Add("GET", pattern, Nothing).code(), absl::StatusCode::kInvalidArgument)
        << pattern;
  }
  EXPECT_FALSE(router_.Add("", "/a", Nothing).ok());
  EXPECT_FALSE(router_.Add("GET", "/a", Handler()).ok());
  EXPECT_FALSE(router_.Add("GET", "/a", StreamingHandler()).ok());
}

TEST_F(RouterTest, KnowsWhichHandlersReadTheBodyThemselves) {
  Add("GET", "/a/{x}");
  EXPECT_FALSE(router_.Streams("GET", "/a/b"));
  const auto reads = [](const Request&, BodyReader&, Context&) { return Response::Empty(204); };
  ASSERT_TRUE(router_.Add("PUT", "/a/{x}", reads).ok());
  EXPECT_TRUE(router_.Streams("PUT", "/a/b"));
  EXPECT_TRUE(router_.Streams("PUT", "/a/b?c=/d/e"));
  EXPECT_FALSE(router_.Streams("GET", "/a/b"));
  EXPECT_FALSE(router_.Streams("POST", "/a/b"));
  EXPECT_FALSE(router_.Streams("PUT", "/a"));
}

TEST_F(RouterTest, RefusesRepeatedPatterns) {
  Add("GET", "/a/{x}");
  EXPECT_EQ(router_.Add("GET", "/a/{y}", Nothing).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(router_.Add("PUT", "/a/{y}", Nothing).ok());
}

}  // namespace
}  // namespace anteroom::backend
