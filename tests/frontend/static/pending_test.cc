// Requests that wait for a file-I/O thread: cancelled, shared, refused, outliving what they came
// from.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/gate.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

using PendingPtr = std::unique_ptr<StaticFiles::Pending>;

// One file-I/O thread, held at a gate until the test opens it.
class PendingTest : public testing::Test {
 protected:
  PendingTest() : server_(tree_.MakeDirectory("root"), {}, /*threads=*/1, /*queue_limit=*/4) {
    tree_.Write("root/a.txt", "a");
    tree_.Write("root/b.txt", "b");
    EXPECT_TRUE(server_.file_io().Submit(FileIo::Lane::kSlow, [gate = gate_] { gate.Pass(); }));
    gate_.AwaitArrivals(1);
  }
  ~PendingTest() override { gate_.Open(); }

  PendingPtr Serve(absl::string_view path, StaticFiles::Done done) {
    return server_.files().Serve(StaticServer::Request(path), server_.now(), std::move(done));
  }

  TempTree tree_;
  Gate gate_;
  StaticServer server_;
};

TEST_F(PendingTest, CancelledRequestIsNeverAnsweredAndOthersAre) {
  int cancelled = 0;
  int answered = 0;
  PendingPtr first = Serve("/a.txt", [&](const StaticReply&) { ++cancelled; });
  const PendingPtr second = Serve("/a.txt", [&](const StaticReply&) { ++answered; });
  const PendingPtr other = Serve("/b.txt", [&](const StaticReply&) { ++answered; });
  ASSERT_NE(first, nullptr);
  first.reset();
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return answered == 2; }));
  EXPECT_EQ(cancelled, 0);
}

TEST_F(PendingTest, LookGoesOnForTheCacheWhenAllCancelled) {
  PendingPtr only = Serve("/a.txt", [](const StaticReply&) { FAIL() << "was cancelled"; });
  only.reset();
  gate_.Open();
  EXPECT_TRUE(
      server_.loop().RunUntil([&] { return server_.cache().Find(1, "/a.txt") != nullptr; }));
}

TEST_F(PendingTest, RequestsForOnePathShareOneLook) {
  std::vector<PendingPtr> pending;
  std::vector<std::string> bodies;
  for (int i = 0; i < 100; ++i) {
    pending.push_back(
        Serve("/a.txt", [&](const StaticReply& reply) { bodies.push_back(BodyOf(reply)); }));
  }
  EXPECT_EQ(server_.file_io().counts().waiting, 1u);
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return bodies.size() == 100; }));
  EXPECT_EQ(bodies, std::vector<std::string>(100, "a"));
}

TEST_F(PendingTest, EachWaiterGetsItsOwnVerdict) {
  std::vector<int> statuses(3);
  StaticRequest request = StaticServer::Request("/a.txt");
  const PendingPtr plain = server_.files().Serve(
      request, server_.now(), [&](const StaticReply& reply) { statuses[0] = reply.status; });
  std::string value = "*";
  request.conditions.if_none_match = value;
  const PendingPtr conditional = server_.files().Serve(
      request, server_.now(), [&](const StaticReply& reply) { statuses[1] = reply.status; });
  value = "?";  // what the views point at may go after the call
  const PendingPtr missing =
      Serve("/no.txt", [&](const StaticReply& reply) { statuses[2] = reply.status; });
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return statuses[2] != 0; }));
  EXPECT_EQ(statuses, (std::vector<int>{200, 304, 404}));
}

TEST_F(PendingTest, RefusedWithUnavailableWhenTooManyLooksWait) {
  std::vector<PendingPtr> pending;
  std::vector<int> statuses;
  for (int i = 0; i < 6; ++i) {
    pending.push_back(Serve(absl::StrCat("/missing", i),
                            [&](const StaticReply& reply) { statuses.push_back(reply.status); }));
  }
  EXPECT_EQ(statuses, (std::vector<int>{503, 503})) << "at once";
  EXPECT_EQ(pending[5], nullptr);
  EXPECT_EQ(server_.cache().counters().refused.value(), 2u);
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return statuses.size() == 6; }));
  EXPECT_EQ(statuses.back(), 404);
  EXPECT_EQ(server_.Get("/missing5").status, 404) << "a refusal is not remembered";
}

TEST_F(PendingTest, AnswerMayDestroyItsOwnAndOtherHandles) {
  PendingPtr first;
  PendingPtr second;
  int answers = 0;
  first = Serve("/a.txt", [&](const StaticReply&) {
    ++answers;
    first.reset();
    second.reset();
  });
  second = Serve("/a.txt", [&](const StaticReply&) { answers += 100; });
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return answers > 0; }));
  EXPECT_EQ(answers, 1);
}

TEST_F(PendingTest, AnswerMayAskAgain) {
  int status = 0;
  PendingPtr next;
  const PendingPtr first = Serve("/a.txt", [&](const StaticReply&) {
    next = Serve("/a.txt", [&](const StaticReply& reply) { status = reply.status; });
  });
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return status != 0; }));
  EXPECT_EQ(status, 200);
  EXPECT_EQ(next, nullptr) << "from the cache by now";
}

TEST_F(PendingTest, WaitingRequestIsAnsweredAfterItsFilesWereReplaced) {
  std::string body;
  PendingPtr pending = Serve("/a.txt", [&](const StaticReply& reply) { body = BodyOf(reply); });
  server_.DropFiles();  // a reload
  gate_.Open();
  ASSERT_TRUE(server_.loop().RunUntil([&] { return !body.empty(); }));
  EXPECT_EQ(body, "a");
  pending.reset();
  EXPECT_EQ(server_.cache().counters().cached_entries.value(), 0) << "nothing of it stays";
}

TEST_F(PendingTest, CancelledAndReplacedLeavesNothingBehind) {
  PendingPtr pending = Serve("/a.txt", [](const StaticReply&) { FAIL() << "was cancelled"; });
  server_.DropFiles();
  pending.reset();
  gate_.Open();
  bool done = false;
  // Posted by the same thread after the result that nobody wants.
  ASSERT_TRUE(server_.file_io().SubmitContinuation(
      [&, poster = server_.loop().poster()] { poster([&done] { done = true; }); }));
  EXPECT_TRUE(server_.loop().RunUntil([&] { return done; }));
  EXPECT_EQ(server_.cache().counters().cached_entries.value(), 0);
}

}  // namespace
}  // namespace anteroom::frontend
