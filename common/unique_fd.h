// An owned file descriptor. Not thread-safe.
#ifndef ANTEROOM_COMMON_UNIQUE_FD_H_
#define ANTEROOM_COMMON_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace anteroom {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives the descriptor away.
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }

  // Closes what is held. close() is not repeated after EINTR: on Linux the descriptor is gone
  // either way.
  void Reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_UNIQUE_FD_H_
