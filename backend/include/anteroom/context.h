// What surrounds a request while its handler runs: its deadline, its cancellation, its name in the
// logs.
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_CONTEXT_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_CONTEXT_H_

#include <chrono>

#include "absl/strings/string_view.h"
#include "anteroom/cancellation.h"

namespace anteroom {

// Threading: belongs to the thread that runs the handler; const members may be called from any
// thread for as long as the handler runs.
//
// A handler that takes long asks Cancelled() now and then, between two pieces of work, and returns
// anything (the answer is thrown away) as soon as it says yes: nobody waits for it any more, and
// the thread can serve somebody who does. Nothing interrupts a handler that doesn't ask.
class Context {
 public:
  using Clock = std::chrono::steady_clock;

  struct Fields {
    Clock::time_point deadline = Clock::time_point::max();
    absl::string_view request_id = "test";
    int attempt = 1;
    int thread = 0;
    const Cancellation* cancellation = nullptr;  // null: never
  };

  // For tests: no deadline, never cancelled, first attempt.
  Context() = default;
  // What `fields` points to must outlive the context.
  explicit Context(const Fields& fields) : fields_(fields) {}

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // True once the client has left or the deadline has passed. Cheap enough for an inner loop (one
  // relaxed load, and a look at the clock when there is a deadline).
  bool Cancelled() const {
    if (fields_.cancellation != nullptr && fields_.cancellation->cancelled()) return true;
    return fields_.deadline != Clock::time_point::max() && Clock::now() >= fields_.deadline;
  }

  // Sleeps, but no longer than somebody waits for the answer. False: Cancelled().
  bool SleepFor(Clock::duration duration) const;

  // The end of the route's time-out on this machine's monotonic clock; time_point::max() without
  // one.
  Clock::time_point deadline() const { return fields_.deadline; }
  // What is left until then: never negative; duration::max() without a deadline.
  Clock::duration Remaining() const;

  // The same in the front end's access log and in this process's log lines; [A-Za-z0-9._-]{1,128}.
  absl::string_view request_id() const { return fields_.request_id; }
  // 1 for the first try. Higher: the front end sends this request again because an earlier backend
  // died with it, so its effects may have happened already.
  int attempt() const { return fields_.attempt; }
  // The number of the worker thread, from 0 and below `max_threads`; two handlers that run at the
  // same time never see the same number, so state for each number needs no lock.
  int thread() const { return fields_.thread; }

 private:
  Fields fields_;
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_CONTEXT_H_
