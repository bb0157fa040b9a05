#include "frontend/static/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace anteroom::frontend {
namespace {

// What is not shown costs time, too.
constexpr size_t kLooksAnEntry = 4;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Takes a run of digits off the front; without leading zeros, so that longer is larger.
absl::string_view ConsumeNumber(absl::string_view* text) {
  size_t end = 0;
  while (end < text->size() && IsDigit((*text)[end])) ++end;
  absl::string_view number = text->substr(0, end);
  text->remove_prefix(end);
  while (number.size() > 1 && number.front() == '0') number.remove_prefix(1);
  return number;
}

// Below, above or equal to 0, as compare().
int CompareNaturally(absl::string_view a, absl::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (IsDigit(a.front()) && IsDigit(b.front())) {
      const absl::string_view x = ConsumeNumber(&a);
      const absl::string_view y = ConsumeNumber(&b);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
      if (const int order = x.compare(y); order != 0) return order;
      continue;
    }
    const auto x = static_cast<unsigned char>(absl::ascii_tolower(a.front()));
    const auto y = static_cast<unsigned char>(absl::ascii_tolower(b.front()));
    if (x != y) return x < y ? -1 : 1;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return static_cast<int>(!a.empty()) - static_cast<int>(!b.empty());
}

// Requests with these bytes in their path are refused (frontend/http/target.h).
bool IsRequestable(absl::string_view name) {
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '\\' || absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

bool IsShown(absl::string_view name, absl::string_view relative, const WalkPolicy& policy) {
  if (name == "." || name == ".." || !IsRequestable(name)) return false;
  const std::string path = absl::StrCat("/", relative, relative.empty() ? "" : "/", name);
  return IsServablePath(path, policy.hidden);
}

}  // namespace

bool ListingOrder(const DirectoryEntry& a, const DirectoryEntry& b) {
  if (a.directory != b.directory) return a.directory;
  const int order = CompareNaturally(a.name, b.name);
  return order != 0 ? order < 0 : a.name < b.name;
}

DirectoryContents ReadDirectoryBeneath(int root_fd, const std::string& relative,
                                       const WalkPolicy& policy, size_t most) {
  DirectoryContents contents;
  Lookup opened = OpenDirectoryBeneath(root_fd, relative, policy);
  contents.found = opened.found;
  if (opened.found != Found::kDirectory) return contents;
  const std::unique_ptr<DIR, CloseDirectory> directory(fdopendir(opened.fd.get()));
  if (directory == nullptr) {
    contents.found = Found::kOutOfMeans;
    return contents;
  }
  const int fd = opened.fd.Release();  // the DIR's now
  for (size_t looked_at = 0;; ++looked_at) {
    errno = 0;
    const dirent* const found = readdir(directory.get());
    if (found == nullptr) {
      if (errno != 0) contents.found = Found::kFailed;
      break;
    }
    if (looked_at >= kLooksAnEntry * most) {
      contents.cut = true;
      break;
    }
    const absl::string_view name = found->d_name;
    if (!IsShown(name, relative, policy)) continue;
    struct stat st;
    if (fstatat(fd, found->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(st.st_mode)) {
      // Where it leads is the kernel's to say, as when it is served.
      const UniqueFd target =
          LookAtBeneath(root_fd, absl::StrCat(relative, relative.empty() ? "" : "/", name), policy);
      if (!target.valid() || fstat(target.get(), &st) != 0) continue;
    }
    const bool is_directory = S_ISDIR(st.st_mode);
    if (!is_directory && !S_ISREG(st.st_mode)) continue;
    if (faccessat(fd, found->d_name, is_directory ? X_OK : R_OK, AT_EACCESS) != 0) continue;
    if (contents.entries.size() == most) {
      contents.cut = true;
      break;
    }
    DirectoryEntry& entry = contents.entries.emplace_back();
    entry.name.assign(name.data(), name.size());
    entry.directory = is_directory;
    entry.size = is_directory ? 0 : static_cast<uint64_t>(st.st_size);
    entry.modified = st.st_mtim.tv_sec;
  }
  std::sort(contents.entries.begin(), contents.entries.end(), ListingOrder);
  return contents;
}

}  // namespace anteroom::frontend
