// TCP sockets: opening listeners and connections without ever blocking.
//
// Threading: free functions without state, safe from any thread. Errors carry the address and the
// system's reason.
#ifndef ANTEROOM_FRONTEND_NET_SOCKET_H_
#define ANTEROOM_FRONTEND_NET_SOCKET_H_

#include "absl/status/statusor.h"
#include "common/socket_address.h"
#include "common/unique_fd.h"

namespace anteroom::frontend {

// A listening socket. With SO_REUSEPORT every loop has one of its own on the same address and the
// kernel deals the connections out; a first bind without it finds out whether another process holds
// the port (which SO_REUSEPORT alone would silently share with us).
absl::StatusOr<UniqueFd> ListenTcp(const SocketAddress& address);
absl::Status CheckPortIsFree(const SocketAddress& address);

// Where a socket is bound; an empty host on error.
SocketAddress LocalAddress(int fd);

// Begins to connect to an address literal. The connection is made when the socket becomes writable
// and ConnectError() is 0.
absl::StatusOr<UniqueFd> StartConnect(const SocketAddress& address);
int ConnectError(int fd);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_SOCKET_H_
