#include "frontend/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace anteroom::frontend {
namespace {

// Connections that the kernel completes before a loop gets to accept them.
constexpr int kBacklog = 4096;

absl::Status SystemError(const char* what, const SocketAddress& address) {
  return absl::UnavailableError(
      absl::StrCat(what, " ", address.ToString(), ": ", std::strerror(errno)));
}

absl::Status NotLiteral(const SocketAddress& address) {
  return absl::InvalidArgumentError(absl::StrCat("not an address literal: ", address.host));
}

void SetOption(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

absl::StatusOr<UniqueFd> Bind(const SocketAddress& address, bool reuse_port) {
  sockaddr_storage storage{};
  const socklen_t length = address.ToSockaddr(&storage);
  if (length == 0) return NotLiteral(address);
  UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return SystemError("socket for", address);
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (reuse_port) SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  // "::" means every address, whatever the system's default says.
  if (storage.ss_family == AF_INET6) {
    const int off = 0;
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return SystemError("cannot listen on", address);
  }
  return fd;
}

}  // namespace

absl::Status CheckPortIsFree(const SocketAddress& address) {
  return Bind(address, /*reuse_port=*/false).status();
}

absl::StatusOr<UniqueFd> ListenTcp(const SocketAddress& address) {
  absl::StatusOr<UniqueFd> fd = Bind(address, /*reuse_port=*/true);
  if (!fd.ok()) return fd.status();
  if (listen(fd->get(), kBacklog) != 0) return SystemError("cannot listen on", address);
  return fd;
}

SocketAddress LocalAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return FromSockaddr(storage);
}

absl::StatusOr<UniqueFd> StartConnect(const SocketAddress& address) {
  sockaddr_storage storage{};
  const socklen_t length = address.ToSockaddr(&storage);
  if (length == 0) return NotLiteral(address);
  UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return SystemError("socket for", address);
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
      errno != EINPROGRESS) {
    return SystemError("cannot connect to", address);
  }
  return fd;
}

int ConnectError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

}  // namespace anteroom::frontend
