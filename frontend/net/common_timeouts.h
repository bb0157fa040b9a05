// The delays of one loop that many timers share, such as timeouts.idle: libevent keeps a list for
// each instead of its heap, so that a timer is set and taken away in constant time, however many
// there are.
//
// Threading: loop thread only. `base` must outlive it.
#ifndef ANTEROOM_FRONTEND_NET_COMMON_TIMEOUTS_H_
#define ANTEROOM_FRONTEND_NET_COMMON_TIMEOUTS_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "common/clock.h"

struct event_base;
struct timeval;

namespace anteroom::frontend {

class CommonTimeouts {
 public:
  // libevent never drops a list and allows 256. Room for some reloads with other settings; delays
  // beyond it go to the heap.
  static constexpr size_t kMost = 64;

  explicit CommonTimeouts(event_base* base) : base_(base) {}
  CommonTimeouts(const CommonTimeouts&) = delete;
  CommonTimeouts& operator=(const CommonTimeouts&) = delete;

  // Makes exactly this delay a common one, if there is room.
  void Add(Duration delay);
  // What event_add() wants instead of the time itself; null if the delay is not a common one.
  const timeval* Find(Duration delay) const;

  size_t size() const { return known_.size(); }

 private:
  event_base* const base_;
  std::vector<std::pair<Duration, const timeval*>> known_;  // libevent's own
};

// Never less than `delay`: what fires early would only be set again for a fraction of a
// millisecond.
timeval ToTimeval(Duration delay);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_COMMON_TIMEOUTS_H_
