#include "common/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spdlog/spdlog.h"

namespace anteroom {
namespace {

using testing::HasSubstr;
using testing::Not;

// Standard error is a pipe whose other end the test holds.
class LogTest : public testing::Test {
 protected:
  LogTest() : real_stderr_(dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_.Reset(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
  }
  ~LogTest() override { dup2(real_stderr_.get(), STDERR_FILENO); }

  // Everything that was logged, once StopLog() has returned.
  std::string ReadAll() {
    dup2(real_stderr_.get(), STDERR_FILENO);  // closes the last writing end
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(reader_.get(), buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

  UniqueFd real_stderr_;
  UniqueFd reader_;
};

TEST_F(LogTest, WritesOneLineAnEvent) {
  StartLog("info");
  spdlog::info("listening address={}", "0.0.0.0:8080");
  spdlog::warn("odd name={}", "a\nb");
  StopLog();
  const std::string text = ReadAll();
  EXPECT_THAT(text, testing::MatchesRegex("[0-9-]+T[0-9:.]+Z info  listening address=0.0.0.0:8080\n"
                                          "[0-9-]+T[0-9:.]+Z warn  odd name=a\\\\nb\n"));
}

TEST_F(LogTest, ObeysTheLevelAndItsChange) {
  StartLog("warn");
  spdlog::info("one");
  spdlog::error("two");
  SetLogLevel("debug");
  spdlog::debug("three");
  spdlog::trace("four");
  SetLogLevel("nonsense");  // changes nothing
  spdlog::debug("five");
  StopLog();
  const std::string text = ReadAll();
  EXPECT_THAT(text, Not(HasSubstr("one")));
  EXPECT_THAT(text, HasSubstr(" error two\n"));
  EXPECT_THAT(text, HasSubstr(" debug three\n"));
  EXPECT_THAT(text, Not(HasSubstr("four")));
  EXPECT_THAT(text, HasSubstr(" debug five\n"));
}

TEST_F(LogTest, WritesWhatWaitsWhenStopped) {
  StartLog("info");
  for (int i = 0; i < 500; ++i) spdlog::info("line {}", i);
  StopLog();
  EXPECT_THAT(ReadAll(), HasSubstr("line 499\n"));
}

TEST_F(LogTest, NeverBlocksAndCountsWhatItDropped) {
  StartLog("info");
  // Several times what pipe and queue hold together, while nobody reads. Returning from here is the
  // proof.
  const std::string filler(100, 'x');
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&filler] {
      for (int i = 0; i < 10'000; ++i) spdlog::info(filler);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(DroppedLogLines(), 5000u);
  const Time start = Now();
  StopLog();
  EXPECT_LT(Now() - start, std::chrono::seconds(10));
}

TEST_F(LogTest, IsSilentAfterStop) {
  StartLog("info");
  StopLog();
  spdlog::error("too late");
  EXPECT_EQ(DroppedLogLines(), 0u);
  EXPECT_EQ(ReadAll(), "");
}

TEST_F(LogTest, CanStartAgain) {
  StartLog("info");
  StopLog();
  StartLog("info");
  spdlog::info("again");
  StopLog();
  EXPECT_THAT(ReadAll(), HasSubstr("again\n"));
}

TEST(IsLogLevelTest, KnowsTheFiveLevels) {
  for (const char* level : {"trace", "debug", "info", "warn", "error"}) {
    EXPECT_TRUE(IsLogLevel(level)) << level;
  }
  for (const char* level : {"", "INFO", "warning", "off", "critical"}) {
    EXPECT_FALSE(IsLogLevel(level)) << level;
  }
}

}  // namespace
}  // namespace anteroom
