// What is answered to which request: files, index, redirects, methods, conditions.
#include "frontend/static/static_files.h"

#include <sys/stat.h>

#include <atomic>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() : server_(tree_.MakeDirectory("root")) {
    tree_.Write("root/hello.txt", "hello");
    tree_.SetModified("root/hello.txt", 784111777, 5);
    tree_.Write("root/docs/index.html", "<p>docs");
    tree_.MakeDirectory("root/bare");
  }

  TempTree tree_;
  StaticServer server_;
};

TEST_F(StaticFilesTest, ServesAFileWithItsFields) {
  const StaticReply reply = server_.Get("/hello.txt");
  ASSERT_EQ(reply.status, 200);
  ASSERT_TRUE(reply.file->in_memory());
  EXPECT_EQ(reply.file->body(), "hello");
  EXPECT_EQ(reply.file->ok_fields(),
            absl::StrCat("Content-Type: text/plain; charset=utf-8\r\n"
                         "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: ",
                         reply.file->etag(), "\r\nAccept-Ranges: bytes\r\n",
                         "X-Content-Type-Options: nosniff\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(reply.file->ok_message(), absl::StrCat(reply.file->ok_fields(), "hello"));
  EXPECT_EQ(reply.file->not_modified_fields(),
            absl::StrCat("ETag: ", reply.file->etag(), "\r\n\r\n"));
}

TEST_F(StaticFilesTest, SecondRequestIsAnsweredFromTheCacheAtOnce) {
  ASSERT_EQ(server_.Get("/hello.txt").status, 200);
  bool answered = false;
  const auto pending = server_.files().Serve(StaticServer::Request("/hello.txt"), server_.now(),
                                             [&](const StaticReply& reply) {
                                               answered = true;
                                               EXPECT_EQ(reply.status, 200);
                                             });
  EXPECT_TRUE(answered);
  EXPECT_EQ(pending, nullptr);
  EXPECT_EQ(server_.cache().counters().hits.value(), 1u);
  EXPECT_EQ(server_.cache().counters().misses.value(), 1u);
}

TEST_F(StaticFilesTest, ServesEmptyFiles) {
  tree_.Write("root/empty.css", "");
  const StaticReply reply = server_.Get("/empty.css");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.file->size(), 0u);
  EXPECT_TRUE(absl::StrContains(reply.file->ok_fields(), "Content-Length: 0\r\n"));
}

TEST_F(StaticFilesTest, LargeFilesComeAsDescriptors) {
  const std::string content(StaticCacheConfig().largest + 1, 'L');
  tree_.Write("root/large.bin", content);
  const StaticReply reply = server_.Get("/large.bin");
  ASSERT_EQ(reply.status, 200);
  ASSERT_FALSE(reply.file->in_memory());
  EXPECT_EQ(reply.file->ok_message(), reply.file->ok_fields());
  EXPECT_EQ(BodyOf(reply), content);
  EXPECT_EQ(server_.cache().counters().cached_descriptors.value(), 1);
}

TEST_F(StaticFilesTest, LargestSmallFileIsKeptInMemory) {
  const std::string content(StaticCacheConfig().largest, 'S');
  tree_.Write("root/small.bin", content);
  const StaticReply reply = server_.Get("/small.bin");
  ASSERT_TRUE(reply.file->in_memory());
  EXPECT_EQ(reply.file->body(), content);
}

TEST_F(StaticFilesTest, HeadIsAnsweredLikeGet) {
  const StaticReply head = server_.Ask(StaticServer::Request("/hello.txt", "HEAD"));
  const StaticReply get = server_.Get("/hello.txt");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.file->ok_fields(), get.file->ok_fields());
}

TEST_F(StaticFilesTest, OtherMethodsAreNotAllowed) {
  for (const absl::string_view method : {"POST", "PUT", "DELETE", "PATCH", "PROPFIND", "get", ""}) {
    const StaticReply reply = server_.Ask(StaticServer::Request("/hello.txt", method));
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.allow, "GET, HEAD, OPTIONS") << method;
  }
}

TEST_F(StaticFilesTest, OptionsTellsWhatIsAllowed) {
  const StaticReply reply = server_.Ask(StaticServer::Request("/hello.txt", "OPTIONS"));
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.allow, "GET, HEAD, OPTIONS");
}

TEST_F(StaticFilesTest, DirectoryWithSlashIsItsIndex) {
  const StaticReply reply = server_.Get("/docs/");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(BodyOf(reply), "<p>docs");
  EXPECT_TRUE(absl::StartsWith(reply.file->ok_fields(), "Content-Type: text/html; charset=utf-8"));
}

