// Where to listen or connect: an IP literal or a name, and a port. A plain value; the functions are
// pure.
#ifndef ANTEROOM_COMMON_SOCKET_ADDRESS_H_
#define ANTEROOM_COMMON_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anteroom {

struct SocketAddress {
  std::string host;   // IPv4 or IPv6 literal, without brackets; for endpoints also a name
  uint16_t port = 0;  // 0: the kernel chooses (the choice is logged)

  std::string ToString() const;  // "host:port", "[v6]:port"

  // Whether `host` is an IP literal, so that no look-up is needed. Listeners demand it.
  bool IsLiteral() const;
  // Fills `out` and returns its used length; 0 when `host` is not a literal.
  socklen_t ToSockaddr(sockaddr_storage* out) const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b) {
    return a.host == b.host && a.port == b.port;
  }
};

// Reads "host:port" or "[v6]:port"; IPv6 literals come out in their canonical text form (RFC 5952),
// so that equal addresses compare equal. Errors are InvalidArgument with a reason that quotes the
// text.
absl::StatusOr<SocketAddress> ParseSocketAddress(absl::string_view text);

// The address of a bound or connected socket, for the log and for port 0. Empty host when the
// kernel gives none.
SocketAddress FromSockaddr(const sockaddr_storage& address);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_SOCKET_ADDRESS_H_
