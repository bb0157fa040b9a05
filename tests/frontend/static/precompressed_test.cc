// Files beside a file that hold it compressed: which of them is sent, and when none is.
#include <sys/stat.h>

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

constexpr auto kBrotli = ContentCoding::kBrotli;
constexpr auto kZstd = ContentCoding::kZstd;
constexpr auto kGzip = ContentCoding::kGzip;
constexpr auto kIdentity = ContentCoding::kIdentity;

constexpr int64_t kTime = 1'000'000'000;  // s, of the files unless a test says otherwise

class PrecompressedTest : public testing::Test {
 protected:
  PrecompressedTest() : server_(Config(tree_.MakeDirectory("root"))) { Put("a.js", "plain"); }

  static StaticConfig Config(const std::string& root) {
    StaticConfig config = StaticServer::ConfigOf(root);
    for (const ContentCoding coding : {kBrotli, kZstd, kGzip}) config.precompressed.Add(coding);
    return config;
  }

  void Put(const std::string& name, const std::string& content, int64_t sec = kTime,
           int64_t nsec = 0) {
    tree_.Write("root/" + name, content);
    tree_.SetModified("root/" + name, sec, nsec);
  }

  StaticReply Get(absl::string_view path, std::initializer_list<ContentCoding> accepted) {
    StaticRequest request = StaticServer::Request(path);
    for (const ContentCoding coding : accepted) request.codings.Append(coding);
    return server_.Ask(request);
  }
  // The coding of what is sent for /a.js to a client that takes all.
  ContentCoding Sent() {
    const StaticReply reply = Get("/a.js", {kBrotli, kZstd, kGzip});
    return reply.file == nullptr ? kIdentity : reply.file->coding();
  }

  TempTree tree_;
  StaticServer server_;
};

TEST_F(PrecompressedTest, IsSentWithItsFields) {
  Put("a.js.br", "short");
  const StaticReply reply = Get("/a.js", {kBrotli, kGzip});
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(BodyOf(reply), "short");
  const absl::string_view fields = reply.file->ok_fields();
  EXPECT_TRUE(absl::StartsWith(fields, "Content-Type: text/javascript; charset=utf-8\r\n"))
      << fields;
  EXPECT_TRUE(absl::StrContains(fields, "\r\nContent-Encoding: br\r\n")) << fields;
  EXPECT_TRUE(absl::StrContains(fields, "\r\nVary: Accept-Encoding\r\n")) << fields;
  EXPECT_TRUE(absl::StrContains(fields, "\r\nContent-Length: 5\r\n")) << fields;
  const absl::string_view not_modified = reply.file->not_modified_fields();
  EXPECT_TRUE(absl::StrContains(not_modified, "Vary: Accept-Encoding\r\n"));
  EXPECT_FALSE(absl::StrContains(not_modified, "Content-Encoding"));
}

TEST_F(PrecompressedTest, ClientsOrderDecidesAmongThoseThatAreThere) {
  Put("a.js.gz", "gz");
  Put("a.js.zst", "zst");
  EXPECT_EQ(BodyOf(Get("/a.js", {kBrotli, kZstd, kGzip})), "zst");
  EXPECT_EQ(BodyOf(Get("/a.js", {kGzip, kBrotli, kZstd})), "gz");
  EXPECT_EQ(BodyOf(Get("/a.js", {kBrotli})), "plain");
  EXPECT_EQ(BodyOf(Get("/a.js", {})), "plain");
}

TEST_F(PrecompressedTest, EveryRepresentationHasAnEtagOfItsOwn) {
  Put("a.js.gz", "gz345");  // as large as the file
  Put("a.js.br", "br345");
  const std::string plain(Get("/a.js", {}).file->etag());
  const std::string gzip(Get("/a.js", {kGzip}).file->etag());
  const std::string brotli(Get("/a.js", {kBrotli}).file->etag());
  EXPECT_NE(plain, gzip);
  EXPECT_NE(plain, brotli);
  EXPECT_NE(gzip, brotli);
  StaticRequest request = StaticServer::Request("/a.js");
  request.codings.Append(kGzip);
  request.conditions.if_none_match = gzip;
  EXPECT_EQ(server_.Ask(request).status, 304);
  request.conditions.if_none_match = plain;
  EXPECT_EQ(server_.Ask(request).status, 200);
}

TEST_F(PrecompressedTest, AnswersVaryEvenWhereNothingIsBesideTheFile) {
  EXPECT_TRUE(absl::StrContains(Get("/a.js", {}).file->ok_fields(), "Vary: Accept-Encoding\r\n"));
  EXPECT_TRUE(absl::StrContains(Get("/a.js", {kGzip}).file->not_modified_fields(),
                                "Vary: Accept-Encoding\r\n"));
}

TEST_F(PrecompressedTest, OlderThanTheFileIsNotSent) {
  Put("a.js", "plain", kTime, 500);
  Put("a.js.br", "old", kTime, 499);
  Put("a.js.zst", "old", kTime - 1);
  EXPECT_EQ(Sent(), kIdentity);
  Put("a.js.gz", "as old", kTime, 500);
  server_.Advance(kStale);
  EXPECT_EQ(Sent(), kGzip);
  Put("a.js.br", "newer", kTime, 501);
  server_.Advance(kStale);
  EXPECT_EQ(Sent(), kBrotli);
}

TEST_F(PrecompressedTest, TimeInWholeSecondsIsAsGoodAsTheWholeTime) {
  Put("a.js", "plain", kTime, 999'999'999);
  Put("a.js.br", "by brotli", kTime);
  EXPECT_EQ(Sent(), kBrotli);
  Put("a.js.br", "older", kTime - 1);
  server_.Advance(kStale);
  EXPECT_EQ(Sent(), kIdentity);
}

