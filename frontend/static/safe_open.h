// Opens what a client named, beneath a root and nowhere else. The kernel does the walking (openat2
// with RESOLVE_BENEATH, no magic links, and no symbolic links unless the operator wants them), so
// there is no window between a check and a use.
//
// Threading: any thread; the functions block on the disk and belong on a file-I/O thread.
#ifndef ANTEROOM_FRONTEND_STATIC_SAFE_OPEN_H_
#define ANTEROOM_FRONTEND_STATIC_SAFE_OPEN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/unique_fd.h"
#include "frontend/config.h"
#include "frontend/static/cached_file.h"

namespace anteroom::frontend {

// What may be met on the way to a file. The default is the strictest.
struct WalkPolicy {
  SymlinkPolicy symlinks = SymlinkPolicy::kNone;
  bool hidden = false;  // names that begin with a dot
};

// Whether a decoded, normalised path may be looked up at all. Pure. Not servable: no leading '/', a
// NUL, an empty segment, "." and "..", longer than the kernel takes; and unless `hidden` a segment
// that begins with a dot, but for "/.well-known", which is there to be seen (RFC 8615). All other
// bytes are names like any other.
bool IsServablePath(absl::string_view path, bool hidden = false);

// Fails when openat2 can't be used: a kernel before Linux 5.6, or a seccomp profile that forbids
// it.
absl::Status CheckOpenat2();

// A handle of the directory at `root`, good as the starting point of lookups only. Symbolic links
// on the way to the root are followed: they are the operator's.
absl::StatusOr<UniqueFd> OpenRoot(const std::string& root);

enum class Found {
  kRegular,
  kDirectory,
  kMissing,     // also what must not be seen: links, devices, FIFOs, sockets, what this process may
                // not read
  kFailed,      // the disk says no
  kOutOfMeans,  // no descriptors or memory at the moment
};

struct Lookup {
  Found found = Found::kFailed;
  UniqueFd fd;            // of kRegular, unless it was only looked at
  FileIdentity identity;  // of kRegular
};

// `relative`: without the leading '/'; "" is the root itself. Never opens anything but regular
// files, so that looking at a FIFO or a device has no effect on it.
Lookup LookBeneath(int root_fd, const std::string& relative,
                   const WalkPolicy& policy = {});  // identity only, no fd
Lookup OpenBeneath(int root_fd, const std::string& relative,
                   const WalkPolicy& policy = {});  // for reading

// kDirectory with a descriptor to read its entries from, or why not; a file is kMissing.
Lookup OpenDirectoryBeneath(int root_fd, const std::string& relative, const WalkPolicy& policy);
// A handle of whatever is there, good for fstat() only; not valid when it must not be seen.
UniqueFd LookAtBeneath(int root_fd, const std::string& relative, const WalkPolicy& policy);

// Identity of an open file, or kFailed.
Lookup IdentityOf(int fd);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_SAFE_OPEN_H_
