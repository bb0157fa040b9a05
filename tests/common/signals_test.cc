#include "common/signals.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::milliseconds;

// Signals go to the whole process, so this runs in a process of its own, whose only thread is
// blocked from the start.
class SignalsTest : public testing::Test {
 protected:
  void SetUp() override { BlockSignals(); }
};

TEST_F(SignalsTest, ReturnsEachHandledSignal) {
  const std::pair<int, Signal> signals[] = {{SIGTERM, Signal::kTerminate},
                                            {SIGQUIT, Signal::kQuit},
                                            {SIGINT, Signal::kInterrupt},
                                            {SIGHUP, Signal::kHangUp},
                                            {SIGUSR1, Signal::kUser1}};
  for (const auto& [number, expected] : signals) {
    ASSERT_EQ(kill(getpid(), number), 0);
    EXPECT_EQ(WaitForSignal(), expected) << number;
  }
}

TEST_F(SignalsTest, ReturnsNothingWhenTheTimeIsOver) {
  const Time start = Now();
  EXPECT_EQ(WaitForSignal(milliseconds(20)), std::nullopt);
  EXPECT_GE(Now() - start, milliseconds(20));
  EXPECT_EQ(WaitForSignal(-milliseconds(1)), std::nullopt);
}

TEST_F(SignalsTest, WakesTheWaitingThreadFromAnother) {
  std::thread other(NotifySignalWait);
  EXPECT_EQ(WaitForSignal(), Signal::kWake);
  other.join();
}

TEST_F(SignalsTest, KeepsOneOfEachKindThatCameBeforeTheWait) {
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGHUP);
  EXPECT_EQ(WaitForSignal(Duration::zero()), Signal::kHangUp);
  EXPECT_EQ(WaitForSignal(Duration::zero()), std::nullopt);
}

TEST_F(SignalsTest, SurvivesAPeerThatHungUp) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(SignalNameTest, NamesEachSignal) {
  EXPECT_EQ(SignalName(Signal::kTerminate), "TERM");
  EXPECT_EQ(SignalName(Signal::kQuit), "QUIT");
  EXPECT_EQ(SignalName(Signal::kInterrupt), "INT");
  EXPECT_EQ(SignalName(Signal::kHangUp), "HUP");
  EXPECT_EQ(SignalName(Signal::kUser1), "USR1");
  EXPECT_EQ(SignalName(Signal::kWake), "wake");
}

}  // namespace
}  // namespace anteroom
