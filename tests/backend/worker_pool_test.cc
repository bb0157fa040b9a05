// Real threads, fake front ends, no gRPC: this runs under ThreadSanitizer without a suppression.
#include "backend/src/worker_pool.h"

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "common/mutex.h"
#include "gtest/gtest.h"
#include "tests/backend/gate.h"

namespace anteroom::backend {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A front end that remembers what it is told.
class FakeMember final : public Member {
 public:
  class FakeJob final : public Job {
   public:
    FakeJob(FakeMember* owner, std::function<bool(int)> body)
        : body_(std::move(body)), owner_(owner) {
      member = owner;
    }
    bool Run(int thread) override { return body_(thread); }
    void Deliver(uint32_t grants, Send) override {
      owner_->Note(&owner_->delivered_, this, grants);
    }

   private:
    const std::function<bool(int)> body_;
    FakeMember* const owner_;
  };

  explicit FakeMember(WorkerPool* pool) : pool_(pool) {}

  // A job that this keeps for the length of the test.
  Job* Make(std::function<bool(int)> body = [](int) { return true; }) {
    MutexLock lock(&mu_);
    jobs_.push_back(std::make_unique<FakeJob>(this, std::move(body)));
    return jobs_.back().get();
  }
  // Sends; returns those that were refused.
  std::vector<Job*> Send(std::vector<Job*> jobs) {
    WorkerPool::Arrivals arrivals;
    arrivals.jobs = std::move(jobs);
    pool_->Arrive(this, &arrivals);
    Granted(arrivals.granted);
    return arrivals.jobs;
  }

  void Flush() override {}
  bool ReportStarts(const std::vector<Job*>&, int) override { return false; }
  void Granted(uint32_t places) override {
    MutexLock lock(&mu_);
    grants_ += places;
    changed_.NotifyAll();
  }
  void Returned(const std::vector<Job*>& jobs) override {
    MutexLock lock(&mu_);
    returned_.insert(jobs.begin(), jobs.end());
    changed_.NotifyAll();
  }

  void AwaitDelivered(size_t count) {
    Await("deliveries", [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return delivered_.size() >= count;
    });
  }
  // Sends and waits until it has run, sending again what is given back, as a busy machine makes the
  // pool do. `after_sending` runs on this thread each time.
  void Complete(Job* job, const std::function<void()>& after_sending) {
    bool delivered = false;
    while (!delivered && !::testing::Test::HasFailure()) {
      EXPECT_TRUE(Send({job}).empty());
      after_sending();
      Await("the job", [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
        delivered = delivered_.count(job) > 0;
        return delivered || returned_.erase(job) > 0;
      });
    }
  }
  void AwaitReturned(size_t count) {
    Await("returns",
          [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return returned_.size() >= count; });
  }
  void AwaitGrants(uint32_t count) {
    Await("grants",
          [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return grants_ >= count; });
  }
  std::set<Job*> returned() {
    MutexLock lock(&mu_);
    return returned_;
  }
  // Those that may be sent again.
  std::set<Job*> TakeReturned() {
    MutexLock lock(&mu_);
    return std::exchange(returned_, {});
  }
  size_t delivered() {
    MutexLock lock(&mu_);
    return delivered_.size();
  }
  // Takes all grants that have come.
  uint32_t TakeGrants() {
    MutexLock lock(&mu_);
    return std::exchange(grants_, 0);
  }

 private:
  void Note(std::set<Job*>* where, Job* job, uint32_t grants) {
    MutexLock lock(&mu_);
    where->insert(job);
    grants_ += grants;
    changed_.NotifyAll();
  }
  template <typename Condition>
  void Await(const char* what, Condition condition) {
    const Time deadline = Now() + seconds(20);
    MutexLock lock(&mu_);
    while (!condition()) {
      if (!changed_.WaitUntil(&mu_, deadline) && !condition()) {
        ADD_FAILURE() << "waited in vain for " << what << ": delivered " << delivered_.size()
                      << ", returned " << returned_.size() << ", grants " << grants_;
        return;
      }
    }
  }

