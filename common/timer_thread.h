// One thread that runs what it is given, at once or at a time.
#ifndef ANTEROOM_COMMON_TIMER_THREAD_H_
#define ANTEROOM_COMMON_TIMER_THREAD_H_

#include <cstdint>
#include <map>
#include <thread>
#include <tuple>

#include "absl/functional/any_invocable.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace anteroom {

// Threading: Run, RunAt, Cancel and IsCurrent from any thread, also from work that runs; Stop and
// the destructor from any other thread than this one.
//
// The thread sleeps until the earliest time or until there is something earlier, and never just to
// look. Work runs one after the other in the order of its times, what has the same time in the
// order in which it came; so work that blocks delays all other. It runs and is destroyed without a
// lock.
class TimerThread {
 public:
  using Work = absl::AnyInvocable<void()>;

  // What Cancel() takes. No two pieces of work of one thread have the same.
  struct Handle {
    Time when;
    uint64_t number = 0;

    friend bool operator<(const Handle& a, const Handle& b) {
      return std::tie(a.when, a.number) < std::tie(b.when, b.number);
    }
  };

  // `name` as in `top`, 15 letters at most.
  explicit TimerThread(const char* name);
  ~TimerThread();
  TimerThread(const TimerThread&) = delete;
  TimerThread& operator=(const TimerThread&) = delete;

  void Run(Work work) { RunAt(Now(), std::move(work)); }
  Handle RunAt(Time when, Work work) ABSL_LOCKS_EXCLUDED(mu_);
  // True: it has not begun to run, never will, and is destroyed. False: it runs, has run, or has
  // been cancelled before.
  bool Cancel(const Handle& handle) ABSL_LOCKS_EXCLUDED(mu_);
  // Whether the caller runs on this thread.
  bool IsCurrent() const { return std::this_thread::get_id() == id_; }

  // Runs what is due, destroys what is not, and ends the thread. What comes later is destroyed
  // unrun. Again: no effect.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Loop() ABSL_LOCKS_EXCLUDED(mu_);
  // Waits for what is due next; empty when the thread is to end.
  Work AwaitDue() ABSL_LOCKS_EXCLUDED(mu_);

  Mutex mu_;
  CondVar changed_;
  std::map<Handle, Work> waiting_ ABSL_GUARDED_BY(mu_);
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  // Constant after construction, until Stop().
  std::thread thread_;
  std::thread::id id_;
};

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_TIMER_THREAD_H_
