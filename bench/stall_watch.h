// Tells when a processor did not run what was due: the host of a virtual machine had it, or the
// kernel was busy in a call that it does not interrupt. A latency that was measured across such a
// gap says nothing about the server that was asked.
//
// One thread per watch, which wakes each millisecond. Of use only where it goes before all others:
// pin the process to one processor and give it a real-time policy (`taskset`, `chrt --fifo`), which
// the thread inherits with one priority more.
#ifndef ANTEROOM_BENCH_STALL_WATCH_H_
#define ANTEROOM_BENCH_STALL_WATCH_H_

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "common/clock.h"

namespace anteroom::bench {

struct Stall {
  Time begin;  // when the thread should have run
  Time end;    // when it did
};

class StallWatch {
 public:
  // Later than this is a stall.
  explicit StallWatch(Duration above);
  ~StallWatch();
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  // Ends the watch. In the order of their time, none overlapping.
  std::vector<Stall> Stop();

 private:
  void Run();

  const Duration above_;
  std::atomic<bool> stop_{false};
  std::vector<Stall> stalls_;  // the thread's until it has ended
  std::thread thread_;
};

// What the host of the virtual machine has taken from the processors that this process may use,
// since the machine began (`steal` of /proc/stat, proc(5)); in steps of 10 ms a processor.
Duration StolenTime();

// Whether any stall overlaps [begin, end]. `stalls` as Stop() gives them.
bool Stalled(const std::vector<Stall>& stalls, Time begin, Time end);

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_STALL_WATCH_H_
