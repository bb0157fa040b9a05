// Files that are compressed as they are asked for.
#include <ctime>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/file_reply.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/decompress.h"
#include "tests/frontend/static/gate.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

constexpr auto kBrotli = ContentCoding::kBrotli;
constexpr auto kGzip = ContentCoding::kGzip;
constexpr auto kIdentity = ContentCoding::kIdentity;

std::string Noise(size_t size) {
  std::mt19937 random(1);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

class CompressionTest : public testing::Test {
 protected:
  CompressionTest() : server_(Config(tree_.MakeDirectory("root"))) {
    Put("a.css", std::string(5000, 'a'));
  }

  static StaticConfig Config(const std::string& root) {
    StaticConfig config = StaticServer::ConfigOf(root);
    config.compress.codings.Add(kBrotli);
    config.compress.codings.Add(kGzip);
    return config;
  }

  void Put(const std::string& name, const std::string& content) {
    tree_.Write("root/" + name, content);
    tree_.SetModified("root/" + name, 1'000'000'000);
  }
  StaticReply Get(absl::string_view path, std::initializer_list<ContentCoding> accepted) {
    StaticRequest request = StaticServer::Request(path);
    for (const ContentCoding coding : accepted) request.codings.Append(coding);
    return server_.Ask(request);
  }
  const StaticCounters& counters() { return server_.cache().counters(); }

  TempTree tree_;
  StaticServer server_;
};

TEST_F(CompressionTest, TheFirstAnswerIsCompressedAlready) {
  for (const ContentCoding coding : {kBrotli, kGzip}) {
    const StaticReply reply = Get("/a.css", {coding});
    ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(reply.file->coding(), coding);
    EXPECT_LT(reply.file->size(), 5000u);
    EXPECT_EQ(reply.file->body().size(), reply.file->size());
    EXPECT_TRUE(Decompress(coding, BodyOf(reply)) == std::string(5000, 'a'));
    const absl::string_view fields = reply.file->ok_fields();
    EXPECT_TRUE(absl::StartsWith(fields, "Content-Type: text/css; charset=utf-8\r\n")) << fields;
    EXPECT_TRUE(absl::StrContains(
        fields, absl::StrCat("\r\nContent-Encoding: ", CodingName(coding), "\r\n")))
        << fields;
    EXPECT_TRUE(absl::StrContains(fields, "\r\nVary: Accept-Encoding\r\n")) << fields;
    EXPECT_TRUE(
        absl::StrContains(fields, absl::StrCat("\r\nContent-Length: ", reply.file->size(), "\r\n")))
        << fields;
  }
  EXPECT_EQ(counters().compressions.value(), 2u);
  EXPECT_EQ(counters().compression_bytes_in.value(), 10'000u);
  EXPECT_LT(counters().compression_bytes_out.value(), 1'000u);
}

TEST_F(CompressionTest, EveryRepresentationHasAnEtagOfItsOwnAndTheSameTime) {
  const auto plain = Get("/a.css", {}).file;
  const auto gzip = Get("/a.css", {kGzip}).file;
  const auto brotli = Get("/a.css", {kBrotli}).file;
  EXPECT_NE(plain->etag(), gzip->etag());
  EXPECT_NE(plain->etag(), brotli->etag());
  EXPECT_NE(gzip->etag(), brotli->etag());
  EXPECT_EQ(plain->last_modified(), gzip->last_modified());
  StaticRequest request = StaticServer::Request("/a.css");
  request.codings.Append(kGzip);
  request.conditions.if_none_match = gzip->etag();
  EXPECT_EQ(server_.Ask(request).status, 304);
  request.conditions.if_none_match = brotli->etag();
  EXPECT_EQ(server_.Ask(request).status, 200);
}

TEST_F(CompressionTest, AnotherLevelIsAnotherEtag) {
  Put("b.css", [] {
    std::string text;
    for (int i = 0; text.size() < 20'000; ++i) absl::StrAppend(&text, i * i, " some text ", i);
    return text;
  }());
  StaticConfig config = Config(tree_.Path("root"));
  config.compress.gzip_level = 1;
  StaticServer other(config);
  StaticRequest request = StaticServer::Request("/b.css");
  request.codings.Append(kGzip);
  EXPECT_NE(other.Ask(request).file->etag(), server_.Ask(request).file->etag())
      << "a client must not put together pieces of both";
}

TEST_F(CompressionTest, LaterAnswersComeFromTheCache) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get("/a.css", {kBrotli, kGzip}).file->coding(), kBrotli);
  EXPECT_EQ(counters().compressions.value(), 1u);
  EXPECT_EQ(counters().misses.value(), 1u);
  EXPECT_EQ(counters().hits.value(), 9u);
}

TEST_F(CompressionTest, OtherTypesAndSizesAreLeftAlone) {
  Put("small.css", std::string(100, 'a'));
  Put("image.png", std::string(5000, 'a'));
  Put("large.css", std::string(100'000, 'a'));
  for (const char* path : {"/small.css", "/image.png", "/large.css"}) {
    const StaticReply reply = Get(path, {kGzip});
    EXPECT_EQ(reply.file->coding(), kIdentity) << path;
    EXPECT_FALSE(absl::StrContains(reply.file->ok_fields(), "Vary")) << path;
  }
  EXPECT_EQ(counters().compressions.value(), 0u);
}

TEST_F(CompressionTest, WhatDoesNotBecomeSmallerIsSentAsItIsAndNotTriedAgain) {
  Put("noise.css", Noise(5000));
  for (int i = 0; i < 3; ++i) {
    const StaticReply reply = Get("/noise.css", {kBrotli, kGzip});
    EXPECT_EQ(reply.file->coding(), kIdentity);
    EXPECT_TRUE(BodyOf(reply) == Noise(5000));
    EXPECT_TRUE(absl::StrContains(reply.file->ok_fields(), "Vary: Accept-Encoding\r\n"));
  }
  EXPECT_EQ(counters().compressions_useless.value(), 1u);
  EXPECT_EQ(counters().misses.value(), 1u);
}

TEST_F(CompressionTest, AChangedFileIsCompressedAgain) {
  const auto before = Get("/a.css", {kGzip}).file;
  tree_.Replace("root/a.css", std::string(6000, 'b'));
  server_.Advance(kStale);
  const StaticReply reply = Get("/a.css", {kGzip});
  EXPECT_EQ(reply.file->coding(), kGzip);
  EXPECT_TRUE(Decompress(kGzip, BodyOf(reply)) == std::string(6000, 'b'));
  EXPECT_NE(reply.file->etag(), before->etag());
}

TEST_F(CompressionTest, AFileBesideItGoesBeforeCompressing) {
  StaticConfig config = Config(tree_.Path("root"));
  config.precompressed.Add(kGzip);
  StaticServer server(config);
  Put("a.css.gz", "gz");
  StaticRequest request = StaticServer::Request("/a.css");
  request.codings.Append(kGzip);
  EXPECT_EQ(BodyOf(server.Ask(request)), "gz");
  EXPECT_EQ(server.cache().counters().compressions.value(), 0u);
  request.codings = CodingPreference();
  request.codings.Append(kBrotli);
  request.codings.Append(kGzip);
  EXPECT_EQ(BodyOf(server.Ask(request)), "gz") << "also where the client likes another one better";
  EXPECT_EQ(server.cache().counters().compressions.value(), 0u);
}

TEST_F(CompressionTest, WhatIsOfNoUseDoesNotComeAndGoBesideAFileThatIsThere) {
  StaticConfig config = Config(tree_.Path("root"));
  config.precompressed.Add(kGzip);
  config.compress.min_size = 1;
  StaticServer server(config);
  Put("tiny.css", "a");
  Put("tiny.css.gz", "gz");
  StaticRequest request = StaticServer::Request("/tiny.css");
  request.codings.Append(kBrotli);
  request.codings.Append(kGzip);
  for (int look = 0; look < 4; ++look) {
    EXPECT_EQ(BodyOf(server.Ask(request)), "gz") << look;
    server.Advance(kStale);
  }
  EXPECT_EQ(server.cache().counters().compressions_useless.value(), 0u);
}

TEST_F(CompressionTest, ADateDoesNotTellOneCodingFromAnother) {
  const auto settled = std::time(nullptr) + 1000;
  const FileIdentity identity{.size = 4, .modified_ns = 1'000'000'000'000'000'000};
  StaticRequest request;
  request.conditions.range = "bytes=2-";
  request.conditions.if_range = "Sun, 09 Sep 2001 01:46:40 GMT";
  EXPECT_EQ(
      FileReply(CachedFile::InMemory(identity, {}, "body", settled), request.conditions).status,
      206);
  const auto one_of_several = CachedFile::InMemory(identity, {.varies = true}, "body", settled);
  EXPECT_EQ(FileReply(one_of_several, request.conditions).status, 200);
  request.conditions.if_range = one_of_several->etag();
  EXPECT_EQ(FileReply(one_of_several, request.conditions).status, 206);
}

TEST_F(CompressionTest, FilesThatClientsMayGetInAnotherCodingSaySo) {
  EXPECT_FALSE(Get("/a.css", {}).file->date_is_strong());
  Put("picture.png", std::string(5000, 'a'));
  EXPECT_EQ(Get("/picture.png", {}).file->date_is_strong(),
            Get("/picture.png", {}).file->settled());
}

TEST_F(CompressionTest, RequestsForOneFileShareOneCompression) {
  Gate gate;  // both threads, so that all of the requests have come before any is answered
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(server_.file_io().Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  }
  gate.AwaitArrivals(2);
  StaticRequest request = StaticServer::Request("/a.css");
  request.codings.Append(kGzip);
  std::vector<std::unique_ptr<StaticFiles::Pending>> pending;
  int right = 0;
  for (int i = 0; i < 50; ++i) {
    pending.push_back(
        server_.files().Serve(request, server_.now(), [&right](const StaticReply& reply) {
          if (reply.file != nullptr && reply.file->coding() == kGzip) ++right;
        }));
  }
  gate.Open();
  EXPECT_TRUE(server_.loop().RunUntil([&] { return right == 50; }));
  EXPECT_EQ(counters().compressions.value(), 1u);
}

TEST_F(CompressionTest, WithoutTimeForItTheFileIsSentAsItIsAndCompressedLater) {
  // The one thread for slow work computes, and all places to wait for it are taken.
  Gate gate;
  ASSERT_TRUE(server_.file_io().Submit(FileIo::Lane::kCompute, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(1);
  Gate last;
  for (size_t i = 1; i < FileIo::kComputeLimit; ++i) {
    ASSERT_TRUE(server_.file_io().Submit(FileIo::Lane::kCompute, [] {}));
  }
  ASSERT_TRUE(server_.file_io().Submit(FileIo::Lane::kCompute, [last] { last.Open(); }));
  // A second look goes by the quick lane, which is free. This one makes the entry that it needs.
  server_.cache().Put(1, "/a.css", StaticCache::Kind::kMissing, nullptr, server_.now(), [] {
    CodingPreference gzip;
    gzip.Append(kGzip);
    return gzip;
  }());
  server_.Advance(kStale);
  const StaticReply reply = Get("/a.css", {kGzip});
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.file->coding(), kIdentity);
  EXPECT_EQ(BodyOf(reply).size(), 5000u);
  EXPECT_EQ(counters().compressions_refused.value(), 1u);
  EXPECT_EQ(Get("/a.css", {kGzip}).file->coding(), kIdentity) << "a hit like any other";
  gate.Open();
  last.Pass();
  server_.Advance(kStale);
  EXPECT_EQ(Get("/a.css", {kGzip}).file->coding(), kGzip);
}

TEST_F(CompressionTest, CompressedFilesStayWithinTheCache) {
  constexpr int kFiles = 300;
  std::string text;
  for (int i = 0; text.size() < 4000; ++i) absl::StrAppend(&text, i * i * 7, ",");
  for (int i = 0; i < kFiles; ++i) Put(absl::StrCat(i, ".css"), text);
  StaticCacheConfig limits;
  limits.memory = 100'000;
  StaticServer server(Config(tree_.Path("root")), limits);
  for (int i = 0; i < kFiles; ++i) {
    StaticRequest request = StaticServer::Request("");
    const std::string path = absl::StrCat("/", i, ".css");
    request.path = path;
    request.codings.Append(kGzip);
    ASSERT_EQ(server.Ask(request).file->coding(), kGzip);
    ASSERT_LE(server.cache().counters().cached_bytes.value(), 100'000);
  }
  EXPECT_GT(server.cache().counters().cached_bytes.value(), 50'000);
  EXPECT_GT(server.cache().counters().evictions.value(), 100u);
}

}  // namespace
}  // namespace anteroom::frontend
