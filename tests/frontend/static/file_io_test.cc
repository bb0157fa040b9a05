#include "frontend/static/file_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/frontend/static/gate.h"

namespace anteroom::frontend {
namespace {

constexpr auto kQuick = FileIo::Lane::kQuick;
constexpr auto kSlow = FileIo::Lane::kSlow;
constexpr auto kCompute = FileIo::Lane::kCompute;

TEST(FileIoTest, RunsWorkOnItsOwnThreads) {
  FileIo file_io(2, 16);
  Gate done;
  std::thread::id where;
  ASSERT_TRUE(file_io.Submit(kSlow, [&where, done] {
    where = std::this_thread::get_id();
    done.Open();
  }));
  done.Pass();
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(FileIoTest, RefusesWhenTheLaneIsFullAndCountsIt) {
  FileIo file_io(1, 2);
  Gate gate;
  ASSERT_TRUE(file_io.Submit(kSlow, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(1);
  std::atomic<int> ran{0};
  Gate first;
  Gate second;
  EXPECT_TRUE(file_io.Submit(kSlow, [&ran, first] {
    ++ran;
    first.Open();
  }));
  EXPECT_TRUE(file_io.Submit(kSlow, [&ran, second] {
    ++ran;
    second.Open();
  }));
  EXPECT_FALSE(file_io.Submit(kSlow, [&] { ran += 100; }));
  EXPECT_EQ(file_io.counts().refused, 1u);
  EXPECT_EQ(file_io.counts().waiting, 2u);

  Gate last;
  EXPECT_TRUE(file_io.Submit(kQuick, [] {}));                        // the other lane has room
  EXPECT_TRUE(file_io.SubmitContinuation([last] { last.Open(); }));  // never refused
  gate.Open();
  first.Pass();
  second.Pass();
  last.Pass();
  EXPECT_EQ(ran, 2);
}

TEST(FileIoTest, ContinuationsAndSlowWorkTakeTurnsAndDoNotFillEachOthersQueue) {
  FileIo file_io(1, 4);
  Gate gate;
  ASSERT_TRUE(file_io.Submit(kSlow, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(1);
  std::string order;  // one thread does all of it
  Gate done;
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(file_io.SubmitContinuation([&order] { order += 'c'; }));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(file_io.Submit(kSlow, [&order] { order += 's'; }));
  ASSERT_TRUE(file_io.SubmitContinuation([done] { done.Open(); }));
  gate.Open();
  done.Pass();
  EXPECT_EQ(order, "scscscsccccc");
}

TEST(FileIoTest, ComputationTakesTurnsWithTheRest) {
  FileIo file_io(1, 4);
  Gate gate;
  ASSERT_TRUE(file_io.Submit(kSlow, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(1);
  std::string order;  // one thread does all of it
  Gate done;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(file_io.Submit(kCompute, [&order] { order += 'x'; }));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(file_io.SubmitContinuation([&order] { order += 'c'; }));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(file_io.Submit(kSlow, [&order] { order += 's'; }));
  ASSERT_TRUE(file_io.Submit(kCompute, [done] { done.Open(); }));
  gate.Open();
  done.Pass();
  EXPECT_EQ(order, "scxscxcxxx");
}

TEST(FileIoTest, ComputationHasABoundOfItsOwn) {
  FileIo file_io(2, 1024);
  Gate gate;
  ASSERT_TRUE(file_io.Submit(kCompute, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(1);
  for (size_t i = 0; i < FileIo::kComputeLimit; ++i) {
    ASSERT_TRUE(file_io.Submit(kCompute, [] {})) << i;
  }
  EXPECT_FALSE(file_io.Submit(kCompute, [] {}));
  EXPECT_EQ(file_io.counts().refused, 1u);
  EXPECT_EQ(file_io.counts().waiting, FileIo::kComputeLimit);
  Gate quick;  // the thread that is kept for it does not compute
  ASSERT_TRUE(file_io.Submit(kQuick, [quick] { quick.Open(); }));
  quick.Pass();
  gate.Open();
}

TEST(FileIoTest, QuickWorkNeverWaitsBehindSlowWork) {
  FileIo file_io(3, 16);
  Gate gate;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(file_io.Submit(kSlow, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(2);  // all that may do slow work are stuck in it
  Gate quick;
  ASSERT_TRUE(file_io.Submit(kQuick, [quick] { quick.Open(); }));
  quick.Pass();
  EXPECT_EQ(file_io.counts().waiting, 3u);
  gate.Open();
}

TEST(FileIoTest, OneThreadDoesBothLanes) {
  FileIo file_io(1, 16);
  Gate quick;
  Gate slow;
  ASSERT_TRUE(file_io.Submit(kSlow, [slow] { slow.Open(); }));
  ASSERT_TRUE(file_io.Submit(kQuick, [quick] { quick.Open(); }));
  slow.Pass();
  quick.Pass();
  EXPECT_EQ(file_io.counts().refused, 0u);
}

TEST(FileIoTest, ShutdownDropsWhatWaitsAndRefusesTheRest) {
  FileIo file_io(1, 16);
  Gate gate;
  ASSERT_TRUE(file_io.Submit(kSlow, [gate] { gate.Pass(); }));
  gate.AwaitArrivals(1);
  auto token = std::make_shared<int>(1);
  ASSERT_TRUE(file_io.Submit(kSlow, [token] {}));
  std::thread opener([&] { gate.Open(); });
  file_io.Shutdown();
  opener.join();
  EXPECT_FALSE(file_io.Submit(kQuick, [] {}));
  EXPECT_FALSE(file_io.SubmitContinuation([] {}));
  EXPECT_EQ(token.use_count(), 1) << "neither kept nor leaked, whether it ran or not";
  EXPECT_EQ(file_io.counts().waiting, 0u);
}

TEST(FileIoTest, ClosesDescriptors) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  FileIo file_io(2, 16);
  file_io.Close(fds[1]);
  char byte;
  EXPECT_EQ(read(fds[0], &byte, 1), 0);  // ends when the write end is closed
  close(fds[0]);
}

TEST(FileIoTest, ClosesDescriptorsAfterShutdown) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  FileIo file_io(1, 16);
  file_io.Shutdown();
  file_io.Close(fds[1]);
  char byte;
  EXPECT_EQ(read(fds[0], &byte, 1), 0);
  close(fds[0]);
}

TEST(FileIoTest, ManyThreadsSubmitAtOnce) {
  constexpr int kSubmitters = 4;
  constexpr int kEach = 2000;
  FileIo file_io(3, 64);
  std::atomic<int> ran{0};
  std::atomic<int> taken{0};
  std::vector<std::thread> submitters;
  for (int s = 0; s < kSubmitters; ++s) {
    submitters.emplace_back([&, s] {
      for (int i = 0; i < kEach; ++i) {
        if (file_io.Submit((i + s) % 2 == 0 ? kQuick : kSlow, [&ran] { ++ran; })) ++taken;
      }
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  // What the threads have in hand then, Shutdown waits for.
  while (file_io.counts().waiting > 0) std::this_thread::yield();
  file_io.Shutdown();
  EXPECT_EQ(ran, taken);
  EXPECT_EQ(file_io.counts().refused, static_cast<uint64_t>(kSubmitters * kEach - taken));
}

}  // namespace
}  // namespace anteroom::frontend
