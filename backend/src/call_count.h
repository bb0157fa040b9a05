// How many gRPC calls are alive.
#ifndef ANTEROOM_BACKEND_SRC_CALL_COUNT_H_
#define ANTEROOM_BACKEND_SRC_CALL_COUNT_H_

#include "common/mutex.h"

namespace anteroom::backend {

// Threading: any method from any thread. Outlives the tokens.
//
// A call that was cut by the server's shutdown still has operations to make and to collect, and
// gRPC aborts the process when one is made on a queue that has been shut down. So each call, also
// one that waits for a client, holds a token, and the queues are shut down when none is left.
class CallCount {
 public:
  class Token {
   public:
    explicit Token(CallCount* count) : count_(count) { count_->Add(1); }
    ~Token() { count_->Add(-1); }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;

   private:
    CallCount* const count_;
  };

  void AwaitNone() {
    MutexLock lock(&mu_);
    while (count_ > 0) none_.Wait(&mu_);
  }

 private:
  void Add(int n) {
    MutexLock lock(&mu_);
    count_ += n;
    if (count_ == 0) none_.NotifyAll();
  }

  Mutex mu_;
  CondVar none_;
  int count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_CALL_COUNT_H_