TEST_F(StaticFilesTest, RootIsItsIndex) {
  EXPECT_EQ(server_.Get("/").status, 404);
  tree_.Write("root/index.html", "top");
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(server_.Get("/")), "top");
}

TEST_F(StaticFilesTest, DirectoryWithoutSlashIsRedirected) {
  StaticRequest request = StaticServer::Request("/docs");
  request.raw_path = "/static/d%6Fcs";
  request.raw_query = "v=1";
  for (int i = 0; i < 2; ++i) {  // the second time from the cache
    const StaticReply reply = server_.Ask(request);
    EXPECT_EQ(reply.status, 301);
    EXPECT_EQ(reply.location, "/static/d%6Fcs/?v=1");
  }
  EXPECT_EQ(server_.cache().counters().hits.value(), 1u);
}

TEST_F(StaticFilesTest, DirectoryWithoutIndexIsNotFound) {
  EXPECT_EQ(server_.Get("/bare/").status, 404);
  tree_.MakeDirectory("root/odd/index.html");
  EXPECT_EQ(server_.Get("/odd/").status, 404);
}

TEST_F(StaticFilesTest, FileWithSlashIsNotFound) {
  EXPECT_EQ(server_.Get("/hello.txt/").status, 404);
  EXPECT_EQ(server_.Get("/hello.txt/x").status, 404);
}

TEST_F(StaticFilesTest, MissingFilesAreRememberedShortly) {
  EXPECT_EQ(server_.Get("/no").status, 404);
  EXPECT_EQ(server_.Get("/no").status, 404);
  EXPECT_EQ(server_.cache().counters().misses.value(), 1u);
  EXPECT_EQ(server_.cache().counters().hits.value(), 1u);
}

TEST_F(StaticFilesTest, ConditionsAreEvaluatedOnMissAndHit) {
  const std::string etag(server_.Get("/hello.txt").file->etag());
  for (const bool hit : {true, false}) {
    if (!hit) server_.Advance(kStale);
    StaticRequest request = StaticServer::Request("/hello.txt");
    request.conditions.if_none_match = etag;
    const StaticReply reply = server_.Ask(request);
    EXPECT_EQ(reply.status, 304);
    EXPECT_EQ(reply.file->etag(), etag);
  }
  for (const bool hit : {true, false}) {
    if (!hit) server_.Advance(kStale);
    StaticRequest request = StaticServer::Request("/hello.txt", "HEAD");
    request.conditions.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT";
    EXPECT_EQ(server_.Ask(request).status, 304);
    request.conditions.if_none_match = "\"other\"";
    EXPECT_EQ(server_.Ask(request).status, 200);
  }
}

TEST_F(StaticFilesTest, ConditionsDoNotTurnMissingFilesIntoNotModified) {
  StaticRequest request = StaticServer::Request("/no");
  request.conditions.if_none_match = "*";
  EXPECT_EQ(server_.Ask(request).status, 404);
}

TEST_F(StaticFilesTest, TagTellsSizeAndModificationTimeApartAndReplicasAgree) {
  const std::string first(server_.Get("/hello.txt").file->etag());
  EXPECT_TRUE(absl::StartsWith(first, "\"")) << "strong, not weak";
  const auto tag_now = [this] {
    server_.Advance(kStale);
    return std::string(server_.Get("/hello.txt").file->etag());
  };
  EXPECT_EQ(tag_now(), first);
  tree_.SetModified("root/hello.txt", 784111777, 6);  // one nanosecond later
  const std::string later = tag_now();
  EXPECT_NE(later, first);
  tree_.Replace("root/hello.txt", "hello");
  tree_.SetModified("root/hello.txt", 784111777, 6);  // another inode, as on another replica
  EXPECT_EQ(tag_now(), later);
  // As of a deployment that gives every file the same time.
  tree_.Replace("root/hello.txt", "HELLO");
  tree_.SetModified("root/hello.txt", 784111777, 6);
  EXPECT_NE(tag_now(), later);
  tree_.Write("root/hello.txt", "longer");
  tree_.SetModified("root/hello.txt", 784111777, 6);  // another size
  EXPECT_NE(tag_now(), later);
}

