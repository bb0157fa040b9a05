// Fallback and error pages: which are shown for what, from the disk and from the cache.
#include "frontend/static/stand_ins.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

class StandInsTest : public testing::Test {
 protected:
  StandInsTest() {
    tree_.Write("root/app.html", "<p>app");
    tree_.Write("root/errors/404.html", "<p>gone");
    tree_.Write("root/errors/503.txt", "busy");
    tree_.Write("root/page.txt", "page");
    tree_.MakeDirectory("root/bare");
    config_ = StaticServer::ConfigOf(tree_.Path("root"));
  }

  TempTree tree_;
  StaticConfig config_;
};

TEST_F(StandInsTest, EachIsAskedForOnce) {
  config_.fallback = "app";
  config_.error_pages = {{"404", "404.html"}, {"503", "503.html"}};
  const ContentTypes types(NamedTexts{});
  const StandIns stand_ins(config_, &types);
  StandIn step;
  EXPECT_EQ(stand_ins.Next(404, "/users/7", &step), "/app");
  EXPECT_EQ(stand_ins.Next(404, "/app", &step), "/404.html");
  EXPECT_EQ(stand_ins.Next(404, "/404.html", &step), "");
  EXPECT_EQ(step.error, 404);
  StandIn other;
  EXPECT_EQ(stand_ins.Next(200, "/x", &other), "");
  EXPECT_EQ(stand_ins.Next(301, "/x", &other), "");
  EXPECT_EQ(stand_ins.Next(500, "/x", &other), "");
  EXPECT_TRUE(other.none());
  EXPECT_EQ(stand_ins.Next(503, "/x", &other), "/503.html");
  StandIn file;
  EXPECT_EQ(stand_ins.Next(404, "/app.js", &file), "/404.html") << "a file is no page";
}

TEST_F(StandInsTest, FallbackIsServedForMissingNames) {
  config_.fallback = "app.html";
  StaticServer server(config_);
  for (int i = 0; i < 2; ++i) {  // the second time from the cache
    for (const char* path : {"/users/7", "/users/jane.doe", "/bare/", "/page.txt/x"}) {
      const StaticReply reply = server.Get(path);
      ASSERT_EQ(reply.status, 200) << path;
      EXPECT_EQ(BodyOf(reply), "<p>app") << path;
    }
    EXPECT_EQ(BodyOf(server.Get("/page.txt")), "page");
    EXPECT_EQ(server.Get("/bare").status, 301);
    for (const char* path : {"/gone.js", "/img/gone.png", "/gone.html", "/.env", "/a//b", "//"}) {
      EXPECT_EQ(server.Get(path).status, 404) << path;
    }
  }
}

TEST_F(StandInsTest, FallbackThatIsADirectoryIsNone) {
  config_.fallback = "bare";
  StaticServer server(config_);
  for (int i = 0; i < 2; ++i) {  // the second time from the cache
    for (const char* path : {"/x", "/x/"}) {
      const StaticReply reply = server.Get(path);
      EXPECT_EQ(reply.status, 404) << path;
      EXPECT_EQ(reply.location, "") << path;
    }
  }
  EXPECT_EQ(server.Get("/bare").location, "/bare/") << "a directory has an address still";
}

TEST_F(StandInsTest, FallbackHasConditionsOfItsOwn) {
  config_.fallback = "app.html";
  StaticServer server(config_);
  const std::string tag(server.Get("/app.html").file->etag());
  for (int i = 0; i < 2; ++i) {
    StaticRequest request = StaticServer::Request("/users/7");
    request.conditions.if_none_match = tag;
    EXPECT_EQ(server.Ask(request).status, 304);
    server.Advance(kStale);
  }
}

TEST_F(StandInsTest, FallbackIsForGetAndHeadOnly) {
  config_.fallback = "app.html";
  StaticServer server(config_);
  EXPECT_EQ(server.Ask(StaticServer::Request("/users/7", "HEAD")).status, 200);
  EXPECT_EQ(server.Ask(StaticServer::Request("/users/7", "POST")).status, 405);
  EXPECT_EQ(server.Ask(StaticServer::Request("/users/7", "OPTIONS")).status, 204);
}

