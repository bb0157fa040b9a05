// What one loop counts about static files. Written by the loop alone, read by whoever scrapes.
#ifndef ANTEROOM_FRONTEND_STATIC_STATIC_COUNTERS_H_
#define ANTEROOM_FRONTEND_STATIC_STATIC_COUNTERS_H_

#include <atomic>
#include <cstdint>

namespace anteroom::frontend {

// One writer: a plain load and store instead of a locked addition.
class StaticCounter {
 public:
  void Add(uint64_t n) { value_.store(value() + n, std::memory_order_relaxed); }
  void Increment() { Add(1); }
  void Set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct StaticCounters {
  StaticCounter hits;           // answered from the cache, also with a 404 or 301
  StaticCounter misses;         // had to wait for a file-I/O thread
  StaticCounter revalidations;  // a cached file was looked at again
  StaticCounter evictions;      // left the cache for room
  StaticCounter cold_reads;     // windows that a file-I/O thread had to read
  StaticCounter refused;        // answered 503 since the file-I/O queue was full
  // Gauges.
  StaticCounter cached_bytes;
  StaticCounter cached_entries;
  StaticCounter cached_descriptors;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STATIC_COUNTERS_H_
