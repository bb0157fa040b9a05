#include "frontend/router.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

RouteConfig Route(const std::string& host, const std::string& path) {
  RouteConfig route;
  route.host = host;
  route.path = path;
  return route;
}

constexpr auto kNone = std::nullopt;

TEST(RouterTest, TakesTheFirstMatch) {
  const Router router({Route("", "/static/"), Route("api.example.com", "/"), Route("", "/")});
  EXPECT_EQ(router.Match("api.example.com", "/static/x"), 0u);
  EXPECT_EQ(router.Match("api.example.com", "/x"), 1u);
  EXPECT_EQ(router.Match("www.example.com", "/x"), 2u);
  EXPECT_EQ(router.Match("", "/"), 2u);
}

TEST(RouterTest, MatchesNothingWithoutRoutes) { EXPECT_EQ(Router({}).Match("a", "/"), kNone); }

TEST(RouterTest, PrefixEndsAtASegment) {
  const Router router({Route("", "/api")});
  EXPECT_EQ(router.Match("a", "/api"), 0u);
  EXPECT_EQ(router.Match("a", "/api/"), 0u);
  EXPECT_EQ(router.Match("a", "/api/x"), 0u);
  EXPECT_EQ(router.Match("a", "/apix"), kNone);
  EXPECT_EQ(router.Match("a", "/ap"), kNone);
  EXPECT_EQ(router.Match("a", "/x/api"), kNone);
  EXPECT_EQ(router.Match("a", "/API"), kNone);
}

TEST(RouterTest, PrefixWithSlashCoversOnlyWhatBeginsWithIt) {
  const Router router({Route("", "/static/")});
  EXPECT_EQ(router.Match("a", "/static/"), 0u);
  EXPECT_EQ(router.Match("a", "/static/a/b"), 0u);
  EXPECT_EQ(router.Match("a", "/static"), kNone);
  EXPECT_EQ(router.Match("a", "/staticx"), kNone);
}

TEST(RouterTest, SlashCoversEveryPathButNotTheAsterisk) {
  const Router router({Route("", "/")});
  EXPECT_EQ(router.Match("a", "/"), 0u);
  EXPECT_EQ(router.Match("a", "/x"), 0u);
  EXPECT_EQ(router.Match("a", "//"), 0u);
  EXPECT_EQ(router.Match("a", "*"), kNone);
  EXPECT_EQ(router.Match("a", ""), kNone);
}

TEST(RouterTest, ComparesHostsWithoutCase) {
  const Router router({Route("Api.Example.com", "/")});
  EXPECT_EQ(router.Match("api.example.com", "/"), 0u);
  EXPECT_EQ(router.Match("API.EXAMPLE.COM", "/"), 0u);
  EXPECT_EQ(router.Match("api.example.com.", "/"), 0u);
  EXPECT_EQ(router.Match("api.example.co", "/"), kNone);
  EXPECT_EQ(router.Match("xapi.example.com", "/"), kNone);
  EXPECT_EQ(router.Match("", "/"), kNone);
  EXPECT_EQ(router.Match(".", "/"), kNone);
}

TEST(RouterTest, WildcardCoversEveryNameBelow) {
  const Router router({Route("*.example.com", "/")});
  EXPECT_EQ(router.Match("a.example.com", "/"), 0u);
  EXPECT_EQ(router.Match("a.b.EXAMPLE.com", "/"), 0u);
  EXPECT_EQ(router.Match("a.example.com.", "/"), 0u);
  EXPECT_EQ(router.Match("example.com", "/"), kNone);
  EXPECT_EQ(router.Match(".example.com", "/"), kNone);
  EXPECT_EQ(router.Match("aexample.com", "/"), kNone);
  EXPECT_EQ(router.Match("a.example.com.evil", "/"), kNone);
}

TEST(RouterTest, MatchesIpv6InBrackets) {
  const Router router({Route("[::1]", "/")});
  EXPECT_EQ(router.Match("[::1]", "/"), 0u);
  EXPECT_EQ(router.Match("[::2]", "/"), kNone);
}

TEST(RouteCoversTest, ComparesPaths) {
  EXPECT_TRUE(RouteCovers(Route("", "/"), Route("", "/x")));
  EXPECT_TRUE(RouteCovers(Route("", "/x"), Route("", "/x")));
  EXPECT_TRUE(RouteCovers(Route("", "/x"), Route("", "/x/")));
  EXPECT_TRUE(RouteCovers(Route("", "/x/"), Route("", "/x/y")));
  EXPECT_FALSE(RouteCovers(Route("", "/x/"), Route("", "/x")));
  EXPECT_FALSE(RouteCovers(Route("", "/x"), Route("", "/xy")));
  EXPECT_FALSE(RouteCovers(Route("", "/x"), Route("", "/")));
}

TEST(RouteCoversTest, ComparesHosts) {
  EXPECT_TRUE(RouteCovers(Route("", "/"), Route("a.com", "/")));
  EXPECT_TRUE(RouteCovers(Route("a.com", "/"), Route("A.com", "/")));
  EXPECT_TRUE(RouteCovers(Route("*.com", "/"), Route("a.com", "/")));
  EXPECT_TRUE(RouteCovers(Route("*.com", "/"), Route("*.a.com", "/")));
  EXPECT_TRUE(RouteCovers(Route("*.com", "/"), Route("*.com", "/")));
  EXPECT_FALSE(RouteCovers(Route("*.a.com", "/"), Route("*.com", "/")));
  EXPECT_FALSE(RouteCovers(Route("*.a.com", "/"), Route("a.com", "/")));
  EXPECT_FALSE(RouteCovers(Route("a.com", "/"), Route("", "/")));
  EXPECT_FALSE(RouteCovers(Route("*.com", "/"), Route("", "/")));
}

}  // namespace
}  // namespace anteroom::frontend