TEST_F(StaticFilesTest, NothingIsReadIntoMemoryThatIsShort) {
  static std::atomic<uint64_t> used{1001};  // outlives the files
  server_.cache().SetMemory({&used, 1000});
  const StaticReply reply = server_.Get("/hello.txt");
  EXPECT_FALSE(reply.file->in_memory());
  EXPECT_EQ(BodyOf(reply), "hello");
  used = 1000;
  tree_.Write("root/other.txt", "other");
  EXPECT_TRUE(server_.Get("/other.txt").file->in_memory());
}

TEST_F(StaticFilesTest, TimesTooFarAwayForNanosecondsAreServed) {
  for (const std::time_t time : {13569465599, -12000000000}) {  // 2399 and 1589
    tree_.SetModified("root/hello.txt", time);
    server_.Advance(kStale);
    const std::time_t before = std::time(nullptr);
    const StaticReply reply = server_.Get("/hello.txt");
    ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(reply.file->last_modified() >= before, time > 0);
    EXPECT_EQ(reply.file->date_is_strong(), false) << "it has been changed just now";
  }
}

TEST_F(StaticFilesTest, FileFromTheFutureWasModifiedNow) {
  tree_.SetModified("root/hello.txt", 4102444800);  // 2100
  const std::time_t before = std::time(nullptr);
  const StaticReply reply = server_.Get("/hello.txt");
  EXPECT_GE(reply.file->last_modified(), before);
  EXPECT_LE(reply.file->last_modified(), std::time(nullptr));
}

TEST_F(StaticFilesTest, FileFromBeforeTheEpochHasADate) {
  tree_.SetModified("root/hello.txt", -86400);
  EXPECT_TRUE(absl::StrContains(server_.Get("/hello.txt").file->ok_fields(),
                                "Last-Modified: Wed, 31 Dec 1969 00:00:00 GMT\r\n"));
}

TEST_F(StaticFilesTest, OddNamesAreServedLikeOthers) {
  for (const absl::string_view name : {"a b", "new\nline", "\x01\x7f", "\xff\xfe", "back\\slash",
                                       "%2e%2e", "quote\"'", "~", "a..b"}) {
    tree_.Write(absl::StrCat("root/", name), "odd");
    EXPECT_EQ(BodyOf(server_.Get(absl::StrCat("/", name))), "odd") << name;
  }
}

TEST_F(StaticFilesTest, RootThatVanishedIsUnavailableAndComesBack) {
  std::filesystem::rename(tree_.Path("root"), tree_.Path("away"));
  EXPECT_EQ(server_.Get("/hello.txt").status, 503);
  std::filesystem::rename(tree_.Path("away"), tree_.Path("root"));
  EXPECT_EQ(server_.Get("/hello.txt").status, 200);
}

TEST_F(StaticFilesTest, TwoRootsShareOneCache) {
  StaticConfig config;
  config.root = tree_.MakeDirectory("other");
  tree_.Write("other/hello.txt", "from the other");
  auto other = StaticFiles::Create(config, {}, &server_.cache(), &server_.file_io(),
                                   server_.loop().poster());
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(BodyOf(server_.Get("/hello.txt")), "hello");
  std::string body;
  const auto pending = (*other)->Serve(StaticServer::Request("/hello.txt"), server_.now(),
                                       [&](const StaticReply& reply) { body = BodyOf(reply); });
  ASSERT_TRUE(server_.loop().RunUntil([&] { return !body.empty(); }));
  EXPECT_EQ(body, "from the other");
  EXPECT_EQ(BodyOf(server_.Get("/hello.txt")), "hello");
}

TEST(StaticFilesCreateTest, RefusesWhatCanNotBeServed) {
  const TempTree tree;
  tree.Write("file", "x");
  FileIo file_io(1, 16);
  StaticCache cache({});
  const auto create = [&](const std::string& root, const std::string& index) {
    StaticConfig config;
    config.root = root;
    config.index = index;
    return StaticFiles::Create(config, {}, &cache, &file_io, [](const std::function<void()>&) {})
        .status();
  };
  EXPECT_TRUE(create(tree.top(), "index.html").ok());
  EXPECT_TRUE(create(tree.top(), "").ok());
  EXPECT_FALSE(create(tree.Path("nowhere"), "index.html").ok());
  EXPECT_FALSE(create(tree.Path("file"), "index.html").ok());
  EXPECT_FALSE(create(tree.top(), "../index.html").ok());
  EXPECT_FALSE(create(tree.top(), "sub/index.html").ok());
  EXPECT_FALSE(create(tree.top(), ".hidden").ok());
}

}  // namespace
}  // namespace anteroom::frontend
