// Holds a thread until the test lets it go on.
#ifndef ANTEROOM_TESTS_FRONTEND_STATIC_GATE_H_
#define ANTEROOM_TESTS_FRONTEND_STATIC_GATE_H_

#include "common/mutex.h"

namespace anteroom::frontend {

class Gate {
 public:
  void Open() {
    MutexLock lock(&mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  // Announces the arrival, then waits for Open().
  void Pass() {
    MutexLock lock(&mu_);
    ++arrived_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(&mu_);
  }
  void AwaitArrivals(int n) {
    MutexLock lock(&mu_);
    while (arrived_ < n) changed_.Wait(&mu_);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  int arrived_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_STATIC_GATE_H_
