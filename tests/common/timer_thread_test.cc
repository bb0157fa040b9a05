#include "common/timer_thread.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;

// What happened, in order.
class Record {
 public:
  void Add(std::string what) {
    MutexLock lock(&mu_);
    entries_.push_back(std::move(what));
    changed_.NotifyAll();
  }

  TimerThread::Work Adding(std::string what) {
    return [this, what = std::move(what)] { Add(what); };
  }

  // As soon as there are so many; with fewer after ten seconds, those.
  std::vector<std::string> Await(size_t count) {
    const Time deadline = Now() + std::chrono::seconds(10);
    MutexLock lock(&mu_);
    while (entries_.size() < count && changed_.WaitUntil(&mu_, deadline)) {
    }
    return entries_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<std::string> entries_ ABSL_GUARDED_BY(mu_);
};

// Keeps a thread busy until it is told to go on.
class Barrier {
 public:
  TimerThread::Work Blocking() {
    return [this] {
      MutexLock lock(&mu_);
      while (!open_) opened_.Wait(&mu_);
    };
  }
  void Open() {
    MutexLock lock(&mu_);
    open_ = true;
    opened_.NotifyAll();
  }

 private:
  Mutex mu_;
  CondVar opened_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
};

TEST(TimerThreadTest, RunsInTheOrderOfTimes) {
  Record record;
  TimerThread thread("test");
  const Time now = Now();
  thread.RunAt(now + milliseconds(30), record.Adding("third"));
  thread.RunAt(now + milliseconds(10), record.Adding("first"));
  thread.RunAt(now + milliseconds(20), record.Adding("second"));
  EXPECT_THAT(record.Await(3), ElementsAre("first", "second", "third"));
}

TEST(TimerThreadTest, RunsWhatHasTheSameTimeInTheOrderInWhichItCame) {
  Record record;
  TimerThread thread("test");
  const Time when = Now() + milliseconds(5);
  for (const char* name : {"a", "b", "c", "d"}) thread.RunAt(when, record.Adding(name));
  EXPECT_THAT(record.Await(4), ElementsAre("a", "b", "c", "d"));
}

TEST(TimerThreadTest, NeverRunsEarly) {
  Record record;
  std::atomic<int> early{0};
  TimerThread thread("test");
  for (int i = 0; i < 50; ++i) {
    const Time when = Now() + milliseconds(i % 7);
    thread.RunAt(when, [&, when] {
      if (Now() < when) early.fetch_add(1);
      record.Add("ran");
    });
  }
  EXPECT_EQ(record.Await(50).size(), 50u);
  EXPECT_EQ(early.load(), 0);
}

TEST(TimerThreadTest, IsWokenForWhatIsDueBeforeWhatItSleepsFor) {
  Record record;
  TimerThread thread("test");
  thread.RunAt(Now() + hours(1), record.Adding("in an hour"));
  thread.RunAt(Now() + milliseconds(5), record.Adding("soon"));
  EXPECT_THAT(record.Await(1), ElementsAre("soon"));
  thread.Run(record.Adding("at once"));
  EXPECT_THAT(record.Await(2), ElementsAre("soon", "at once"));
}

TEST(TimerThreadTest, TakesTheEndOfTime) {
  Record record;
  TimerThread thread("test");
  const TimerThread::Handle never = thread.RunAt(Time::max(), record.Adding("never"));
  thread.Run(record.Adding("now"));
  EXPECT_THAT(record.Await(1), ElementsAre("now"));
  EXPECT_TRUE(thread.Cancel(never));
}

TEST(TimerThreadTest, CancelledWorkIsDestroyedAtOnceAndNeverRuns) {
  Record record;
  TimerThread thread("test");
  auto kept = std::make_shared<int>(1);
  const TimerThread::Handle handle =
      thread.RunAt(Now() + milliseconds(20), [&record, kept] { record.Add("cancelled"); });
  EXPECT_TRUE(thread.Cancel(handle));
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_FALSE(thread.Cancel(handle));
  thread.RunAt(Now() + milliseconds(25), record.Adding("later"));
  EXPECT_THAT(record.Await(1), ElementsAre("later"));
}

TEST(TimerThreadTest, WhatRunsOrHasRunCannotBeCancelled) {
  Record record;
  Barrier barrier;
  TimerThread thread("test");
  const TimerThread::Handle running =
      thread.RunAt(Now(), [&, block = barrier.Blocking()]() mutable {
        record.Add("runs");
        block();
      });
  record.Await(1);
  EXPECT_FALSE(thread.Cancel(running));
  barrier.Open();
  thread.Run(record.Adding("after"));
  EXPECT_THAT(record.Await(2), ElementsAre("runs", "after"));
  EXPECT_FALSE(thread.Cancel(running));
}

TEST(TimerThreadTest, WorkMayAddAndCancelWork) {
  Record record;
  TimerThread thread("test");
  const TimerThread::Handle unwanted = thread.RunAt(Now() + hours(1), record.Adding("unwanted"));
  thread.Run([&] {
    record.Add(thread.IsCurrent() ? "on the thread" : "elsewhere");
    record.Add(thread.Cancel(unwanted) ? "cancelled" : "not cancelled");
    thread.Run(record.Adding("added"));
  });
  EXPECT_THAT(record.Await(3), ElementsAre("on the thread", "cancelled", "added"));
  EXPECT_FALSE(thread.IsCurrent());
}

TEST(TimerThreadTest, TakesWorkFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::atomic<int> ran{0};
  std::atomic<int> cancelled{0};
  {
    TimerThread thread("test");
    std::vector<std::thread> givers;
    for (int t = 0; t < kThreads; ++t) {
      givers.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          thread.Run([&ran] { ran.fetch_add(1); });
          const auto handle =
              thread.RunAt(Now() + std::chrono::microseconds(i % 50), [&ran] { ran.fetch_add(1); });
          if (i % 2 == 0 && thread.Cancel(handle)) cancelled.fetch_add(1);
        }
      });
    }
    for (std::thread& giver : givers) giver.join();
    // Whatever was due by now runs before this does.
    Record record;
    thread.RunAt(Now() + milliseconds(1), record.Adding("last"));
    EXPECT_THAT(record.Await(1), ElementsAre("last"));
  }
  EXPECT_EQ(ran.load() + cancelled.load(), 2 * kThreads * kEach);
}

TEST(TimerThreadTest, StopRunsWhatIsDueAndDestroysTheRest) {
  Record record;
  Barrier barrier;
  auto kept = std::make_shared<int>(1);
  TimerThread thread("test");
  thread.Run(barrier.Blocking());
  thread.Run(record.Adding("due"));
  thread.RunAt(Now() + hours(1), [&record, kept] { record.Add("not due"); });
  std::thread stopper([&] { thread.Stop(); });
  barrier.Open();
  stopper.join();
  EXPECT_THAT(record.Await(1), ElementsAre("due"));
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(TimerThreadTest, NothingRunsAfterStop) {
  Record record;
  auto kept = std::make_shared<int>(1);
  TimerThread thread("test");
  thread.Stop();
  const TimerThread::Handle handle = thread.RunAt(Now(), [&record, kept] { record.Add("ran"); });
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_FALSE(thread.Cancel(handle));
  thread.Stop();
  EXPECT_TRUE(record.Await(0).empty());
}

}  // namespace
}  // namespace anteroom