TEST_F(StandInsTest, FallbackThatIsMissingIsNotLookedForForever) {
  config_.fallback = "nowhere";
  StaticServer server(config_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server.Get("/users/7").status, 404);
    EXPECT_EQ(server.Get("/nowhere").status, 404);
    server.Advance(kStale);
  }
}

TEST_F(StandInsTest, MissingNamesTakeNoMoreThanANegativeEach) {
  config_.fallback = "app.html";
  StaticCacheConfig limits;
  limits.names = 10;
  StaticServer server(config_, limits);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(server.Get(absl::StrCat("/users/", i)).status, 200);
  EXPECT_EQ(server.cache().counters().cached_entries.value(), 11);
}

TEST_F(StandInsTest, ManyThatWaitAreAllAnswered) {
  config_.fallback = "app.html";
  StaticServer server(config_);
  int right = 0;
  std::vector<std::unique_ptr<StaticFiles::Pending>> pending;
  for (int i = 0; i < 50; ++i) {
    pending.push_back(server.files().Serve(
        StaticServer::Request(absl::StrCat("/users/", i % 5)), server.now(),
        [&right](const StaticReply& reply) { right += reply.status == 200 ? 1 : 0; }));
  }
  pending.resize(40);  // some leave
  EXPECT_TRUE(server.loop().RunUntil([&right] { return right == 40; })) << right;
}

TEST_F(StandInsTest, ErrorPageHasTheStatusAndNoFile) {
  config_.error_pages = {{"404", "errors/404.html"}};
  config_.cache_control = "max-age=31536000";
  config_.headers.emplace_back("X-Frame-Options", "DENY");
  StaticServer server(config_);
  for (int i = 0; i < 2; ++i) {
    for (const char* path : {"/nowhere", "/gone.js", "/.env", "/bare/", "/a//b"}) {
      StaticRequest request = StaticServer::Request(path);
      request.conditions.if_none_match = "*";
      const StaticReply reply = server.Ask(request);
      ASSERT_EQ(reply.status, 404) << path;
      EXPECT_EQ(reply.file, nullptr) << path;
      ASSERT_NE(reply.page, nullptr) << path;
      EXPECT_EQ(reply.page->body(), "<p>gone") << path;
      EXPECT_EQ(reply.page->content_type(), "text/html; charset=utf-8") << path;
      EXPECT_EQ(reply.page_fields, "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n");
    }
  }
  EXPECT_EQ(server.Get("/errors/404.html").status, 200) << "it is a file like others, too";
}

TEST_F(StandInsTest, PageThatIsMissingLeavesTheStatus) {
  config_.error_pages = {{"404", "nowhere.html"}, {"503", "bare"}};
  StaticServer server(config_);
  for (int i = 0; i < 3; ++i) {
    const StaticReply reply = server.Get("/gone");
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.page, nullptr);
    server.Advance(kStale);
  }
}

TEST_F(StandInsTest, PageOf503ComesFromTheCache) {
  config_.error_pages = {{"503", "errors/503.txt"}};
  StaticServer server(config_);
  ASSERT_EQ(server.Get("/errors/503.txt").status, 200);
  std::filesystem::rename(tree_.Path("root"), tree_.Path("away"));
  const StaticReply reply = server.Get("/page.txt");
  EXPECT_EQ(reply.status, 503);
  ASSERT_NE(reply.page, nullptr);
  EXPECT_EQ(reply.page->body(), "busy");
  server.Advance(kStale);
  EXPECT_EQ(server.Get("/page.txt").status, 503);
  EXPECT_EQ(server.Get("/page.txt").page, nullptr) << "it is gone with the root";
}

TEST_F(StandInsTest, FallbackThatIsMissingHasTheErrorPage) {
  config_.fallback = "nowhere";
  config_.error_pages = {{"404", "errors/404.html"}};
  StaticServer server(config_);
  const StaticReply reply = server.Get("/users/7");
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(reply.page, nullptr);
}

}  // namespace
}  // namespace anteroom::frontend
