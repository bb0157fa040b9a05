// Holds a thread until the test lets it go on. A handle: copies are the same gate, so that a thread
// which is just leaving it doesn't care whether the test has gone on to its end; capture it by
// value. The end of the first one opens it, so that a test that fails in between ends.
#ifndef ANTEROOM_TESTS_FRONTEND_STATIC_GATE_H_
#define ANTEROOM_TESTS_FRONTEND_STATIC_GATE_H_

#include <memory>

#include "common/mutex.h"

namespace anteroom::frontend {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate& other) : state_(other.state_), first_(false) {}
  Gate& operator=(const Gate&) = delete;
  ~Gate() {
    if (first_) Open();
  }
  void Open() const {
    MutexLock lock(&state_->mu);
    state_->open = true;
    state_->changed.NotifyAll();
  }
  // Announces the arrival, then waits for Open().
  void Pass() const {
    MutexLock lock(&state_->mu);
    ++state_->arrived;
    state_->changed.NotifyAll();
    while (!state_->open) state_->changed.Wait(&state_->mu);
  }
  void AwaitArrivals(int n) const {
    MutexLock lock(&state_->mu);
    while (state_->arrived < n) state_->changed.Wait(&state_->mu);
  }

 private:
  struct State {
    Mutex mu;
    CondVar changed;
    bool open ABSL_GUARDED_BY(mu) = false;
    int arrived ABSL_GUARDED_BY(mu) = 0;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  const bool first_ = true;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_STATIC_GATE_H_
