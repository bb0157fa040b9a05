#include "anteroom/cancellation.h"

namespace anteroom {

void Cancellation::Cancel() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    cancelled_.store(true, std::memory_order_relaxed);
  }
  changed_.notify_all();
}

bool Cancellation::WaitUntil(std::chrono::steady_clock::time_point time) const {
  std::unique_lock<std::mutex> lock(mu_);
  return changed_.wait_until(lock, time, [this] { return cancelled(); });
}

}  // namespace anteroom
