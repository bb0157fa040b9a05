// What a static route may say about its answers. The section begins in line 3.
#include "frontend/config_check_static.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/config_testing.h"

namespace anteroom::frontend {
namespace {

// The faults of one route with these lines in its section, which stand from line 4 on.
std::string FaultsOf(const std::string& lines) {
  return Faults(
      absl::StrCat("listeners: [{address: '0.0.0.0:80'}]\nroutes:\n  - path: /\n"
                   "    static:\n      root: /srv\n",
                   lines));
}

// The reason for the only fault of one line, without its place.
std::string ReasonFor(const std::string& line) {
  std::string faults = FaultsOf(absl::StrCat("      ", line, "\n"));
  if (faults.empty()) return "";
  faults.pop_back();
  return faults.substr(faults.find("static.") + 7);
}

TEST(CheckStaticOptionsTest, TakesWhatMakesSense) {
  EXPECT_EQ(FaultsOf("      cache_control: public, max-age=60\n"
                     "      headers: {X-Frame-Options: DENY, Vary: Origin}\n"
                     "      types: {md: text/plain, WAT: 'text/wat; charset=us-ascii'}\n"),
            "");
  EXPECT_EQ(ReasonFor("expires: 0s"), "");
  EXPECT_EQ(ReasonFor("expires: 60000ms"), "");
}

TEST(CheckStaticOptionsTest, NamesKeyAndPlace) {
  EXPECT_EQ(
      FaultsOf("      cache_control: forever and ever\n      headers:\n        Date: now\n"),
      "f:6:22: routes[0].static.cache_control: 'forever and ever' is not a list of directives "
      "such as 'public, max-age=60'\n"
      "f:8:9: routes[0].static.headers.Date: 'Date' is for the server to say\n");
}

TEST(CheckStaticOptionsTest, CachingIsSaidOnce) {
  EXPECT_EQ(ReasonFor("cache_control: ''"), "cache_control: '' is empty");
  EXPECT_EQ(ReasonFor("expires: 1500ms"), "expires: 1500ms is not a number of whole seconds");
  EXPECT_EQ(FaultsOf("      expires: 1h\n      cache_control: public\n"),
            "f:6:16: routes[0].static.expires: goes without cache_control, which says it with "
            "max-age\n");
}

TEST(CheckStaticOptionsTest, HeadersAreFieldsThatNobodyElseSays) {
  EXPECT_EQ(ReasonFor("headers: {'a b': c}"), "headers.a b: 'a b' is not the name of a field");
  EXPECT_EQ(ReasonFor("headers: {Content-Length: 5}"),
            "headers.Content-Length: 'Content-Length' is about the connection, which the server "
            "decides");
  EXPECT_EQ(ReasonFor("headers: {cache-control: public}"),
            "headers.cache-control: 'cache-control' is what static.cache_control or static.expires "
            "says");
  EXPECT_EQ(ReasonFor("headers: {X-A: \"b\\r\\nc\"}"),
            "headers.X-A: 'b\\r\\nc' holds a byte that is not printable ASCII");
  EXPECT_EQ(ReasonFor("headers: {X-A: b, x-a: c}"),
            "headers.x-a: 'x-a' is given twice, but for upper and lower case");
  EXPECT_EQ(ReasonFor("headers: {X-A: [b]}"), "headers.X-A: must be a single value");
  EXPECT_EQ(ReasonFor("headers: {X-A: " + std::string(8190, 'a') + "}"), "headers: more than 8KiB");
}

TEST(CheckStaticOptionsTest, TypesAreMediaTypesByExtension) {
  EXPECT_EQ(ReasonFor("types: {.md: text/plain}"),
            "types..md: '.md' has a dot: only what follows the last one counts");
  EXPECT_EQ(ReasonFor("types: {'a/b': text/plain}"),
            "types.a/b: 'a/b' is not the extension of a file");
  EXPECT_EQ(ReasonFor("types: {md: markdown}"),
            "types.md: 'markdown' is not a media type such as 'text/plain'");
  EXPECT_EQ(ReasonFor("types: {md: a/b, MD: a/c}"),
            "types.MD: 'MD' is given twice, but for upper and lower case");
}

TEST(CheckStaticOptionsTest, StandInsAreFilesBelowTheRoot) {
  EXPECT_EQ(ReasonFor("fallback: app/index.html"), "");
  EXPECT_EQ(ReasonFor("fallback: /index.html"),
            "fallback: '/index.html' begins with '/': it is below the root");
  EXPECT_EQ(ReasonFor("fallback: ''"), "fallback: '' is empty");
  EXPECT_EQ(ReasonFor("fallback: ../index.html"),
            "fallback: '../index.html' holds a '.' or '..' segment");
  EXPECT_EQ(ReasonFor("fallback: a//b"), "fallback: 'a//b' is not the path of a file");
  EXPECT_EQ(ReasonFor("fallback: a/"), "fallback: 'a/' is not the path of a file");
  EXPECT_EQ(ReasonFor("fallback: .app/x"),
            "fallback: '.app/x' is hidden, which this route does not serve");
  EXPECT_EQ(FaultsOf("      fallback: .app/x\n      hidden: true\n"), "");
  EXPECT_EQ(ReasonFor("fallback: \"a\\nb\""), "fallback: 'a\\nb' holds a control character");
  EXPECT_EQ(ReasonFor("error_pages: {404: 404.html, 500: e.html, 503: e.html}"), "");
  EXPECT_EQ(ReasonFor("error_pages: {403: 403.html}"),
            "error_pages.403: '403' is not one of 404, 500, 503");
  EXPECT_EQ(ReasonFor("error_pages: {404: ../x}"),
            "error_pages.404: '../x' holds a '.' or '..' segment");
}

}  // namespace
}  // namespace anteroom::frontend