  WorkerPool* const pool_;
  Mutex mu_;
  CondVar changed_;
  std::deque<std::unique_ptr<FakeJob>> jobs_ ABSL_GUARDED_BY(mu_);
  std::set<Job*> delivered_ ABSL_GUARDED_BY(mu_);
  std::set<Job*> returned_ ABSL_GUARDED_BY(mu_);
  uint32_t grants_ ABSL_GUARDED_BY(mu_) = 0;
};

class FakeHelper final : public Helper {
 public:
  FakeHelper() { replaced.Open(); }
  void Replace() override { replaced.Pass(); }
  Gate replaced;  // always open: it counts
};

class WorkerPoolTest : public ::testing::Test {
 protected:
  ~WorkerPoolTest() override {
    gate_.Open();
    pool_->Drain();
    for (const auto& member : members_) {
      std::vector<Job*> none;
      pool_->Remove(member.get(), &none);
    }
    pool_->Stop();
  }

  void Start(int threads, int min_threads = 0, Duration idle_timeout = seconds(60)) {
    pool_ = std::make_unique<WorkerPool>(WorkerPool::Options{
        .min_threads = min_threads, .max_threads = threads, .idle_timeout = idle_timeout});
    pool_->Start();
  }
  FakeMember* Join() {
    members_.push_back(std::make_shared<FakeMember>(pool_.get()));
    pool_->Add(members_.back().get());
    return members_.back().get();
  }
  std::function<bool(int)> AtGate() {
    return [this](int) {
      gate_.Pass();
      return true;
    };
  }

