// When each window of a file was last seen in the page cache. Asking the kernel costs a copy
// of it, and some file systems (overlayfs, tmpfs) can't be asked at all and every
// window is read by a file-I/O thread first, so what was seen a moment ago is believed. Wrong
// belief costs one read on the loop; it takes a page that is used and evicted within kBelieved.
//
// Threading: one loop. Knows no clock.
#ifndef ANTEROOM_FRONTEND_STATIC_RESIDENCY_HINTS_H_
#define ANTEROOM_FRONTEND_STATIC_RESIDENCY_HINTS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/clock.h"

namespace anteroom::frontend {

class ResidencyHints {
 public:
  static constexpr uint64_t kWindow = 256 * 1024;  // bytes
  static constexpr Duration kBelieved = std::chrono::seconds(1);
  // Windows that are remembered; what lies beyond them (256 MiB) is asked for every time.
  static constexpr size_t kWindows = 1024;

  // End of the window that `offset` is in.
  static uint64_t WindowEnd(uint64_t offset) { return (offset / kWindow + 1) * kWindow; }

  bool SeenLately(uint64_t offset, Time now) const {
    const uint64_t window = offset / kWindow;
    return window < seen_.size() && now - seen_[window] < kBelieved;
  }

  // [begin, end) was there at `now`. Counts for the windows that it covers as far as the file of
  // `size` bytes goes.
  void Saw(uint64_t begin, uint64_t end, uint64_t size, Time now) {
    const uint64_t first = (begin + kWindow - 1) / kWindow;
    const uint64_t last =
        std::min<uint64_t>(end == size ? (end + kWindow - 1) / kWindow : end / kWindow, kWindows);
    if (first >= last) return;
    if (seen_.size() < last) seen_.resize(last, kNever);
    std::fill(seen_.begin() + static_cast<int64_t>(first),
              seen_.begin() + static_cast<int64_t>(last), now);
  }

 private:
  // Far enough back, and yet so that subtracting it doesn't overflow.
  static constexpr Time kNever{-std::chrono::hours(24 * 365)};

  std::vector<Time> seen_;  // by window
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_RESIDENCY_HINTS_H_
