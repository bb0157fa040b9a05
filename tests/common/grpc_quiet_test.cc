#include "common/grpc_quiet.h"

#include <grpc/event_engine/event_engine.h>
#include <grpc/grpc.h>
#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using grpc_event_engine::experimental::CreateEventEngine;
using grpc_event_engine::experimental::EventEngine;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Not;

// The names of all threads of this process.
std::vector<std::string> Threads() {
  std::vector<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    names.push_back(name);
  }
  return names;
}

// The same as soon as they match. A thread has its name a moment after it starts, and is listed for
// a moment after it has been joined.
template <typename Matcher>
std::vector<std::string> ThreadsOnce(const Matcher& matcher) {
  const Time deadline = Now() + seconds(10);
  std::vector<std::string> names = Threads();
  while (!testing::Matches(matcher)(names) && Now() < deadline) {
    std::this_thread::yield();
    names = Threads();
  }
  return names;
}

#define EXPECT_THREADS(matcher) EXPECT_THAT(ThreadsOnce(matcher), matcher)

// How long gRPC takes to fire one of its own (iomgr's) timers.
Duration FireAfter(milliseconds delay) {
  grpc::CompletionQueue queue;
  grpc::Alarm alarm;
  const Time begin = Now();
  alarm.Set(&queue, std::chrono::system_clock::now() + delay, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(ok);
  const Duration taken = Now() - begin;
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return taken;
}

class Event {
 public:
  void Happen() {
    MutexLock lock(&mu_);
    happened_ = true;
    changed_.NotifyAll();
  }
  bool Await() {
    const Time deadline = Now() + seconds(10);
    MutexLock lock(&mu_);
    while (!happened_ && changed_.WaitUntil(&mu_, deadline)) {
    }
    return happened_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool happened_ ABSL_GUARDED_BY(mu_) = false;
};

class HappeningClosure final : public EventEngine::Closure {
 public:
  explicit HappeningClosure(Event* event) : event_(event) {}
  void Run() override { event_->Happen(); }

 private:
  Event* const event_;
};

class GrpcQuietTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!QuietGrpc::Possible()) GTEST_SKIP() << "not with this gRPC";
  }
};

TEST_F(GrpcQuietTest, GrpcHasNoThreadThatLooksAtTimers) {
  const QuietGrpc quiet;
  const std::shared_ptr<EventEngine> engine = CreateEventEngine();
  EXPECT_THREADS(Contains("grpc-quiet"));
  EXPECT_THREADS(Not(Contains("grpc_global_tim")));
  EXPECT_THREADS(Not(Contains("timer_manager")));
  EXPECT_THREADS(Not(Contains("event_engine")));
}

TEST_F(GrpcQuietTest, TimersOfGrpcFireThoughLate) {
  const QuietGrpc quiet;
  // Twice, since what one look at the timers leaves behind must not hide those set after it.
  for (int i = 0; i < 2; ++i) {
    const Duration taken = FireAfter(milliseconds(20));
    EXPECT_GE(taken, milliseconds(20));
    EXPECT_LE(taken, QuietGrpc::kTimerPeriod + seconds(1));
  }
}

TEST_F(GrpcQuietTest, TheEngineRunsWorkAndClosures) {
  const QuietGrpc quiet;
  const std::shared_ptr<EventEngine> engine = CreateEventEngine();
  EXPECT_FALSE(engine->IsWorkerThread());
  bool on_worker = false;
  Event ran;
  engine->Run([&] {
    on_worker = engine->IsWorkerThread();
    ran.Happen();
  });
  ASSERT_TRUE(ran.Await());
  EXPECT_TRUE(on_worker);

  Event closure_ran;
  HappeningClosure closure(&closure_ran);
  engine->Run(&closure);
  EXPECT_TRUE(closure_ran.Await());
}

