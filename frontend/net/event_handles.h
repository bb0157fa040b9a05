// libevent's handles as values: a descriptor watch and a timer. Destroying one ends its callbacks,
// also from inside the callback itself.
//
// libevent's structures are members, 128 bytes each: with 15,000 idle connections the pointers to
// them and the allocator's headers would be a tenth of all memory.
//
// Threading: loop thread only.
#ifndef ANTEROOM_FRONTEND_NET_EVENT_HANDLES_H_
#define ANTEROOM_FRONTEND_NET_EVENT_HANDLES_H_

#include <event2/event_struct.h>

#include <functional>
#include <memory>

#include "common/clock.h"

namespace anteroom::frontend {

class Loop;

// The receiver of readiness and time-outs. An interface and not a std::function: a connection has
// three of these handles, and 15,000 idle connections should not pay for closures.
class FdHandler {
 public:
  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;

 protected:
  ~FdHandler() = default;
};

class TimerHandler {
 public:
  virtual void OnTimer() = 0;

 protected:
  ~TimerHandler() = default;
};

struct EventDeleter {
  void operator()(::event* e) const;
};

// Interest in one descriptor, which the watch does not own and which must stay open as long as it.
class FdWatch {
 public:
  enum class Trigger {
    kLevel,  // reported as long as it is ready
    kEdge,   // reported when it becomes ready, and once when the watch is switched on
  };

  // All watches of one descriptor have the same trigger (libevent's rule).
  FdWatch(Loop* loop, int fd, FdHandler* handler, Trigger trigger = Trigger::kLevel);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  void WatchRead(bool on);
  void WatchWrite(bool on);
  bool writing() const { return write_ != nullptr; }

 private:
  static void Callback(int fd, short what, void* self);

  FdHandler* const handler_;
  ::event read_;
  std::unique_ptr<::event, EventDeleter> write_;  // while wanted: most clients keep up
};

// A deadline that moves cheaply. Moving it later costs nothing: the libevent timer stays where it
// is and, when it fires early, is set again for the rest. A kept-alive connection touches libevent's
// timers about once a minute instead of several times a request.
class Timer {
 public:
  Timer(Loop* loop, TimerHandler* handler);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // For a delay that others have as well: a setting or a constant, as it becomes one of the loop's
  // CommonTimeouts. What is computed or drawn is for SetDeadline().
  void SetAfter(Duration delay);
  void SetDeadline(Time deadline);
  void Clear() { deadline_ = kNever; }
  bool pending() const { return deadline_ != kNever; }

 private:
  static constexpr Time kNever = Time::max();

  static void Callback(int fd, short what, void* self);
  void Schedule();

  Loop* const loop_;
  TimerHandler* const handler_;
  Time deadline_ = kNever;
  Time scheduled_for_ = kNever;
  ::event event_;
};

// A timer with a closure, for the few places that are not on the path of a request.
class CallbackTimer final : private TimerHandler {
 public:
  CallbackTimer(Loop* loop, std::function<void()> fn) : fn_(std::move(fn)), timer_(loop, this) {}
  void SetAfter(Duration delay) { timer_.SetAfter(delay); }
  void Clear() { timer_.Clear(); }
  bool pending() const { return timer_.pending(); }

 private:
  void OnTimer() override { fn_(); }

  const std::function<void()> fn_;
  Timer timer_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_EVENT_HANDLES_H_
