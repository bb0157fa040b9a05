#include "frontend/net/event_handles.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "frontend/net/loop.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;

// A loop that runs on the test's own thread.
class EventHandlesTest : public testing::Test {
 protected:
  // Runs turns until Stop(), or for at most `limit`.
  void RunFor(Duration limit) {
    CallbackTimer stop(&loop_, [this] { loop_.Stop(); });
    stop.SetAfter(limit);
    loop_.Run();
  }

  Loop loop_;
};

// A socket pair and a watch on its first end.
class Watched final : public FdHandler {
 public:
  explicit Watched(Loop* loop) {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    near.Reset(fds[0]);
    far.Reset(fds[1]);
    watch = std::make_unique<FdWatch>(loop, near.get(), this);
  }
  void OnReadable() override {
    ++readable;
    if (on_readable) on_readable();
  }
  void OnWritable() override {
    ++writable;
    if (on_writable) on_writable();
  }
  void SendByte() const { EXPECT_EQ(write(far.get(), "x", 1), 1); }
  void TakeByte() const {
    char byte;
    EXPECT_EQ(read(near.get(), &byte, 1), 1);
  }

  UniqueFd near;
  UniqueFd far;
  std::unique_ptr<FdWatch> watch;
  int readable = 0;
  int writable = 0;
  std::function<void()> on_readable;
  std::function<void()> on_writable;
};

using FdWatchTest = EventHandlesTest;

TEST_F(FdWatchTest, ReportsReadinessUntilItIsTaken) {
  Watched watched(&loop_);
  watched.on_readable = [&] {
    if (watched.readable < 3) return;
    watched.TakeByte();
    loop_.Stop();
  };
  watched.watch->WatchRead(true);
  watched.SendByte();
  RunFor(std::chrono::seconds(10));
  EXPECT_EQ(watched.readable, 3);
  EXPECT_EQ(watched.writable, 0);
}

TEST_F(FdWatchTest, IsSilentWhenSwitchedOff) {
  Watched watched(&loop_);
  watched.watch->WatchRead(true);
  watched.watch->WatchWrite(true);
  watched.watch->WatchRead(false);
  watched.watch->WatchWrite(false);
  watched.SendByte();
  RunFor(milliseconds(20));
  EXPECT_EQ(watched.readable, 0);
  EXPECT_EQ(watched.writable, 0);
}

TEST_F(FdWatchTest, MayBeSwitchedOffInItsCallback) {
  Watched watched(&loop_);
  watched.on_readable = [&] { watched.watch->WatchRead(false); };
  watched.on_writable = [&] { watched.watch->WatchWrite(false); };
  watched.watch->WatchRead(true);
  watched.watch->WatchWrite(true);
  watched.SendByte();
  RunFor(milliseconds(20));
  EXPECT_EQ(watched.readable, 1);
  EXPECT_EQ(watched.writable, 1);
}

TEST_F(FdWatchTest, MayBeDestroyedInItsCallback) {
  Watched watched(&loop_);
  const auto destroy = [&] { watched.watch.reset(); };
  watched.on_readable = destroy;
  watched.on_writable = destroy;
  watched.watch->WatchRead(true);
  watched.watch->WatchWrite(true);
  watched.SendByte();
  RunFor(milliseconds(20));
  // Whichever came first ended the other, which was ready too.
  EXPECT_EQ(watched.readable + watched.writable, 1);
}

TEST_F(FdWatchTest, MayBeDestroyedByAnotherThatIsReadyInTheSameTurn) {
  Watched first(&loop_);
  Watched second(&loop_);
  first.on_readable = [&] {
    second.watch.reset();
    first.TakeByte();
  };
  second.on_readable = [&] {
    first.watch.reset();
    second.TakeByte();
  };
  first.watch->WatchRead(true);
  second.watch->WatchRead(true);
  first.SendByte();
  second.SendByte();
  RunFor(milliseconds(20));
  EXPECT_EQ(first.readable + second.readable, 1);
}

TEST_F(FdWatchTest, ByEdgeReportsOnceWhenSwitchedOnAndOnceAfterRoomHasRunOut) {
  Watched watched(&loop_);
  watched.watch =
      std::make_unique<FdWatch>(&loop_, watched.near.get(), &watched, FdWatch::Trigger::kEdge);
  watched.watch->WatchWrite(true);
  CallbackTimer fill(&loop_, [&] {
    EXPECT_EQ(watched.writable, 1);
    const std::string block(4096, 'x');
    while (write(watched.near.get(), block.data(), block.size()) > 0) {
    }
    std::string all(1 << 20, '\0');
    while (read(watched.far.get(), all.data(), all.size()) > 0) {
    }
  });
  fill.SetAfter(milliseconds(20));
  RunFor(milliseconds(60));
  // The kernel may find more than one occasion to say it while the other end is emptied.
  EXPECT_GE(watched.writable, 2);
  EXPECT_LE(watched.writable, 10);
}

