#include "frontend/net/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace anteroom::frontend {
namespace {

// As of TCP; the kernel takes net.core.somaxconn at most.
constexpr int kBacklog = 4096;
constexpr int kLockAttempts = 40;
constexpr int kLockPauseMillis = 50;

absl::Status Failed(const std::string& path, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on unix:", path, ": ", why));
}

absl::Status SystemError(const std::string& path) { return Failed(path, std::strerror(errno)); }

UniqueFd NewSocket() {
  return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Removes the file if it is a socket's that nobody listens on.
absl::Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? absl::OkStatus() : SystemError(path);
  }
  if (!S_ISSOCK(status.st_mode)) return Failed(path, "there is a file that is no socket");
  const UniqueFd probe = NewSocket();
  if (!probe.valid()) return SystemError(path);
  const int result =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // EAGAIN: the queue of whoever listens is full.
  if (result == 0 || errno == EAGAIN) return Failed(path, "somebody listens there");
  if (errno != ECONNREFUSED) return SystemError(path);
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : SystemError(path);
}

// Held while a file is looked at and replaced: two processes that start together must not each take
// the other's for left over. The directory is what both can lock without making another file.
UniqueFd LockDirectoryOf(const std::string& path) {
  UniqueFd directory(
      open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Another front end has it for a moment; anybody else may have it for ever.
  for (int attempt = 0; directory.valid(); ++attempt) {
    if (flock(directory.get(), LOCK_EX | LOCK_NB) == 0) break;
    if (attempt == kLockAttempts || (errno != EWOULDBLOCK && errno != EINTR)) directory.Reset();
    if (directory.valid()) poll(nullptr, 0, kLockPauseMillis);
  }
  return directory;
}

}  // namespace

absl::StatusOr<UniqueFd> ListenUnix(const std::string& path, uint32_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Failed(path, "the path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd lock = LockDirectoryOf(path);
  if (!lock.valid()) return SystemError(path);
  if (absl::Status status = RemoveStale(path, address); !status.ok()) return status;
  UniqueFd fd = NewSocket();
  if (!fd.valid()) return SystemError(path);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return SystemError(path);
  }
  // Nobody can connect before listen(), so the mode is in force from the first client on.
  if (chmod(path.c_str(), mode) != 0 || listen(fd.get(), kBacklog) != 0) {
    absl::Status status = SystemError(path);
    unlink(path.c_str());
    return status;
  }
  return fd;
}

absl::StatusOr<UniqueFd> Duplicate(const UniqueFd& socket) {
  UniqueFd fd(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) {
    return absl::UnavailableError(absl::StrCat("dup of a listening socket: ", strerror(errno)));
  }
  return fd;
}

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat status;
  if (lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

bool SocketFile::SetMode(uint32_t mode) const {
  // Through a descriptor, so that it is the file that was looked at, and no link.
  const UniqueFd file(open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0) return false;
  if (status.st_dev != device_ || status.st_ino != inode_) return false;
  return chmod(absl::StrCat("/proc/self/fd/", file.get()).c_str(), mode) == 0;
}

SocketFile::~SocketFile() {
  struct stat status;
  if (lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

}  // namespace anteroom::frontend
