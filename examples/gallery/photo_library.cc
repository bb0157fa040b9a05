#include "examples/gallery/photo_library.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <queue>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace anteroom::gallery {
namespace {

constexpr absl::string_view kExtensions[] = {".jpg", ".jpeg", ".png", ".webp", ".gif"};
constexpr size_t kLongestName = 255;  // NAME_MAX of every common file system

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

absl::Status ErrnoStatus(int error, absl::string_view what) {
  const std::string text = absl::StrCat(what, ": ", g_strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:  // a symbolic link, and O_NOFOLLOW
    case ENXIO:  // a socket
    case ENAMETOOLONG:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text);
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::InternalError(text);
  }
}

// A new open file description for every scan: two scans that share one would share its position.
absl::StatusOr<Directory> OpenForScan(int directory) {
  UniqueFd fd(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "photo folder");
  Directory scan(fdopendir(fd.get()));
  if (scan == nullptr) return ErrnoStatus(errno, "photo folder");
  (void)fd.Release();  // closedir() closes it
  return scan;
}

bool IsRegularFile(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_REG;
  struct stat info;
  return fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

bool IsPhotoName(absl::string_view name) {
  if (name.empty() || name.size() > kLongestName || name.front() == '.') return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '/' || byte < 0x20 || byte == 0x7f) return false;
  }
  if (!g_utf8_validate(name.data(), static_cast<gssize>(name.size()), nullptr)) return false;
  return std::any_of(
      std::begin(kExtensions), std::end(kExtensions),
      [name](absl::string_view extension) { return absl::EndsWithIgnoreCase(name, extension); });
}

absl::StatusOr<PhotoLibrary> PhotoLibrary::Open(const std::string& directory) {
  return Open(directory, Limits());
}

absl::StatusOr<PhotoLibrary> PhotoLibrary::Open(const std::string& directory,
                                                const Limits& limits) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, directory);
  return PhotoLibrary(std::move(fd), limits);
}

absl::StatusOr<std::vector<std::string>> PhotoLibrary::List() const {
  absl::StatusOr<Directory> scan = OpenForScan(directory_.get());
  if (!scan.ok()) return scan.status();

  // The greatest name on top, so that the memory is bounded however many files there are.
  std::priority_queue<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(scan->get());
    if (entry == nullptr) {
      if (errno != 0) return ErrnoStatus(errno, "photo folder");
      break;
    }
    if (!IsPhotoName(entry->d_name) || !IsRegularFile(directory_.get(), *entry)) continue;
    names.emplace(entry->d_name);
    if (names.size() > limits_.listed) names.pop();
  }

  std::vector<std::string> sorted(names.size());
  for (auto it = sorted.rbegin(); it != sorted.rend(); ++it) {
    *it = names.top();
    names.pop();
  }
  return sorted;
}

absl::StatusOr<std::string> PhotoLibrary::Read(absl::string_view name) const {
  if (!IsPhotoName(name)) return absl::NotFoundError("no such photograph");
  const std::string file(name);
  // O_NONBLOCK: opening a FIFO would otherwise wait for somebody who writes to it.
  const UniqueFd fd(
      openat(directory_.get(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, file);

  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, file);
  if (!S_ISREG(info.st_mode)) return absl::NotFoundError("not a regular file");
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > limits_.file_bytes) {
    return absl::OutOfRangeError(absl::StrCat("the file has ", size, " bytes, more than the ",
                                              limits_.file_bytes, " that are scaled"));
  }

  std::string bytes(size, '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t n = read(fd.get(), bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, file);
    if (n == 0) break;  // it has become shorter since fstat
    filled += static_cast<size_t>(n);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace anteroom::gallery