// Link streams watch a duplicate of a socket that gRPC has too. epoll keeps a registration as long
// as any duplicate is open, so it must be gone before the watched one is closed, or the next
// descriptor of that number is blamed for it.
TEST_F(FdWatchTest, ADuplicateThatIsClosedLeavesNothingBehind) {
  Watched original(&loop_);
  original.SendByte();
  auto duplicate = std::make_unique<UniqueFd>(fcntl(original.near.get(), F_DUPFD_CLOEXEC, 0));
  const int number = duplicate->get();
  Watched successor(&loop_);
  std::optional<FdWatch> watch;
  watch.emplace(&loop_, number, &successor);
  watch->WatchRead(true);
  successor.on_readable = [&] {
    if (successor.readable > 1) return loop_.Stop();
    watch.reset();
    duplicate.reset();
    // Another descriptor takes the number, and it never becomes ready.
    duplicate = std::make_unique<UniqueFd>(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    ASSERT_EQ(duplicate->get(), number);
    watch.emplace(&loop_, number, &successor);
    watch->WatchRead(true);
  };
  RunFor(milliseconds(50));
  EXPECT_EQ(successor.readable, 1);
}

class Alarm final : public TimerHandler {
 public:
  explicit Alarm(Loop* loop) : loop_(loop), timer(std::make_unique<Timer>(loop, this)) {}
  void OnTimer() override {
    ++fired;
    fired_at = loop_->now();
    if (then) then();
  }

 private:
  Loop* const loop_;

 public:
  std::unique_ptr<Timer> timer;
  int fired = 0;
  Time fired_at;
  std::function<void()> then;
};

using TimerTest = EventHandlesTest;

TEST_F(TimerTest, FiresOnceAndNeverEarly) {
  Alarm alarm(&loop_);
  const Time deadline = Now() + milliseconds(20);
  alarm.timer->SetDeadline(deadline);
  EXPECT_TRUE(alarm.timer->pending());
  RunFor(milliseconds(60));
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_GE(alarm.fired_at, deadline);
  EXPECT_FALSE(alarm.timer->pending());
}

TEST_F(TimerTest, MovedLaterFiresOnceAtTheLaterTime) {
  Alarm alarm(&loop_);
  const Time start = Now();
  for (int i = 1; i <= 40; ++i) alarm.timer->SetDeadline(start + milliseconds(i));
  RunFor(milliseconds(80));
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_GE(alarm.fired_at, start + milliseconds(40));
}

TEST_F(TimerTest, MovedEarlierFiresAtTheEarlierTime) {
  Alarm alarm(&loop_);
  alarm.timer->SetAfter(std::chrono::hours(1));
  alarm.timer->SetAfter(milliseconds(5));
  RunFor(milliseconds(50));
  EXPECT_EQ(alarm.fired, 1);
}

// Common delays: what many timers share is kept in lists, and each still fires at its own time.
TEST_F(TimerTest, ManyWithTheSameDelayFireOnceEachAndNeverEarly) {
  std::vector<std::unique_ptr<Alarm>> alarms;
  const Time deadline = loop_.now() + milliseconds(20);
  for (int i = 0; i < 500; ++i) {
    alarms.push_back(std::make_unique<Alarm>(&loop_));
    alarms[i]->timer->SetAfter(milliseconds(20));
  }
  RunFor(milliseconds(500));
  for (const auto& alarm : alarms) {
    EXPECT_EQ(alarm->fired, 1);
    EXPECT_GE(alarm->fired_at, deadline);
  }
}

TEST_F(TimerTest, MovesBetweenCommonAndOddDelays) {
  Alarm alarm(&loop_);
  Alarm neighbour(&loop_);
  neighbour.timer->SetAfter(std::chrono::hours(1));
  alarm.timer->SetAfter(std::chrono::hours(1));
  alarm.timer->SetDeadline(Now() + std::chrono::minutes(1));
  alarm.timer->SetAfter(std::chrono::seconds(30));
  alarm.timer->SetAfter(milliseconds(5));
  alarm.then = [&] {
    if (alarm.fired == 1) alarm.timer->SetDeadline(Now() + milliseconds(7));
    if (alarm.fired == 2) alarm.timer->SetAfter(milliseconds(5));
  };
  RunFor(milliseconds(100));
  EXPECT_EQ(alarm.fired, 3);
  EXPECT_EQ(neighbour.fired, 0);
}

// A connection whose deadline is moved again and again, each time by the same delay.
TEST_F(TimerTest, ACommonDelayThatIsSetAgainBeforeItEndsFiresOnlyAfterTheLastTime) {
  Alarm alarm(&loop_);
  Alarm touch(&loop_);
  Time deadline;
  touch.then = [&] {
    alarm.timer->SetAfter(milliseconds(20));
    deadline = loop_.now() + milliseconds(20);
    if (touch.fired < 10) touch.timer->SetAfter(milliseconds(5));
  };
  touch.timer->SetAfter(milliseconds(5));
  alarm.then = [&] { loop_.Stop(); };
  RunFor(std::chrono::seconds(10));
  EXPECT_EQ(touch.fired, 10);
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_GE(alarm.fired_at, deadline);
}

// As after many reloads with other settings.
TEST_F(TimerTest, MoreDelaysThanTheLoopRemembersFireAllTheSame) {
  constexpr int kTimers = 300;  // libevent itself takes 256
  std::vector<std::unique_ptr<Alarm>> alarms;
  const Time start = loop_.now();
  for (int i = 0; i < kTimers; ++i) {
    alarms.push_back(std::make_unique<Alarm>(&loop_));
    alarms[i]->timer->SetAfter(std::chrono::microseconds(1000 + 50 * i));
  }
  EXPECT_EQ(loop_.common_timeouts()->size(), CommonTimeouts::kMost);
  RunFor(milliseconds(500));
  for (int i = 0; i < kTimers; ++i) {
    EXPECT_EQ(alarms[i]->fired, 1);
    EXPECT_GE(alarms[i]->fired_at, start + std::chrono::microseconds(1000 + 50 * i));
  }
}

TEST_F(TimerTest, OnlyDelaysAreRememberedAndNotTheRestOfADeadline) {
  Alarm alarm(&loop_);
  alarm.timer->SetDeadline(loop_.now() + milliseconds(3));
  EXPECT_EQ(loop_.common_timeouts()->size(), 0U);
  alarm.timer->SetAfter(milliseconds(2));
  EXPECT_EQ(loop_.common_timeouts()->size(), 1U);
  alarm.timer->SetAfter(milliseconds(4));  // later: fires early, and the rest is odd
  alarm.then = [&] { loop_.Stop(); };
  RunFor(std::chrono::seconds(10));
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_LE(loop_.common_timeouts()->size(), 2U);  // 2 ms, and RunFor's own
}

// The list of a delay is scheduled by its first timer: taking that one away must not lose the rest.
TEST_F(TimerTest, TheFirstOfACommonDelayMayBeDestroyed) {
  auto first = std::make_unique<Alarm>(&loop_);
  Alarm second(&loop_);
  Alarm third(&loop_);
  first->timer->SetAfter(milliseconds(10));
  second.timer->SetAfter(milliseconds(10));
  third.timer->SetAfter(milliseconds(10));
  first.reset();
  second.then = [&] { third.timer.reset(); };  // due in the same turn
  RunFor(milliseconds(100));
  EXPECT_EQ(second.fired, 1);
  EXPECT_EQ(third.fired, 0);
}

TEST_F(TimerTest, ClearedDoesNotFire) {
  Alarm alarm(&loop_);
  alarm.timer->SetAfter(milliseconds(5));
  alarm.timer->Clear();
  EXPECT_FALSE(alarm.timer->pending());
  RunFor(milliseconds(30));
  EXPECT_EQ(alarm.fired, 0);
}

TEST_F(TimerTest, ClearedAndSetAgainFiresOnce) {
  Alarm alarm(&loop_);
  const Time deadline = Now() + milliseconds(20);
  alarm.timer->SetAfter(milliseconds(5));
  alarm.timer->Clear();
  alarm.timer->SetDeadline(deadline);
  RunFor(milliseconds(60));
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_GE(alarm.fired_at, deadline);
}

TEST_F(TimerTest, ADeadlineInThePastFiresInTheNextTurn) {
  Alarm alarm(&loop_);
  alarm.timer->SetDeadline(Time());
  RunFor(milliseconds(20));
  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerTest, MayBeSetAgainInItsCallback) {
  Alarm alarm(&loop_);
  alarm.then = [&] {
    if (alarm.fired < 3) alarm.timer->SetAfter(milliseconds(1));
  };
  alarm.timer->SetAfter(milliseconds(1));
  RunFor(milliseconds(100));
  EXPECT_EQ(alarm.fired, 3);
}

TEST_F(TimerTest, MayBeDestroyedInItsCallback) {
  Alarm alarm(&loop_);
  alarm.then = [&] { alarm.timer.reset(); };
  alarm.timer->SetAfter(milliseconds(1));
  RunFor(milliseconds(30));
  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerTest, DestroyedWhilePendingDoesNotFire) {
  Alarm alarm(&loop_);
  alarm.timer->SetAfter(milliseconds(1));
  alarm.timer.reset();
  RunFor(milliseconds(20));
  EXPECT_EQ(alarm.fired, 0);
}

}  // namespace
}  // namespace anteroom::frontend
