// One event loop: a thread, a libevent base, and the one door into it.
//
// Threading: Post() and Stop() may be called from any thread; everything else only on the loop's
// own thread (asserted in debug builds) or before Run() starts. Whatever lives on a loop
// (connections, links, caches) needs no lock.
//
// Post is the "select trigger" of this process: a mailbox and one eventfd, written only when the
// mailbox was empty. Posted functions run on the loop, in the order they were posted, at the start
// of a turn.
//
// A turn is: wait for readiness, run the callbacks of all ready descriptors and timers, run what
// was posted or deferred, then the end-of-turn hooks. Hooks exist so that what one turn gathered
// goes out together: one message a link and turn, not one a request.
#ifndef ANTEROOM_FRONTEND_NET_LOOP_H_
#define ANTEROOM_FRONTEND_NET_LOOP_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "frontend/net/common_timeouts.h"

struct event_base;

namespace anteroom::frontend {

class Loop {
 public:
  // Runs at the end of every turn in which it was asked for.
  class TurnEnd {
   public:
    virtual ~TurnEnd() = default;
    virtual void OnTurnEnd() = 0;

   private:
    bool wanted_ = false;
    friend class Loop;
  };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs turns on the calling thread until Stop(). What was posted before Stop() still runs.
  void Run();
  void Stop();

  void Post(std::function<void()> fn);

  // Runs `fn` after the callbacks of this turn, or in the next turn when called from a deferred
  // function: a way to leave the stack, and to give other connections their turn.
  void Defer(std::function<void()> fn);

  // `hook` must outlive the turn, or be withdrawn.
  void WantTurnEnd(TurnEnd* hook);
  void WithdrawTurnEnd(TurnEnd* hook);

  // The time of this turn. One clock reading, taken when first asked for, serves all that happens
  // in it.
  Time now() const {
    if (!now_is_fresh_) {
      now_ = Now();
      now_is_fresh_ = true;
    }
    return now_;
  }
  bool OnLoopThread() const { return std::this_thread::get_id() == thread_; }
  event_base* base() { return base_.get(); }
  CommonTimeouts* common_timeouts() { return &common_timeouts_; }

 private:
  struct BaseDeleter {
    void operator()(event_base* base) const;
  };
  class Wake;

  void RunPosted();
  void RunDeferred();
  void RunTurnEnds();

  const std::unique_ptr<event_base, BaseDeleter> base_;
  CommonTimeouts common_timeouts_;
  const std::unique_ptr<Wake> wake_;
  std::thread::id thread_;

  // Loop thread only.
  mutable Time now_;
  mutable bool now_is_fresh_ = false;
  std::vector<std::function<void()>> deferred_;
  std::vector<TurnEnd*> turn_ends_;

  std::atomic<bool> stop_{false};
  Mutex mu_;
  std::vector<std::function<void()>> posted_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_LOOP_H_
