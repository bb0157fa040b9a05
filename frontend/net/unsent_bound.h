// How many bytes the kernel may hold for one client that it has not sent yet (tcp(7),
// TCP_NOTSENT_LOWAT): about what this client takes in some milliseconds.
//
// Without a bound a socket is writable again only after a third of its buffer, which may be megabytes,
// has gone out, and a client that reads slowly but steadily would look like one that has stopped.
// And what is written to a client with a small window is cut into pieces of half of it: the less waits
// in the kernel, the cheaper is a client that does not read. With a small bound, on the other hand, a
// fast client wakes its loop for every few kilobytes. So each begins with kLeast, and one whose
// socket was writable again within kFast gets four times as much, up to kMost.
//
// Threading: one thread, that of the socket. A socket that isn't TCP has no such bound, which is no
// error.
#ifndef ANTEROOM_FRONTEND_NET_UNSENT_BOUND_H_
#define ANTEROOM_FRONTEND_NET_UNSENT_BOUND_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>

#include "common/clock.h"

namespace anteroom::frontend {

class UnsentBound {
 public:
  static constexpr int kLeast = 32 * 1024;  // bytes
  static constexpr int kMost = 2 * 1024 * 1024;
  static constexpr Duration kFast = std::chrono::milliseconds(10);

  // For a new socket.
  void Begin(int socket) { Set(socket); }
  // The socket was full for this long, and is writable again.
  void OnWritable(int socket, Duration full) {
    if (full >= kFast || bytes() == kMost) return;
    ++step_;
    Set(socket);
  }

  int bytes() const { return kLeast << (2 * step_); }

 private:
  void Set(int socket) const {
    const int bytes = this->bytes();
    setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
  }

  uint8_t step_ = 0;  // a byte: there is one for each idle connection
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_UNSENT_BOUND_H_
