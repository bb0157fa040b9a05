#include "frontend/net/loop.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "frontend/net/event_handles.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/net/loop_thread.h"

namespace anteroom::frontend {
namespace {

using testing::ElementsAre;

TEST(LoopTest, RunsWhatManyThreadsPostInOrderAndLosesNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  std::vector<std::vector<int>> seen(kThreads);  // the loop's own
  {
    LoopThread loop;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) loop.loop()->Post([&seen, t, i] { seen[t].push_back(i); });
      });
    }
    for (std::thread& thread : threads) thread.join();
  }  // what was posted before Stop() still runs
  for (int t = 0; t < kThreads; ++t) {
    ASSERT_EQ(seen[t].size(), static_cast<size_t>(kEach));
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(seen[t][i], i);
  }
}

// Each post finds the loop asleep or about to fall asleep: a lost wake-up would hang it.
TEST(LoopTest, PostWakesASleepingLoop) {
  LoopThread loop;
  int runs = 0;
  for (int i = 0; i < 5000; ++i) {
    loop.Do([&] { ++runs; });
  }
  EXPECT_EQ(runs, 5000);
}

TEST(LoopTest, WhatIsPostedByAPostedFunctionRunsToo) {
  LoopThread loop;
  Signal done;
  loop.loop()->Post([&] { loop.loop()->Post([&] { loop.loop()->Post([&] { done.Set(); }); }); });
  EXPECT_TRUE(done.Wait());
}

TEST(LoopTest, WhatWasPostedBeforeRunAndStopStillRuns) {
  Loop loop;
  int runs = 0;
  loop.Post([&] { ++runs; });
  loop.Stop();
  loop.Post([&] { ++runs; });
  loop.Run();
  EXPECT_EQ(runs, 2);
}

TEST(LoopTest, AFunctionThatNeverRanIsDestroyedWithTheLoop) {
  const auto resource = std::make_shared<int>(0);
  {
    Loop loop;
    loop.Post([resource] {});
    loop.Defer([resource] {});
    EXPECT_EQ(resource.use_count(), 3);
  }
  EXPECT_EQ(resource.use_count(), 1);
}

TEST(LoopTest, DeferredFunctionsRunAfterPostedOnesAndBeforeTurnEnds) {
  class Hook final : public Loop::TurnEnd {
   public:
    explicit Hook(std::vector<std::string>* order) : order_(order) {}
    void OnTurnEnd() override { order_->push_back("turn end"); }

   private:
    std::vector<std::string>* const order_;
  };
  std::vector<std::string> order;
  Hook hook(&order);
  Loop loop;
  loop.Post([&] {
    loop.WantTurnEnd(&hook);
    loop.Defer([&] { order.push_back("deferred"); });
    order.push_back("posted");
  });
  loop.Post([&] { order.push_back("posted"); });
  loop.Stop();
  loop.Run();
  EXPECT_THAT(order, ElementsAre("posted", "posted", "deferred", "turn end"));
}

TEST(LoopTest, WhatADeferredFunctionDefersRunsInTheNextTurn) {
  LoopThread loop;
  std::vector<Time> turns;
  Signal done;
  loop.loop()->Post([&] {
    loop.loop()->Defer([&] {
      turns.push_back(loop.loop()->now());
      loop.loop()->Defer([&] {
        turns.push_back(loop.loop()->now());
        done.Set();
      });
    });
  });
  ASSERT_TRUE(done.Wait());
  ASSERT_EQ(turns.size(), 2u);
  EXPECT_LT(turns[0], turns[1]);
}

class CountingHook final : public Loop::TurnEnd {
 public:
  explicit CountingHook(std::function<void()> then = [] {}) : then_(std::move(then)) {}
  void OnTurnEnd() override {
    ++runs;
    then_();
  }
  int runs = 0;

 private:
  const std::function<void()> then_;
};

TEST(TurnEnd, RunsOnceATurnHoweverOftenItIsWanted) {
  LoopThread loop;
  CountingHook hook;
  loop.Do([&] {
    for (int i = 0; i < 5; ++i) loop.loop()->WantTurnEnd(&hook);
  });
  int runs = 0;
  loop.Do([&] { runs = hook.runs; });
  EXPECT_EQ(runs, 1);
}

TEST(TurnEnd, MayAskForItselfAndForAnotherInTheSameTurn) {
  LoopThread loop;
  CountingHook other;
  int again = 3;
  CountingHook* self = nullptr;
  CountingHook hook([&] {
    loop.loop()->WantTurnEnd(&other);
    if (--again > 0) loop.loop()->WantTurnEnd(self);
  });
  self = &hook;
  loop.Do([&] { loop.loop()->WantTurnEnd(&hook); });
  loop.Do([&] {
    EXPECT_EQ(hook.runs, 3);
    EXPECT_EQ(other.runs, 3);
  });
}

TEST(TurnEnd, DoesNotRunOnceWithdrawn) {
  LoopThread loop;
  auto hook = std::make_unique<CountingHook>();
  CountingHook later;
  loop.Do([&] {
    loop.loop()->WantTurnEnd(hook.get());
    loop.loop()->WantTurnEnd(&later);
    loop.loop()->WithdrawTurnEnd(hook.get());
    loop.loop()->WithdrawTurnEnd(hook.get());  // harmless
    hook.reset();
  });
  loop.Do([&] { EXPECT_EQ(later.runs, 1); });
}

TEST(TurnEnd, MayBeWithdrawnByAnotherHook) {
  LoopThread loop;
  auto victim = std::make_unique<CountingHook>();
  CountingHook killer([&] {
    loop.loop()->WithdrawTurnEnd(victim.get());
    victim.reset();
  });
  loop.Do([&] {
    loop.loop()->WantTurnEnd(&killer);
    loop.loop()->WantTurnEnd(victim.get());
  });
  loop.Do([&] {
    EXPECT_EQ(killer.runs, 1);
    EXPECT_EQ(victim, nullptr);
  });
}

TEST(LoopTest, TimeStandsStillWithinATurnAndGoesOnWithTheNext) {
  LoopThread loop;
  Time first;
  loop.Do([&] {
    first = loop.loop()->now();
    const Time until = Now() + std::chrono::milliseconds(2);
    while (Now() < until) {
    }
    EXPECT_EQ(loop.loop()->now(), first);
  });
  loop.Do([&] { EXPECT_GE(loop.loop()->now(), first + std::chrono::milliseconds(2)); });
}

TEST(LoopTest, KnowsItsThread) {
  LoopThread loop;
  loop.Do([&] { EXPECT_TRUE(loop.loop()->OnLoopThread()); });
}

}  // namespace
}  // namespace anteroom::frontend
