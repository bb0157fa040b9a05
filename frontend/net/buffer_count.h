// What a loop's connections hold beside bodies, as its part of the bytes that limits.buffers bounds.
#ifndef ANTEROOM_FRONTEND_NET_BUFFER_COUNT_H_
#define ANTEROOM_FRONTEND_NET_BUFFER_COUNT_H_

#include <atomic>
#include <cstdint>

namespace anteroom::frontend {

// Every request comes and goes with some bytes, so they reach the sum of the process in larger steps:
// it lacks up to kStep of each loop, and never counts what is not there.
//
// Threading: loop thread only.
class BufferCount {
 public:
  static constexpr int64_t kStep = 64 * 1024;

  BufferCount() = default;
  ~BufferCount() { Pass(); }
  BufferCount(const BufferCount&) = delete;
  BufferCount& operator=(const BufferCount&) = delete;

  // Before the first change; `sum` outlives this.
  void CountIn(std::atomic<uint64_t>* sum) { sum_ = sum; }
  // All changes together are never negative.
  void Change(int64_t bytes) {
    waiting_ += bytes;
    if (waiting_ < 0 || waiting_ >= kStep) Pass();
  }

 private:
  void Pass() {
    if (waiting_ == 0) return;
    sum_->fetch_add(static_cast<uint64_t>(waiting_), std::memory_order_relaxed);
    waiting_ = 0;
  }

  std::atomic<uint64_t>* sum_ = nullptr;
  int64_t waiting_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_BUFFER_COUNT_H_
