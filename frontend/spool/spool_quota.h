// What all spool files of the process may take together, and what they have taken.
#ifndef ANTEROOM_FRONTEND_SPOOL_SPOOL_QUOTA_H_
#define ANTEROOM_FRONTEND_SPOOL_SPOOL_QUOTA_H_

#include <atomic>
#include <cstdint>

#include "common/metrics.h"

namespace anteroom::frontend {

// An answer for which there is no room waits at its backend; a request is refused. So the last quarter
// is for requests.
enum class SpoolUse : uint8_t { kRequest, kAnswer };

// Threading: any method from any thread.
class SpoolQuota {
 public:
  SpoolQuota(uint64_t max_bytes, uint32_t max_files)
      : max_bytes_(max_bytes), max_files_(max_files) {}
  SpoolQuota(const SpoolQuota&) = delete;
  SpoolQuota& operator=(const SpoolQuota&) = delete;

  // Other bounds. What was taken stays taken.
  void SetLimits(uint64_t max_bytes, uint32_t max_files) {
    max_bytes_.store(max_bytes, std::memory_order_relaxed);
    max_files_.store(max_files, std::memory_order_relaxed);
  }

  // False, and counted: there is no room, and nothing was taken.
  [[nodiscard]] bool TakeBytes(uint64_t bytes, SpoolUse use) {
    return Take(&bytes_, bytes, Share(max_bytes(), use));
  }
  [[nodiscard]] bool TakeFile(SpoolUse use) { return Take(&files_, 1, Share(max_files(), use)); }
  void GiveBytes(uint64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  void GiveFile() { files_.fetch_sub(1, std::memory_order_relaxed); }

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t files() const { return files_.load(std::memory_order_relaxed); }
  uint64_t max_bytes() const { return max_bytes_.load(std::memory_order_relaxed); }
  uint64_t max_files() const { return max_files_.load(std::memory_order_relaxed); }

  Counter refused;        // for want of room
  Counter disk_failures;  // a file could not be made, written or read
  Counter bytes_written;

 private:
  static uint64_t Share(uint64_t all, SpoolUse use) {
    return use == SpoolUse::kAnswer ? all - all / 4 : all;
  }
  bool Take(std::atomic<uint64_t>* taken, uint64_t amount, uint64_t most) {
    uint64_t before = taken->load(std::memory_order_relaxed);
    do {
      if (before > most || amount > most - before) {
        refused.Add();
        return false;
      }
    } while (!taken->compare_exchange_weak(before, before + amount, std::memory_order_relaxed));
    return true;
  }

  std::atomic<uint64_t> max_bytes_;
  std::atomic<uint64_t> max_files_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> files_{0};
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_SPOOL_QUOTA_H_
