// The one clock of both processes: monotonic, never compared across machines. Pure code takes
// `Time` as an argument and has no clock of its own.
#ifndef ANTEROOM_COMMON_CLOCK_H_
#define ANTEROOM_COMMON_CLOCK_H_

#include <chrono>

namespace anteroom {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::steady_clock::time_point;

inline Time Now() { return std::chrono::steady_clock::now(); }

inline int64_t ToMicros(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}
inline double ToMillis(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
inline double ToSeconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_CLOCK_H_
