// Requests whose start is reported before they run, several in one batch, with an I/O thread that
// runs tiny handlers itself.
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "backend/src/link.h"
#include "gtest/gtest.h"
#include "tests/backend/link_fixture.h"

namespace anteroom::backend {
namespace {

constexpr Duration kPatience = std::chrono::seconds(20);

// Replace() may come until the pool has stopped, so one that lasts.
class FakeHelper final : public Helper {
 public:
  void Replace() override {}
};
FakeHelper helper;

class LinkStartTest : public LinkTest {
 protected:
  LinkStartTest() : LinkTest(4) {
    EXPECT_TRUE(router_
                    .Add("*", "/note/{n}",
                         [this](const Request& request, Context&) {
                           Note(std::stoul(request.PathParameter("n")));
                           return Response::Text("noted");
                         })
                    .ok());
    // The first of them waits for the others, when the helper runs it.
    EXPECT_TRUE(router_
                    .Add("*", "/first/{n}",
                         [this](const Request& request, Context&) {
                           const uint64_t id = std::stoul(request.PathParameter("n"));
                           if (id == first_ && std::this_thread::get_id() == here_) AwaitOthers();
                           Note(id);
                           return Response::Text("noted");
                         })
                    .ok());
  }
  ~LinkStartTest() override { WorkerPool::SetHelper(nullptr); }

  void Note(uint64_t id) {
    MutexLock lock(&mu_);
    EXPECT_TRUE(transport_->WasStarted(id)) << id << " runs before its start is on the wire";
    ++runs_[id];
    changed_.NotifyAll();
  }
  void AwaitOthers() {
    const Time deadline = Now() + kPatience;
    MutexLock lock(&mu_);
    while (runs_.size() < ran_before_ + 3) {
      if (!changed_.WaitUntil(&mu_, deadline)) break;
    }
    EXPECT_EQ(runs_.size(), ran_before_ + 3);
  }
  size_t ran() {
    MutexLock lock(&mu_);
    return runs_.size();
  }
  // A batch of `count` requests that must not run twice.
  void ReceiveBatch(absl::string_view path, int count) {
    v1::FrontendFrames frames;
    first_ = next_id_;
    for (int i = 0; i < count; ++i, ++next_id_) {
      v1::Request* request = frames.add_requests();
      *request = MakeRequest(next_id_, absl::StrCat(path, next_id_));
      request->set_method("POST");
      request->set_report_start(true);
    }
    Receive(std::move(frames));
  }
  // From here on this thread is a helper that gets what is tiny.
  void BecomeHelper() {
    transport_->WriteAtOnce(true);
    WorkerPool::SetHelper(&helper);
    const Time deadline = Now() + kPatience;
    while (pool_.counters().helped.value() == 0 && Now() < deadline) {
      ReceiveRequest(MakeRequest(next_id_++, "/size/1"));
      pool_.Help();
      AwaitIdle();
    }
    ASSERT_GT(pool_.counters().helped.value(), 0u);
  }
  // Sends batches until this thread has reported the starts of one of them, or of two at least of
  // it, and has run what it could. A busy machine makes the pool doubt that handlers are tiny, or
  // look for somebody else before this thread comes.
  void Report(absl::string_view path, int count, bool at_once) {
    const Time deadline = Now() + kPatience;
    while (Now() < deadline) {
      // Before any of them can be on its way to run, for a worker may be quicker than this thread.
      transport_->WriteAtOnce(at_once);
      ran_before_ = ran();
      returned_before_ = pool_.counters().returned.value();
      ReceiveBatch(path, count);
      const size_t before = transport_->batches();
      pool_.Help();
      if (transport_->batches() > before) {
        report_ = transport_->Batch(before);
        if (report_.started_size() >= 2) return;
      }
      transport_->WriteAtOnce(true);
      if (transport_->in_flight()) transport_->EndWrite(link_.get());
      AwaitIdle();
    }
    ADD_FAILURE() << "nothing was left to the helper";
  }

