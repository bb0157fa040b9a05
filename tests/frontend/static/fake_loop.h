// A loop for tests: a mailbox that anyone may post to and that the thread which owns it empties
// while it waits for something. A wait that takes too long fails the test instead of hanging it.
#ifndef ANTEROOM_TESTS_FRONTEND_STATIC_FAKE_LOOP_H_
#define ANTEROOM_TESTS_FRONTEND_STATIC_FAKE_LOOP_H_

#include <deque>
#include <functional>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "frontend/static/static_files.h"

namespace anteroom::frontend {

class FakeLoop {
 public:
  void Post(std::function<void()> fn) {
    MutexLock lock(&mu_);
    posted_.push_back(std::move(fn));
    wake_.NotifyOne();
  }
  Poster poster() {
    return [this](std::function<void()> fn) { Post(std::move(fn)); };
  }

  // Runs what is posted until `condition` holds; false when that takes more than 30 s.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& condition) {
    const Time deadline = Now() + std::chrono::seconds(30);
    while (!condition()) {
      if (!RunOne(deadline)) return false;
    }
    return true;
  }

 private:
  bool RunOne(Time deadline) {
    std::function<void()> fn;
    {
      MutexLock lock(&mu_);
      while (posted_.empty()) {
        if (!wake_.WaitUntil(&mu_, deadline)) return false;
      }
      fn = std::move(posted_.front());
      posted_.pop_front();
    }
    fn();
    return true;
  }

  Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> posted_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_STATIC_FAKE_LOOP_H_
