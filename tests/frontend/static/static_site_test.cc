// What the configuration of a route makes of the fields and types of its files.
#include "frontend/static/static_site.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

TEST(ContentTypesTest, OperatorComesBeforeTheTable) {
  const ContentTypes types(
      NamedTexts{{"HTML", "application/xhtml+xml"}, {"wat", "text/wat"}, {"bin", "a/b; c=d"}});
  EXPECT_EQ(types.Of("/index.html"), "application/xhtml+xml");
  EXPECT_EQ(types.Of("/x.WAT"), "text/wat; charset=utf-8");
  EXPECT_EQ(types.Of("/x.bin"), "a/b; c=d");
  EXPECT_EQ(types.Of("/x.css"), "text/css; charset=utf-8");
  EXPECT_EQ(types.Of("/x.unheardof"), "application/octet-stream");
  EXPECT_EQ(types.Of("/x.wat/y"), "application/octet-stream");
}

TEST(ContentTypesTest, TextKeepsTheCharsetThatIsGiven) {
  const ContentTypes types(
      NamedTexts{{"a", "text/plain; Charset=iso-8859-1"}, {"b", "text/plain; x=y"}});
  EXPECT_EQ(types.Of("x.a"), "text/plain; Charset=iso-8859-1");
  EXPECT_EQ(types.Of("x.b"), "text/plain; x=y; charset=utf-8");
}

TEST(ContentTypesTest, KnowsWhichNamesAreThoseOfFiles) {
  const ContentTypes types(NamedTexts{{"wat", "text/wat"}});
  EXPECT_TRUE(types.Know("/app.js"));
  EXPECT_TRUE(types.Know("/app.wat"));
  EXPECT_TRUE(types.Know("/app.bin"));
  EXPECT_FALSE(types.Know("/users/jane.doe"));
  EXPECT_FALSE(types.Know("/users/"));
}

constexpr size_t kBodyLimit = 65'536;

TEST(StaticSiteTest, HasNoFieldsButNosniffUnlessTold) {
  const StaticSite site(StaticConfig{}, kBodyLimit);
  EXPECT_EQ(site.Always(false), "");
  EXPECT_EQ(site.WithContent(ContentCoding::kIdentity), "X-Content-Type-Options: nosniff\r\n");
}

TEST(StaticSiteTest, LeavesOutOfA304WhatIsAboutTheContent) {
  StaticConfig config;
  config.cache_control = "no-cache";
  config.nosniff = false;
  config.headers = {{"Content-Language", "en"}, {"Vary", "Origin"}, {"X-Frame-Options", "DENY"}};
  const StaticSite site(config, kBodyLimit);
  EXPECT_EQ(site.Always(false),
            "Cache-Control: no-cache\r\nVary: Origin\r\nX-Frame-Options: DENY\r\n");
  EXPECT_EQ(site.WithContent(ContentCoding::kIdentity), "Content-Language: en\r\n");
}

TEST(StaticSiteTest, SaysWhatIsCodedAndThatAnswersVary) {
  StaticConfig config;
  config.cache_control = "no-cache";
  const StaticSite site(config, kBodyLimit);
  EXPECT_EQ(site.Always(true), "Vary: Accept-Encoding\r\nCache-Control: no-cache\r\n");
  EXPECT_EQ(site.WithContent(ContentCoding::kBrotli),
            "Content-Encoding: br\r\nX-Content-Type-Options: nosniff\r\n");
  EXPECT_EQ(site.WithContent(ContentCoding::kZstd),
            "Content-Encoding: zstd\r\nX-Content-Type-Options: nosniff\r\n");
  EXPECT_EQ(site.WithContent(ContentCoding::kGzip),
            "Content-Encoding: gzip\r\nX-Content-Type-Options: nosniff\r\n");
}

TEST(StaticSiteTest, ExpiresIsAnAge) {
  StaticConfig config;
  config.expires = std::chrono::hours(1);
  EXPECT_EQ(StaticSite(config, kBodyLimit).Always(false), "Cache-Control: max-age=3600\r\n");
  config.expires = Duration::zero();
  EXPECT_EQ(StaticSite(config, kBodyLimit).Always(false), "Cache-Control: max-age=0\r\n");
}

TEST(StaticSiteTest, FilesCarryItsFieldsAndTypes) {
  const TempTree tree;
  tree.Write("root/a.wat", "wat");
  StaticConfig config = StaticServer::ConfigOf(tree.Path("root"));
  config.cache_control = "public";
  config.types.emplace_back("wat", "text/wat");
  config.headers.emplace_back("X-Extra", "yes");
  StaticServer server(config);
  StaticRequest request = StaticServer::Request("/a.wat");
  const StaticReply reply = server.Ask(request);
  ASSERT_EQ(reply.status, 200);
  const std::string tag = std::string(reply.file->etag());
  EXPECT_TRUE(
      absl::StartsWith(reply.file->ok_fields(), "Content-Type: text/wat; charset=utf-8\r\n"));
  EXPECT_TRUE(absl::StrContains(
      reply.file->ok_fields(),
      "\r\nCache-Control: public\r\nX-Extra: yes\r\nX-Content-Type-Options: nosniff\r\n"));
  request.conditions.if_none_match = tag;
  const StaticReply again = server.Ask(request);
  ASSERT_EQ(again.status, 304);
  EXPECT_EQ(again.file->not_modified_fields(),
            absl::StrCat("ETag: ", tag, "\r\nCache-Control: public\r\nX-Extra: yes\r\n\r\n"));
}

}  // namespace
}  // namespace anteroom::frontend
