// Lets an idle process that uses gRPC sleep.
//
// Why: gRPC 1.51 keeps two threads that look at their timers about once a second each, and more
// often when the windows of their timer lists drift apart, whether or not a timer is set:
// `timer_manager` (of its default EventEngine) and `grpc_global_timer` (of iomgr, its older half,
// which does all the networking). An idle process wakes 2 to 3 times a second for them. With a
// QuietGrpc it wakes once in two seconds, in a thread of ours, `grpc-quiet`:
//  - gRPC's EventEngine is one that does on this thread what it is told, when it is told, and
//  sleeps otherwise. gRPC 1.51
//    asks an EventEngine for nothing but Run, RunAfter and Cancel; connecting, listening and
//    resolving through it ends the process with a message, since an error would look like a peer
//    that cannot be reached.
//  - gRPC's own timer thread is off, and the same thread looks at the timers in its place, every
//  `kTimerPeriod`.
//
// What it costs: timers of gRPC fire up to kTimerPeriod late. Those that our channels and servers
// have are the time-out for a front end that connects and does not speak (120 s), the keep-alive
// ping of a server (2 h, and 20 s for its answer) and the grace of a GOAWAY (20 s); deadlines,
// back-off and connecting are the front end's own and not gRPC's. What would suffer is a gRPC
// deadline of a second, or a grpc::Alarm, elsewhere in the process; so this is only for a process
// that uses gRPC for our links alone. Nothing is added to the path of a message: gRPC takes an
// EventEngine with each call and runs nothing on it.
//
// Other versions: the EventEngine's interface is experimental and differs in each, so that with any
// gRPC but 1.51 this class does nothing. The functions that switch gRPC's timer thread are
// exported, without a public header; gRPC itself switches it this way around a fork. Where they are
// missing, that thread stays as it is.
#ifndef ANTEROOM_COMMON_GRPC_QUIET_H_
#define ANTEROOM_COMMON_GRPC_QUIET_H_

#include <memory>

#include "common/clock.h"

namespace anteroom {

// Threading: make and destroy it where nothing uses gRPC: before the first channel, server or
// queue, and after the last. One at a time; gRPC is afterwards as it was before, and another may
// follow. It keeps gRPC initialised while it lives. Make it where signals are blocked, since it
// starts a thread.
class QuietGrpc {
 public:
  static constexpr Duration kTimerPeriod = std::chrono::seconds(2);

  QuietGrpc();
  ~QuietGrpc();
  QuietGrpc(const QuietGrpc&) = delete;
  QuietGrpc& operator=(const QuietGrpc&) = delete;

  // Whether this gRPC can be made quiet altogether.
  static bool Possible();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;  // null where it is not possible
};

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_GRPC_QUIET_H_
