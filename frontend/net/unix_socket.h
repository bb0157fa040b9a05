// Listening on a Unix socket: the socket, and its file.
//
// Threading: no shared state; one thread for each value. Blocks for file system work, so never on a
// loop. Errors name the path and the system's reason.
#ifndef ANTEROOM_FRONTEND_NET_UNIX_SOCKET_H_
#define ANTEROOM_FRONTEND_NET_UNIX_SOCKET_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/unique_fd.h"

namespace anteroom::frontend {

// A listening socket whose file has `mode`. A socket's file that nobody listens on any more (its
// process was killed) is replaced; one where somebody does, or a file of another kind, is an error.
absl::StatusOr<UniqueFd> ListenUnix(const std::string& path, uint32_t mode);

// The same socket under one more descriptor. There is no SO_REUSEPORT for Unix sockets: loops accept
// from one and the same, each through a descriptor of its own.
absl::StatusOr<UniqueFd> Duplicate(const UniqueFd& socket);

// Removes the file of a socket in the end, unless another process has put its own there meanwhile.
class SocketFile {
 public:
  // The file that ListenUnix() has just made.
  explicit SocketFile(std::string path);
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // False: it is not that file any more, or not ours.
  bool SetMode(uint32_t mode) const;

 private:
  const std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_UNIX_SOCKET_H_