  v1::BackendFrames report_;
  size_t ran_before_ = 0;
  uint64_t returned_before_ = 0;
  const std::thread::id here_ = std::this_thread::get_id();
  uint64_t next_id_ = 1;
  std::atomic<uint64_t> first_{0};
  Mutex mu_;
  CondVar changed_;
  std::map<uint64_t, int> runs_ ABSL_GUARDED_BY(mu_);
};

TEST_F(LinkStartTest, StartsOfOneBatchAreReportedTogether) {
  BecomeHelper();
  Report("/note/", 4, /*at_once=*/true);
  AwaitIdle();
  // As many as the pool trusts one thread with.
  EXPECT_GE(report_.started_size(), 2);
  EXPECT_EQ(report_.responses_size(), 0);
  EXPECT_EQ(ran(), ran_before_ + 4);
}

TEST_F(LinkStartTest, WhatIsNotOnTheWireAtOnceWaitsForItWithWorkers) {
  BecomeHelper();
  Report("/note/", 3, /*at_once=*/false);
  EXPECT_EQ(ran(), ran_before_);
  transport_->WriteAtOnce(true);
  transport_->EndWrite(link_.get());
  AwaitIdle();
  EXPECT_EQ(ran(), ran_before_ + 3);
  EXPECT_EQ(transport_->StartedTwice(), 0);
}

TEST_F(LinkStartTest, WorkersRunWhatAHelperIsLateFor) {
  BecomeHelper();
  Report("/first/", 4, /*at_once=*/true);
  AwaitIdle();
  EXPECT_EQ(ran(), ran_before_ + 4);
  EXPECT_EQ(transport_->StartedTwice(), 0);
}

TEST_F(LinkStartTest, WhatWasReportedIsNotGivenBack) {
  BecomeHelper();
  Report("/note/", 2, /*at_once=*/false);
  link_->Drain();
  pool_.Drain();
  transport_->WriteAtOnce(true);
  transport_->EndWrite(link_.get());
  AwaitIdle();
  EXPECT_EQ(ran(), ran_before_ + 2);
  EXPECT_EQ(pool_.counters().returned.value(), returned_before_);
}

TEST_F(LinkStartTest, WhatWasReportedDoesNotRunWhenTheLinkHasEnded) {
  BecomeHelper();
  Report("/note/", 4, /*at_once=*/false);
  link_->OnReadEnd();
  AwaitIdle();
  EXPECT_EQ(ran(), ran_before_);
  transport_->EndWrite(link_.get(), false);
}

TEST_F(LinkStartTest, AReportedRequestThatIsCancelledLeavesItsPlace) {
  BecomeHelper();
  Report("/note/", 3, /*at_once=*/false);
  v1::FrontendFrames frames;
  for (uint64_t id = first_; id < first_ + 3; ++id) frames.add_cancels()->set_id(id);
  Receive(std::move(frames));
  transport_->WriteAtOnce(true);
  transport_->EndWrite(link_.get());
  AwaitIdle();
  EXPECT_EQ(ran(), ran_before_);
}

// Cancels that meet requests anywhere between their report and their end, and batches that are
// partly left to workers: each runs once at most, and none is forgotten.
TEST_F(LinkStartTest, CancelsMayComeAtAnyTime) {
  BecomeHelper();
  for (int round = 0; round < 300; ++round) {
    const uint64_t first = next_id_;
    ReceiveBatch("/note/", 1 + round % 7);
    std::thread canceller([this, first, round] {
      v1::FrontendFrames frames;
      for (uint64_t id = first; id < next_id_; id += 1 + round % 3)
        frames.add_cancels()->set_id(id);
      // OnBatch() is called by one thread at a time: this one, while the other only helps.
      Receive(std::move(frames));
    });
    pool_.Help();
    canceller.join();
    pool_.Help();
    AwaitIdle();
  }
  MutexLock lock(&mu_);
  for (const auto& [id, times] : runs_) EXPECT_EQ(times, 1) << id;
  EXPECT_EQ(transport_->StartedTwice(), 0);
}

}  // namespace
}  // namespace anteroom::backend
