#include "frontend/static/safe_open.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace anteroom::frontend {
namespace {

int Openat2(int directory, const char* path, uint64_t flags, const WalkPolicy& policy = {}) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (policy.symlinks == SymlinkPolicy::kNone) how.resolve |= RESOLVE_NO_SYMLINKS;
  // The kernel answers EAGAIN when a rename or mount elsewhere makes it unsure; rare, and never for
  // long.
  constexpr int kTries = 16;
  long fd = -1;
  for (int i = 0; i < kTries; ++i) {
    fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return static_cast<int>(fd);
}

Found FromErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:  // a symbolic link
    case EXDEV:  // out of the root
    case ENAMETOOLONG:
    case EINVAL:  // a name that this file system can't have
    case EILSEQ:
    case EACCES:  // that it exists is nobody's business
    case EPERM:
    case ENXIO:  // a socket, or a FIFO put there this moment
    case ENODEV:
      return Found::kMissing;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
      return Found::kOutOfMeans;
    default:
      return Found::kFailed;
  }
}

const char* OrDot(const std::string& relative) { return relative.empty() ? "." : relative.c_str(); }

// What begins with a dot at the front of `rest`, up to the next '/'.
bool IsDotSegment(absl::string_view rest) {
  const absl::string_view segment = rest.substr(0, rest.find('/'));
  return segment == "." || segment == "..";
}

// Times beyond 1678 to 2262, which some file systems keep, are those years.
int64_t ToNanos(const timespec& t) {
  constexpr int64_t kSecond = 1'000'000'000;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / kSecond - 1;
  return std::clamp<int64_t>(t.tv_sec, -kMost, kMost) * kSecond + t.tv_nsec;
}

}  // namespace

bool IsServablePath(absl::string_view path, bool hidden) {
  if (path.empty() || path.front() != '/' || path.size() >= PATH_MAX) return false;
  constexpr absl::string_view kWellKnown = "/.well-known";
  if (path == kWellKnown || absl::StartsWith(path, "/.well-known/")) {
    path.remove_prefix(kWellKnown.size());
  }
  char previous = '\0';
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\0') return false;
    if (previous == '/' && c == '/') return false;
    if (previous == '/' && c == '.' && (!hidden || IsDotSegment(path.substr(i)))) return false;
    previous = c;
  }
  return true;
}

absl::Status CheckOpenat2() {
  const UniqueFd top(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Old seccomp profiles say EPERM where the kernel would say ENOSYS; nothing else can go wrong
  // here.
  if (UniqueFd(Openat2(top.get(), ".", O_PATH | O_DIRECTORY)).valid()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "static files need the system call openat2 (Linux 5.6 or later, and a seccomp profile that "
      "allows it): ",
      std::strerror(errno)));
}

absl::StatusOr<UniqueFd> OpenRoot(const std::string& root) {
  UniqueFd fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("static root ", root));
  }
  return fd;
}

Lookup IdentityOf(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0) return {FromErrno(errno), UniqueFd(), {}};
  if (S_ISDIR(st.st_mode)) return {Found::kDirectory, UniqueFd(), {}};
  if (!S_ISREG(st.st_mode)) return {Found::kMissing, UniqueFd(), {}};
  FileIdentity identity;
  identity.device = st.st_dev;
  identity.inode = st.st_ino;
  identity.size = static_cast<uint64_t>(st.st_size);
  identity.modified_ns = ToNanos(st.st_mtim);
  identity.changed_ns = ToNanos(st.st_ctim);
  return {Found::kRegular, UniqueFd(), identity};
}

UniqueFd LookAtBeneath(int root_fd, const std::string& relative, const WalkPolicy& policy) {
  return UniqueFd(Openat2(root_fd, OrDot(relative), O_PATH, policy));
}

Lookup LookBeneath(int root_fd, const std::string& relative, const WalkPolicy& policy) {
  const UniqueFd fd = LookAtBeneath(root_fd, relative, policy);
  if (!fd.valid()) return {FromErrno(errno), UniqueFd(), {}};
  return IdentityOf(fd.get());
}

Lookup OpenBeneath(int root_fd, const std::string& relative, const WalkPolicy& policy) {
  Lookup seen = LookBeneath(root_fd, relative, policy);
  if (seen.found != Found::kRegular) return seen;
  // Something else may stand there by now: O_NONBLOCK keeps a FIFO from holding us, and fstat
  // tells.
  UniqueFd fd(Openat2(root_fd, relative.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY, policy));
  if (!fd.valid()) return {FromErrno(errno), UniqueFd(), {}};
  Lookup opened = IdentityOf(fd.get());
  if (opened.found == Found::kRegular) opened.fd = std::move(fd);
  return opened;
}

Lookup OpenDirectoryBeneath(int root_fd, const std::string& relative, const WalkPolicy& policy) {
  UniqueFd fd(Openat2(root_fd, OrDot(relative), O_RDONLY | O_DIRECTORY, policy));
  if (!fd.valid()) return {FromErrno(errno), UniqueFd(), {}};
  return {Found::kDirectory, std::move(fd), {}};
}

}  // namespace anteroom::frontend
