// Tells a handler that nobody waits for it any more.
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_CANCELLATION_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_CANCELLATION_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace anteroom {

// Threading: any method from any thread, but Reset() only while nobody else looks.
class Cancellation {
 public:
  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // Final until Reset(). Wakes whoever waits.
  void Cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Returns as soon as it is cancelled (true), or at `time` (false).
  bool WaitUntil(std::chrono::steady_clock::time_point time) const;
  void Reset() { cancelled_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};  // written under mu_
  mutable std::mutex mu_;
  mutable std::condition_variable changed_;
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_CANCELLATION_H_