TEST_F(PrecompressedTest, OnlyRegularFilesBeneathTheRootAreSent) {
  tree_.Write("secret", "not for the public");
  tree_.Write("root/inside", "inside");
  tree_.SymbolicLink("../secret", "root/a.js.br");
  ASSERT_EQ(mkfifo(tree_.Path("root/a.js.zst").c_str(), 0600), 0);
  tree_.MakeDirectory("root/a.js.gz");
  const StaticReply reply = Get("/a.js", {kBrotli, kZstd, kGzip});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(BodyOf(reply), "plain");
  std::filesystem::remove(tree_.Path("root/a.js.br"));
  tree_.SymbolicLink("inside", "root/a.js.br");
  server_.Advance(kStale);
  EXPECT_EQ(Sent(), kIdentity) << "no symbolic links";
}

TEST_F(PrecompressedTest, AnEmptyOneIsWhatWentWrong) {
  Put("a.js.gz", "");
  EXPECT_EQ(Sent(), kIdentity);
}

TEST_F(PrecompressedTest, NothingIsSentForAFileThatIsNotThere) {
  Put("b.js.gz", "gz");
  EXPECT_EQ(Get("/b.js", {kGzip}).status, 404);
  EXPECT_EQ(BodyOf(Get("/b.js.gz", {})), "gz") << "by its own name it is a file like any other";
  tree_.MakeDirectory("root/dir");
  Put("dir.gz", "gz");
  EXPECT_EQ(Get("/dir", {kGzip}).status, 301);
}

TEST_F(PrecompressedTest, StandsForTheIndexOfADirectory) {
  Put("sub/index.html", "<p>plain");
  Put("sub/index.html.gz", "gz");
  const StaticReply reply = Get("/sub/", {kGzip});
  EXPECT_EQ(BodyOf(reply), "gz");
  EXPECT_TRUE(absl::StartsWith(reply.file->ok_fields(), "Content-Type: text/html"));
}

TEST_F(PrecompressedTest, ComingGoingAndChangingAreSeen) {
  EXPECT_EQ(Sent(), kIdentity);
  Put("a.js.gz", "one");
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(Get("/a.js", {kGzip})), "one");
  Put("a.js.gz", "two", kTime + 1);
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(Get("/a.js", {kGzip})), "two");
  Put("a.js", "new release", kTime + 2);
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(Get("/a.js", {kGzip})), "new release");
  Put("a.js.gz", "three", kTime + 2);
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(Get("/a.js", {kGzip})), "three");
  std::filesystem::remove(tree_.Path("root/a.js.gz"));
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(Get("/a.js", {kGzip})), "new release");
  std::filesystem::remove(tree_.Path("root/a.js"));
  server_.Advance(kStale);
  EXPECT_EQ(Get("/a.js", {kGzip}).status, 404);
}

TEST_F(PrecompressedTest, ALargeOneIsSentFromItsDescriptor) {
  const std::string content(200'000, 'z');
  Put("large.js", std::string(1'000'000, 'l'));
  Put("large.js.zst", content);
  const StaticReply reply = Get("/large.js", {kZstd});
  ASSERT_NE(reply.file, nullptr);
  EXPECT_FALSE(reply.file->in_memory());
  EXPECT_EQ(reply.file->size(), content.size());
  EXPECT_TRUE(BodyOf(reply) == content);
}

TEST_F(PrecompressedTest, AnswersAreHitsForEachPreference) {
  Put("a.js.gz", "gz");
  for (int i = 0; i < 3; ++i) {
    Get("/a.js", {kGzip});
    Get("/a.js", {kBrotli, kGzip});
    Get("/a.js", {});
  }
  EXPECT_EQ(server_.cache().counters().misses.value(), 3u);
  EXPECT_EQ(server_.cache().counters().hits.value(), 6u);
}

TEST_F(PrecompressedTest, PreferencesShareOneCopy) {
  // Long ago as far as the file system can tell: only then equal times prove equal bytes.
  const auto plain = Get("/a.js", {}).file;
  const auto same = Get("/a.js", {kBrotli}).file;
  EXPECT_EQ(plain == same, plain->settled());
  EXPECT_EQ(plain->etag(), same->etag());
}

TEST_F(PrecompressedTest, WhatIsNotOfferedMakesNoDifference) {
  StaticConfig config = StaticServer::ConfigOf(tree_.Path("root"));
  config.precompressed.Add(kGzip);
  StaticServer server(config);
  Put("a.js.br", "br");
  StaticRequest request = StaticServer::Request("/a.js");
  EXPECT_EQ(BodyOf(server.Ask(request)), "plain");
  request.codings.Append(kBrotli);
  EXPECT_EQ(BodyOf(server.Ask(request)), "plain");
  EXPECT_EQ(server.cache().counters().misses.value(), 1u);
}

TEST(PrecompressedOffTest, NothingVariesUnlessToldTo) {
  const TempTree tree;
  tree.Write("root/a.js", "plain");
  tree.Write("root/a.js.gz", "gz");
  StaticServer server(tree.Path("root"));
  EXPECT_FALSE(server.files().offers_codings());
  StaticRequest request = StaticServer::Request("/a.js");
  request.codings.Append(kGzip);
  const StaticReply reply = server.Ask(request);
  EXPECT_EQ(BodyOf(reply), "plain");
  EXPECT_FALSE(absl::StrContains(reply.file->ok_fields(), "Vary"));
}

}  // namespace
}  // namespace anteroom::frontend