  Gate gate_;
  FakeHelper helper_;  // outlives the pool's timer
  std::unique_ptr<WorkerPool> pool_;
  std::vector<std::shared_ptr<FakeMember>> members_;
};

TEST_F(WorkerPoolTest, RunsWhatArrives) {
  Start(2);
  FakeMember* member = Join();
  EXPECT_TRUE(member->Send({member->Make(), member->Make()}).empty());
  member->AwaitDelivered(2);
  EXPECT_TRUE(pool_->AwaitIdle(Now() + seconds(20)));
  EXPECT_EQ(pool_->load().accepted, 0);
  EXPECT_EQ(pool_->counters().accepted.value(), 2u);
}

TEST_F(WorkerPoolTest, RunsAsManyAtOnceAsItHasThreadsAndNoMore) {
  Start(3);
  FakeMember* member = Join();
  std::vector<Job*> jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(member->Make(AtGate()));
  EXPECT_EQ(member->Send(jobs), (std::vector<Job*>{jobs[3], jobs[4]}));
  gate_.AwaitArrived(3);
  EXPECT_EQ(pool_->load().running, 3);
  EXPECT_EQ(pool_->load().limit, 3);
  gate_.Open();
  member->AwaitDelivered(3);
  EXPECT_EQ(pool_->running_max(), 3);
  EXPECT_EQ(pool_->counters().refused.value(), 2u);
}

TEST_F(WorkerPoolTest, NoRequestWaitsWhileAThreadIsIdle) {
  Start(2);
  FakeMember* member = Join();
  member->Send({member->Make(AtGate())});
  gate_.AwaitArrived(1);
  // The second thread takes it, although the first is the one that is awake.
  member->Send({member->Make()});
  member->AwaitDelivered(1);
}

TEST_F(WorkerPoolTest, TellsWhoWasRefusedOfAFreePlace) {
  Start(1);
  FakeMember* busy = Join();
  FakeMember* waiting = Join();
  busy->Send({busy->Make(AtGate())});
  gate_.AwaitArrived(1);
  Job* job = waiting->Make();
  EXPECT_EQ(waiting->Send({job}).size(), 1u);
  gate_.Open();
  waiting->AwaitGrants(1);
  EXPECT_TRUE(waiting->Send({job}).empty());
  waiting->AwaitDelivered(1);
}

TEST_F(WorkerPoolTest, ACancelledJobThatHasNotStartedBelongsToTheCaller) {
  Start(1);
  FakeMember* member = Join();
  Job* running = member->Make(AtGate());
  Job* held = member->Make();
  held->complete = false;
  member->Send({held});
  EXPECT_FALSE(member->Send({running}).empty());  // held has the only place
  std::vector<Job*> cancelled = {held};
  pool_->Update({}, &cancelled);
  EXPECT_EQ(cancelled, std::vector<Job*>{held});
  pool_->Settle();
  EXPECT_EQ(member->TakeGrants(), 1u);
  EXPECT_TRUE(member->Send({running}).empty());
  gate_.AwaitArrived(1);
  cancelled = {running};
  pool_->Update({}, &cancelled);
  EXPECT_TRUE(cancelled.empty());
}

TEST_F(WorkerPoolTest, AJobRunsOnceItsBodyIsComplete) {
  Start(1);
  FakeMember* member = Join();
  Job* job = member->Make();
  job->complete = false;
  member->Send({job});
  EXPECT_EQ(pool_->load().accepted, 1);
  EXPECT_EQ(pool_->queued(), 0);
  std::vector<Job*> none;
  pool_->Update({job}, &none);
  member->AwaitDelivered(1);
}

TEST_F(WorkerPoolTest, AJobThatDidNothingFreesItsPlace) {
  Start(1);
  FakeMember* member = Join();
  member->Send({member->Make([](int) { return false; })});
  member->AwaitDelivered(1);
  EXPECT_TRUE(pool_->AwaitIdle(Now() + seconds(20)));
  EXPECT_EQ(pool_->mean_service().count(), 0);
}

TEST_F(WorkerPoolTest, DrainGivesBackWhatHasNotStarted) {
  Start(2);
  FakeMember* member = Join();
  Job* held = member->Make();
  held->complete = false;
  Job* running = member->Make(AtGate());
  member->Send({running, held});
  gate_.AwaitArrived(1);
  pool_->Drain();
  EXPECT_EQ(member->returned(), std::set<Job*>{held});
  EXPECT_EQ(member->Send({member->Make()}).size(), 1u);
  EXPECT_FALSE(pool_->AwaitIdle(Now()));
  gate_.Open();
  EXPECT_TRUE(pool_->AwaitIdle(Now() + seconds(20)));
}

TEST_F(WorkerPoolTest, ThreadsStartOnDemandAndEndWhenIdle) {
  Start(4, 1, milliseconds(1));
  FakeMember* member = Join();
  std::vector<Job*> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(member->Make(AtGate()));
  member->Send(jobs);
  gate_.AwaitArrived(4);
  EXPECT_EQ(pool_->threads(), 4);
  gate_.Open();
  member->AwaitDelivered(4);
  const Time deadline = Now() + seconds(20);
  while (pool_->threads() > 1 && Now() < deadline) std::this_thread::yield();
  EXPECT_EQ(pool_->threads(), 1);
  // And come back.
  member->Send({member->Make(), member->Make()});
  member->AwaitDelivered(6);
}

TEST_F(WorkerPoolTest, ThreadsThatRunAtTheSameTimeHaveDifferentNumbers) {
  Start(3);
  FakeMember* member = Join();
  Mutex mu;
  std::set<int> numbers;
  const auto note = [&](int thread) {
    {
      MutexLock lock(&mu);
      numbers.insert(thread);
    }
    gate_.Pass();
    return true;
  };
  member->Send({member->Make(note), member->Make(note), member->Make(note)});
  gate_.AwaitArrived(3);
  MutexLock lock(&mu);
  EXPECT_EQ(numbers, (std::set<int>{0, 1, 2}));
}

TEST_F(WorkerPoolTest, AMemberThatLeavesTakesItsUnstartedJobsAlong) {
  Start(1);
  FakeMember* member = Join();
  Job* held = member->Make();
  held->complete = false;
  member->Send({held});
  std::vector<Job*> unfinished = {held};
  pool_->Remove(member, &unfinished);
  EXPECT_EQ(unfinished, std::vector<Job*>{held});
  EXPECT_EQ(pool_->load().accepted, 0);
}

// Tiny jobs teach the pool to prefetch; then all threads get stuck, and what waits behind them is
// given back.
TEST_F(WorkerPoolTest, GivesBackWhatWaitsBehindStuckThreads) {
  Start(1);
  FakeMember* member = Join();
  FakeMember* other = Join();
  // Far away and quickly done: worth taking requests in advance.
  WorkerPool::Arrivals arrivals;
  arrivals.jobs = {member->Make()};
  arrivals.round_trip = milliseconds(1);
  pool_->Arrive(member, &arrivals);
  ASSERT_TRUE(pool_->AwaitIdle(Now() + seconds(20)));
  ASSERT_GT(pool_->load().limit, 1);
  other->Send({other->Make(AtGate())});
  gate_.AwaitArrived(1);
  Job* behind = other->Make();
  ASSERT_TRUE(other->Send({behind}).empty());
  other->AwaitReturned(1);
  EXPECT_EQ(other->returned(), std::set<Job*>{behind});
  EXPECT_EQ(pool_->load().accepted, 1);
}

// A thread of the test's that helps out.
class WorkerPoolHelperTest : public WorkerPoolTest {
 protected:
  // Sends one job at a time from the calling thread, a helper from here on, until one is left to
  // it: at first the pool does not know that they are tiny, and a busy machine may make it doubt.
  // That job does `body`.
  WorkerPool::Helped UntilHelped(
      FakeMember* member, std::function<void(int)> body = [](int) {}) {
    WorkerPool::SetHelper(&helper_);
    const std::thread::id here = std::this_thread::get_id();
    bool helped = false;
    WorkerPool::Helped result = WorkerPool::Helped::kDone;
    const Time deadline = Now() + seconds(20);
    while (!helped && Now() < deadline) {
      Job* job = member->Make([&](int thread) {
        if (std::this_thread::get_id() == here) {
          helped = true;
          body(thread);
        }
        return true;
      });
      member->Complete(job, [&] { result = pool_->Help(); });
    }
    WorkerPool::SetHelper(nullptr);
    EXPECT_TRUE(helped);
    return result;
  }
};

TEST_F(WorkerPoolHelperTest, RunsTinyJobsWithTheNumberOfAnIdleWorker) {
  Start(2, 2);
  FakeMember* member = Join();
  int number = -1;
  UntilHelped(member, [&](int thread) {
    number = thread;
    EXPECT_EQ(pool_->load().running, 1);
  });
  EXPECT_GE(number, 0);
  EXPECT_LT(number, 2);
  EXPECT_TRUE(pool_->AwaitIdle(Now() + seconds(20)));
}

TEST_F(WorkerPoolHelperTest, IsReplacedWhenItsJobTakesLongAndWorkersTakeTheOthers) {
  Start(2, 2);
  FakeMember* member = Join();
  FakeMember* other = Join();
  WorkerPool::Helped result = WorkerPool::Helped::kDone;
  std::thread helper([&] { result = UntilHelped(member, [this](int) { gate_.Pass(); }); });
  gate_.AwaitArrived(1);
  helper_.replaced.AwaitArrived(1);
  other->Complete(other->Make(), [] {});
  EXPECT_EQ(pool_->load().limit - pool_->load().running, 1);
  gate_.Open();
  helper.join();
  EXPECT_EQ(result, WorkerPool::Helped::kReplaced);
  EXPECT_LE(pool_->running_max(), 2);
  // And helps again, with all workers there.
  UntilHelped(member);
}

TEST_F(WorkerPoolHelperTest, WorkersRunWhatAHelperDoesNotComeFor) {
  Start(2, 2);
  FakeMember* member = Join();
  UntilHelped(member);
  for (int i = 0; i < 20; ++i) {
    WorkerPool::SetHelper(&helper_);
    member->Complete(member->Make(), [] { WorkerPool::SetHelper(nullptr); });
    pool_->Help();
  }
}

TEST_F(WorkerPoolHelperTest, TakesItsPlaceAmongTheThreads) {
  Start(2, 2);
  FakeMember* member = Join();
  FakeMember* other = Join();
  std::thread helper([&] { UntilHelped(member, [this](int) { gate_.Pass(); }); });
  gate_.AwaitArrived(1);
  std::thread sender([&] { other->Complete(other->Make(AtGate()), [] {}); });
  gate_.AwaitArrived(2);
  EXPECT_EQ(pool_->load().running, 2);
  EXPECT_EQ(other->Send({other->Make()}).size(), 1u);  // no third
  gate_.Open();
  helper.join();
  sender.join();
  EXPECT_EQ(pool_->running_max(), 2);
}

TEST_F(WorkerPoolHelperTest, GetsNoJobThatNeedsAWorker) {
  Start(2, 2);
  FakeMember* member = Join();
  UntilHelped(member);
  WorkerPool::SetHelper(&helper_);
  const std::thread::id here = std::this_thread::get_id();
  for (int i = 0; i < 100; ++i) {
    Job* job = member->Make([here](int) {
      EXPECT_NE(std::this_thread::get_id(), here);
      return true;
    });
    job->needs_worker = true;
    member->Complete(job, [this] { EXPECT_EQ(pool_->Help(), WorkerPool::Helped::kDone); });
  }
  WorkerPool::SetHelper(nullptr);
}

TEST_F(WorkerPoolHelperTest, WithOneThreadEveryHandlerRunsOnThatThread) {
  Start(1, 1);
  FakeMember* member = Join();
  WorkerPool::SetHelper(&helper_);
  std::set<std::thread::id> seen;
  for (int i = 0; i < 100; ++i) {
    Job* job = member->Make([&seen](int) {
      seen.insert(std::this_thread::get_id());
      return true;
    });
    member->Complete(job, [this] { EXPECT_EQ(pool_->Help(), WorkerPool::Helped::kDone); });
  }
  WorkerPool::SetHelper(nullptr);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen.count(std::this_thread::get_id()), 0u);
}

