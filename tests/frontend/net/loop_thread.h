// A Loop on a thread of its own, for as long as the object lives.
#ifndef ANTEROOM_TESTS_FRONTEND_NET_LOOP_THREAD_H_
#define ANTEROOM_TESTS_FRONTEND_NET_LOOP_THREAD_H_

#include <functional>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "frontend/net/loop.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {

// Set by one thread, awaited by another. A wait that takes too long fails the test.
class Signal {
 public:
  void Set() {
    MutexLock lock(&mu_);
    set_ = true;
    changed_.NotifyAll();
  }
  bool Wait() {
    const Time deadline = Now() + std::chrono::seconds(30);
    MutexLock lock(&mu_);
    while (!set_) {
      if (!changed_.WaitUntil(&mu_, deadline) && !set_) {
        ADD_FAILURE() << "what was waited for has not happened in 30 s";
        return false;
      }
    }
    return true;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mu_) = false;
};

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.Run(); }) {}
  ~LoopThread() { Stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Loop* loop() { return &loop_; }

  // Runs `fn` on the loop and waits until it is done.
  void Do(std::function<void()> fn) {
    Signal done;
    loop_.Post([&] {
      fn();
      done.Set();
    });
    // Without this the posted function would outlive what it refers to.
    if (!done.Wait()) std::abort();
  }

  // Waits until `condition`, asked on the loop now and then, holds. On failure the test fails with
  // `what`.
  bool Await(const char* what, const std::function<bool()>& condition) {
    const Time deadline = Now() + std::chrono::seconds(30);
    for (;;) {
      bool holds = false;
      Do([&] { holds = condition(); });
      if (holds) return true;
      if (Now() >= deadline) {
        ADD_FAILURE() << "waited 30 s for: " << what;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // between two looks
    }
  }

  void Stop() {
    if (!thread_.joinable()) return;
    loop_.Stop();
    thread_.join();
  }

 private:
  Loop loop_;
  std::thread thread_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_NET_LOOP_THREAD_H_
