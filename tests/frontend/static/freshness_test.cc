// How long an answer is taken from the cache, and that a change is always seen in time.
#include <string>

#include "gtest/gtest.h"
#include "tests/frontend/static/gate.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;

class FreshnessTest : public testing::Test {
 protected:
  FreshnessTest() : server_(tree_.MakeDirectory("root")) {
    tree_.Write("root/a.txt", "one");
    tree_.SetModified("root/a.txt", 1'000'000'000);
  }

  // Lets the look that the last request began come to its end.
  void FinishRevalidation() {
    const StaticCache::Entry* entry = nullptr;
    ASSERT_TRUE(server_.loop().RunUntil([&] {
      entry = server_.cache().Find(1, "/a.txt");
      return entry == nullptr || !entry->checking;
    }));
  }
  uint64_t revalidations() { return server_.cache().counters().revalidations.value(); }

  TempTree tree_;
  StaticServer server_;
};

TEST_F(FreshnessTest, FreshAnswersAreNotQuestioned) {
  ASSERT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  tree_.Write("root/a.txt", "two");
  server_.Advance(kFresh - milliseconds(1));
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  EXPECT_EQ(revalidations(), 0u);
}

TEST_F(FreshnessTest, StaleAnswerIsGivenOnceMoreWhileItIsLookedAtAgain) {
  ASSERT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  tree_.Write("root/a.txt", "two");
  server_.Advance(kFresh);
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  EXPECT_EQ(revalidations(), 1u) << "one look, however many ask";
  FinishRevalidation();
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "two");
  EXPECT_EQ(server_.cache().counters().misses.value(), 1u);
}

TEST_F(FreshnessTest, TooStaleAnswersAreWaitedFor) {
  ASSERT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  tree_.Write("root/a.txt", "two");
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "two");
}

TEST_F(FreshnessTest, RequestsJoinALookThatTakesTooLong) {
  ASSERT_EQ(server_.Get("/a.txt").status, 200);
  tree_.Write("root/a.txt", "two");
  // Both file-I/O threads are held, so that the look can't end yet.
  Gate gate;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(server_.file_io().Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  }
  gate.AwaitArrivals(2);
  server_.Advance(kFresh);
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  server_.Advance(kStale);
  std::string body;
  const auto pending =
      server_.files().Serve(StaticServer::Request("/a.txt"), server_.now(),
                            [&](const StaticReply& reply) { body = BodyOf(reply); });
  EXPECT_EQ(body, "");
  gate.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return !body.empty(); }));
  EXPECT_EQ(body, "two");
  EXPECT_EQ(revalidations(), 1u);
}

TEST_F(FreshnessTest, UnchangedFileIsKeptAndNotReadAgain) {
  const auto first = server_.Get("/a.txt").file;
  ASSERT_EQ(first->in_memory(), true);
  // Its status was changed just now, so the first looks read it again to be sure.
  server_.Advance(kStale);
  const auto second = server_.Get("/a.txt").file;
  EXPECT_EQ(second->etag(), first->etag());
  EXPECT_EQ(second == first, first->settled());
}

TEST_F(FreshnessTest, RemovedAndReturningFilesAreSeen) {
  ASSERT_EQ(server_.Get("/a.txt").status, 200);
  std::filesystem::remove(tree_.Path("root/a.txt"));
  server_.Advance(kStale);
  EXPECT_EQ(server_.Get("/a.txt").status, 404);
  tree_.Write("root/a.txt", "again");
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "again");
}

TEST_F(FreshnessTest, FileThatBecomesADirectoryIsSeen) {
  ASSERT_EQ(server_.Get("/a.txt").status, 200);
  std::filesystem::remove(tree_.Path("root/a.txt"));
  tree_.MakeDirectory("root/a.txt");
  server_.Advance(kStale);
  EXPECT_EQ(server_.Get("/a.txt").status, 301);
}

TEST_F(FreshnessTest, ChangeThatLeavesSizeAndTimeIsSeen) {
  ASSERT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  tree_.Write("root/a.txt", "two");
  tree_.SetModified("root/a.txt", 1'000'000'000);  // only the change time tells
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "two");
}

TEST_F(FreshnessTest, LargeFileThatIsReplacedIsSeenAndOldTransfersKeepTheOldOne) {
  const std::string old_content(200'000, 'o');
  const std::string new_content(200'000, 'n');
  tree_.Write("root/large", old_content);
  const StaticReply old_reply = server_.Get("/large");
  tree_.Replace("root/large", new_content);
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(server_.Get("/large")), new_content);
  EXPECT_EQ(BodyOf(old_reply), old_content);
}

TEST_F(FreshnessTest, FileThatWasFoundBrokenIsLookedAtAgainAtOnce) {
  tree_.Write("root/large", std::string(200'000, 'o'));
  const auto before = server_.Get("/large").file;
  tree_.Write("root/large", std::string(100'000, 'n'));
  EXPECT_EQ(server_.Get("/large").file, before);
  before->MarkBroken();  // as a sender does that has found its end
  EXPECT_EQ(BodyOf(server_.Get("/large")), std::string(100'000, 'n'));
  EXPECT_NE(server_.Get("/large").file, before);
}

TEST_F(FreshnessTest, ExchangedRootIsSeen) {
  ASSERT_EQ(BodyOf(server_.Get("/a.txt")), "one");
  tree_.Write("next/a.txt", "next release");
  std::filesystem::rename(tree_.Path("root"), tree_.Path("previous"));
  std::filesystem::rename(tree_.Path("next"), tree_.Path("root"));
  server_.Advance(kStale);
  EXPECT_EQ(BodyOf(server_.Get("/a.txt")), "next release");
}

TEST(SettledTest, FileChangedJustBeforeLoadingIsNotTrustedByItsTimeStamps) {
  FileIdentity identity;
  identity.modified_ns = 1'000'000'000;  // second 1
  identity.changed_ns = 50'000'000'000;  // second 50
  EXPECT_FALSE(CachedFile::InMemory(identity, {.content_type = "text/plain"}, "", 50)->settled());
  EXPECT_FALSE(CachedFile::InMemory(identity, {.content_type = "text/plain"}, "", 52)->settled());
  EXPECT_TRUE(CachedFile::InMemory(identity, {.content_type = "text/plain"}, "", 53)->settled());
}

// Otherwise each look would read it, and compress it, anew: a change would have another time.
TEST(SettledTest, FileFromTheFutureIsTrusted) {
  FileIdentity identity;
  identity.modified_ns = 90'000'000'000;
  identity.changed_ns = 50'000'000'000;
  EXPECT_TRUE(CachedFile::InMemory(identity, {.content_type = "text/plain"}, "", 60)->settled());
  EXPECT_FALSE(CachedFile::InMemory(identity, {.content_type = "text/plain"}, "", 91)->settled())
      << "its time is now";
}

}  // namespace
}  // namespace anteroom::frontend