TEST_F(WorkerPoolHelperTest, AWorkerWhosePlaceWasTakenEndsAfterwards) {
  Start(4, 0, milliseconds(1));
  FakeMember* member = Join();
  UntilHelped(member, [](int) {
    const Time enough = Now() + milliseconds(5);
    while (Now() < enough) std::this_thread::yield();
  });
  const Time deadline = Now() + seconds(20);
  while (pool_->threads() > 0 && Now() < deadline) std::this_thread::yield();
  EXPECT_EQ(pool_->threads(), 0);
}

TEST_F(WorkerPoolTest, SurvivesManyMembersAtOnce) {
  Start(4, 1, milliseconds(1));
  constexpr int kMembers = 4;
  constexpr int kJobs = 2000;
  for (int i = 0; i < kMembers; ++i) Join();
  std::vector<std::thread> senders;
  for (int i = 0; i < kMembers; ++i) {
    senders.emplace_back([member = members_[static_cast<size_t>(i)].get()] {
      std::vector<Job*> unsent;
      for (int job = 0; job < kJobs; ++job) unsent.push_back(member->Make());
      while (!unsent.empty()) {
        const size_t batch = std::min<size_t>(unsent.size(), 7);
        std::vector<Job*> jobs(unsent.end() - static_cast<std::ptrdiff_t>(batch), unsent.end());
        unsent.resize(unsent.size() - batch);
        const std::vector<Job*> refused = member->Send(jobs);
        unsent.insert(unsent.end(), refused.begin(), refused.end());
        if (!refused.empty()) {
          member->AwaitGrants(1);
          member->TakeGrants();
        }
        for (Job* returned : member->TakeReturned()) unsent.push_back(returned);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(pool_->AwaitIdle(Now() + seconds(60)));
  pool_->Stop();  // the last deliveries come after that
  size_t done = 0;
  for (const auto& member : members_) done += member->delivered() + member->returned().size();
  EXPECT_EQ(done, size_t{kMembers} * kJobs);
  EXPECT_LE(pool_->running_max(), 4);
}

}  // namespace
}  // namespace anteroom::backend
