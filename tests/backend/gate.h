// A door that a test's handlers wait at.
#ifndef ANTEROOM_TESTS_BACKEND_GATE_H_
#define ANTEROOM_TESTS_BACKEND_GATE_H_

#include "common/clock.h"
#include "common/mutex.h"
#include "gtest/gtest.h"

namespace anteroom::backend {

// Threading: any method from any thread.
class Gate {
 public:
  // Counts the caller and waits until Open().
  void Pass() {
    MutexLock lock(&mu_);
    ++arrived_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(&mu_);
  }
  void Open() {
    MutexLock lock(&mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  // Waits until that many have come to the gate.
  void AwaitArrived(int count) {
    const Time deadline = Now() + std::chrono::seconds(20);
    MutexLock lock(&mu_);
    while (arrived_ < count) {
      if (!changed_.WaitUntil(&mu_, deadline) && arrived_ < count) {
        ADD_FAILURE() << "waited for " << count << " at the gate, " << arrived_ << " came";
        return;
      }
    }
  }
  int arrived() {
    MutexLock lock(&mu_);
    return arrived_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  int arrived_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_TESTS_BACKEND_GATE_H_