TEST_F(GrpcQuietTest, TimersOfTheEngineFireInTimeAndCanBeCancelled) {
  const QuietGrpc quiet;
  const std::shared_ptr<EventEngine> engine = CreateEventEngine();
  Event fired;
  HappeningClosure closure(&fired);
  const Time begin = Now();
  const EventEngine::TaskHandle soon = engine->RunAfter(milliseconds(20), &closure);
  const EventEngine::TaskHandle never =
      engine->RunAfter(EventEngine::Duration::max(), [] { ADD_FAILURE(); });
  const EventEngine::TaskHandle cancelled =
      engine->RunAfter(milliseconds(10), [] { ADD_FAILURE(); });
  EXPECT_TRUE(engine->Cancel(cancelled));
  EXPECT_FALSE(engine->Cancel(cancelled));
  ASSERT_TRUE(fired.Await());
  const Duration taken = Now() - begin;
  EXPECT_GE(taken, milliseconds(20));
  EXPECT_LT(taken, QuietGrpc::kTimerPeriod);
  EXPECT_FALSE(engine->Cancel(soon));
  EXPECT_TRUE(engine->Cancel(never));
}

TEST_F(GrpcQuietTest, WorkMayDropTheLastEngine) {
  const QuietGrpc quiet;
  std::shared_ptr<EventEngine> engine = CreateEventEngine();
  EventEngine* const borrowed = engine.get();
  Event dropped;
  borrowed->Run([&dropped, engine = std::move(engine)]() mutable {
    engine = nullptr;
    dropped.Happen();
  });
  EXPECT_TRUE(dropped.Await());
}

TEST_F(GrpcQuietTest, WorkThatIsLeftAtTheEndIsDestroyed) {
  auto kept = std::make_shared<int>(1);
  {
    const QuietGrpc quiet;
    CreateEventEngine()->RunAfter(std::chrono::hours(1), [kept] { ADD_FAILURE() << *kept; });
  }
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(GrpcQuietTest, AnEngineThatOutlivesItRunsNothing) {
  std::shared_ptr<EventEngine> engine;
  {
    const QuietGrpc quiet;
    engine = CreateEventEngine();
  }
  auto kept = std::make_shared<int>(1);
  engine->Run([kept] { ADD_FAILURE() << *kept; });
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(GrpcQuietTest, GrpcIsAfterwardsAsItWasBefore) {
  grpc_init();
  {
    const QuietGrpc quiet;
    EXPECT_THREADS(Not(Contains("grpc_global_tim")));
  }
  EXPECT_THREADS(Contains("grpc_global_tim"));
  EXPECT_THREADS(Not(Contains("grpc-quiet")));
  // Exact again. A margin for a busy machine, but less than the period.
  EXPECT_LT(FireAfter(milliseconds(20)), seconds(1));
  grpc_shutdown();
}

TEST_F(GrpcQuietTest, StartsAndStopsManyTimes) {
  for (int i = 0; i < 50; ++i) {
    const QuietGrpc quiet;
    // Something to do for the engine, and a timer that is pending at the end.
    const std::shared_ptr<EventEngine> engine = CreateEventEngine();
    Event ran;
    engine->Run([&ran] { ran.Happen(); });
    grpc::CompletionQueue queue;
    grpc::Alarm alarm;
    alarm.Set(&queue, std::chrono::system_clock::now() + std::chrono::hours(1), nullptr);
    ASSERT_TRUE(ran.Await());
    alarm.Cancel();
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = true;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_FALSE(ok);
    EXPECT_FALSE(queue.Next(&tag, &ok));
  }
  EXPECT_THREADS(Not(Contains("grpc-quiet")));
}

using GrpcQuietDeathTest = GrpcQuietTest;

TEST_F(GrpcQuietDeathTest, ResolvingThroughTheEngineEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const QuietGrpc quiet;
        CreateEventEngine()->GetDNSResolver({});
      },
      "EventEngine::GetDNSResolver was called");
}

}  // namespace
}  // namespace anteroom
