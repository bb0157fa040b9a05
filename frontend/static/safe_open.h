// Opens what a client named, beneath a root and nowhere else. The kernel does the walking (openat2
// with RESOLVE_BENEATH, no symbolic links, no magic links), so there is no window between a check
// and a use.
//
// Threading: any thread; the functions block on the disk and belong on a file-I/O thread.
#ifndef ANTEROOM_FRONTEND_STATIC_SAFE_OPEN_H_
#define ANTEROOM_FRONTEND_STATIC_SAFE_OPEN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/unique_fd.h"
#include "frontend/static/cached_file.h"

namespace anteroom::frontend {

// Whether a decoded, normalised path may be looked up at all. Pure. Not servable: no leading '/', a
// NUL, an empty segment, a segment that begins with a dot ("..", ".", and hidden files), longer
// than the kernel takes. All other bytes are names like any other.
bool IsServablePath(absl::string_view path);

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
Lookup LookBeneath(int root_fd, const std::string& relative);  // identity only, no fd
Lookup OpenBeneath(int root_fd, const std::string& relative);  // for reading

// Identity of an open file, or kFailed.
Lookup IdentityOf(int fd);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_SAFE_OPEN_H_
