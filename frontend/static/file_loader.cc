#include "frontend/static/file_loader.h"

#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/file_handle.h"
#include "frontend/static/listing_loader.h"
#include "frontend/static/safe_open.h"

namespace anteroom::frontend {
namespace {

Loaded FromLookup(Found found) {
  switch (found) {
    case Found::kDirectory:
      return {Loaded::Result::kDirectory, nullptr};
    case Found::kMissing:
      return {Loaded::Result::kMissing, nullptr};
    case Found::kOutOfMeans:
      return {Loaded::Result::kUnavailable, nullptr};
    case Found::kRegular:  // the caller goes on with those
    case Found::kFailed:
      break;
  }
  return {Loaded::Result::kFailed, nullptr};
}

enum class ReadResult { kWhole, kChanging, kFailed };

// The whole file as it was at one moment, as far as the file system lets one tell.
ReadResult ReadWhole(int fd, const FileIdentity& identity, std::string* body) {
  body->resize(identity.size);
  size_t filled = 0;
  while (filled < body->size()) {
    const ssize_t n =
        pread(fd, body->data() + filled, body->size() - filled, static_cast<off_t>(filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ReadResult::kFailed;
    if (n == 0) return ReadResult::kChanging;
    filled += static_cast<size_t>(n);
  }
  const Lookup after = IdentityOf(fd);
  if (after.found != Found::kRegular) return ReadResult::kFailed;
  return after.identity == identity ? ReadResult::kWhole : ReadResult::kChanging;
}

Loaded LoadNamed(const LoadRequest& request, int root, FileIo* file_io) {
  // Without the leading '/', since everything is beneath the root.
  std::string relative = request.path.substr(1);
  const bool wants_index = request.path.back() == '/';
  if (wants_index) {
    if (request.index.empty()) return {Loaded::Result::kMissing, nullptr};
    absl::StrAppend(&relative, request.index);
  }

  if (request.known != nullptr && request.known->settled()) {
    const Lookup seen = LookBeneath(root, relative, request.site->walk);
    if (seen.found == Found::kRegular && seen.identity == request.known->identity()) {
      return {Loaded::Result::kUnchanged, request.known};
    }
  }

  Lookup opened = OpenBeneath(root, relative, request.site->walk);
  if (wants_index && opened.found == Found::kDirectory) opened.found = Found::kMissing;
  if (opened.found != Found::kRegular) return FromLookup(opened.found);

  const std::time_t now = std::time(nullptr);
  FileFields fields;
  fields.content_type = request.site->types.Of(relative);
  fields.always = request.site->always;
  fields.with_content = request.site->with_content;
  if (opened.identity.size <= request.body_limit) {
    std::string body;
    switch (ReadWhole(opened.fd.get(), opened.identity, &body)) {
      case ReadResult::kWhole:
        return {Loaded::Result::kFile, CachedFile::InMemory(opened.identity, fields, body, now)};
      case ReadResult::kFailed:
        return {Loaded::Result::kFailed, nullptr};
      case ReadResult::kChanging:
        break;  // a log that is being written: its descriptor always has some state of it
    }
  }
  return {Loaded::Result::kFile, CachedFile::OnDisk(opened.identity, fields,
                                                    FileHandle(opened.fd.Release(), file_io), now)};
}

}  // namespace

Loaded LoadFile(const LoadRequest& request, FileIo* file_io) {
  const absl::StatusOr<UniqueFd> root = OpenRoot(request.root);
  if (!root.ok()) return {Loaded::Result::kUnavailable, nullptr};
  Loaded loaded = LoadNamed(request, root->get(), file_io);
  if (loaded.result == Loaded::Result::kMissing && request.path.back() == '/' &&
      request.site->config.listing) {
    return LoadListing(request, root->get());
  }
  return loaded;
}

}  // namespace anteroom::frontend
