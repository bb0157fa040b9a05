#include "frontend/static/file_loader.h"

#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/compressor.h"
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

// Beneath the root, so without the leading '/'.
std::string RelativeName(const LoadRequest& request) {
  std::string relative = request.path.substr(1);
  if (request.path.back() == '/') absl::StrAppend(&relative, request.site->config.index);
  return relative;
}

// Of the file that is called `relative` and has `size` bytes, in `coding`.
FileFields FieldsOf(const StaticSite& site, absl::string_view relative, uint64_t size,
                    ContentCoding coding) {
  FileFields fields;
  fields.content_type = site.types.Of(relative);
  fields.varies = site.codings.Varies(fields.content_type, size);
  fields.always = site.Always(fields.varies);
  fields.with_content = site.WithContent(coding);
  if (coding != ContentCoding::kIdentity) fields.etag_suffix = CodingName(coding);
  fields.coding = coding;
  return fields;
}

// Reads what is open, or keeps it open.
Loaded Keep(const LoadRequest& request, Lookup opened, const FileFields& fields, FileIo* file_io) {
  std::time_t now = std::time(nullptr);
  if (opened.identity.size <= request.site->body_limit && !request.memory_is_short) {
    std::string body;
    switch (ReadWhole(opened.fd.get(), opened.identity, &body)) {
      case ReadResult::kWhole:
        return {Loaded::Result::kFile, CachedFile::InMemory(opened.identity, fields, body, now)};
      case ReadResult::kFailed:
        return {Loaded::Result::kFailed, nullptr};
      case ReadResult::kChanging:
        // A log that is being written: its descriptor always has some state of it, which is not the
        // one of before.
        if (Lookup now_is = IdentityOf(opened.fd.get()); now_is.found == Found::kRegular) {
          opened.identity = now_is.identity;
          now = std::time(nullptr);
          break;
        }
        return {Loaded::Result::kFailed, nullptr};
    }
  }
  return {Loaded::Result::kFile, CachedFile::OnDisk(opened.identity, fields,
                                                    FileHandle(opened.fd.Release(), file_io), now)};
}

// What is known to hold the bytes of `stored`, in `coding`, for a file that is still `named`.
std::shared_ptr<const CachedFile> FindKnown(const LoadRequest& request, ContentCoding coding,
                                            const FileIdentity& stored, const FileIdentity& named) {
  for (const std::shared_ptr<const CachedFile>& file : request.known) {
    if (file->coding() == coding && file->settled() && file->identity() == stored &&
        file->named_identity() == named) {
      return file;
    }
  }
  return nullptr;
}

// Whether what stands beside a file was made from it as it is now. Some programs (brotli's own) give
// it the file's time in whole seconds. No coding makes nothing of something: an empty one is what a
// program left that had no room.
bool MayStandFor(const FileIdentity& sibling, const FileIdentity& named) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t grain = sibling.modified_ns % kSecond == 0 ? kSecond : 1;
  return sibling.modified_ns > named.modified_ns - grain && sibling.size > 0;
}

// The file beside `relative` that holds it in `coding`; kMissing unless it may be sent.
Loaded LoadSibling(const LoadRequest& request, int root, absl::string_view relative,
                   const FileIdentity& named, ContentCoding coding, FileIo* file_io) {
  const std::string name = absl::StrCat(relative, SiblingSuffix(coding));
  const Lookup seen = LookBeneath(root, name, request.site->walk);
  if (seen.found != Found::kRegular || !MayStandFor(seen.identity, named)) {
    return {Loaded::Result::kMissing, nullptr};
  }
  if (auto known = FindKnown(request, coding, seen.identity, named)) {
    return {Loaded::Result::kUnchanged, std::move(known)};
  }
  Lookup opened = OpenBeneath(root, name, request.site->walk);
  if (opened.found != Found::kRegular || !MayStandFor(opened.identity, named)) {
    return {Loaded::Result::kMissing, nullptr};
  }
  FileFields fields = FieldsOf(*request.site, relative, named.size, coding);
  fields.named = &named;
  Loaded loaded = Keep(request, std::move(opened), fields, file_io);
  // It may have changed while it was read.
  if (loaded.file == nullptr || !MayStandFor(loaded.file->identity(), named)) {
    return {Loaded::Result::kMissing, nullptr};
  }
  return loaded;
}

// What the client prefers to the file `named` as it is. kMissing: nothing, unless `compress` says
// in what it had better be compressed.
Loaded LoadCoded(const LoadRequest& request, int root, absl::string_view relative,
                 const FileIdentity& named, FileIo* file_io) {
  const CodingRules& rules = request.site->codings;
  for (size_t i = 0; i < request.codings.size(); ++i) {
    const ContentCoding coding = request.codings.at(i);
    if (!rules.precompressed().Has(coding)) continue;
    Loaded loaded = LoadSibling(request, root, relative, named, coding, file_io);
    if (loaded.file != nullptr) return loaded;
  }
  const bool useless = request.useless != nullptr && request.useless->settled() &&
                       request.useless->identity() == named;
  for (size_t i = 0; i < request.codings.size() && !useless; ++i) {
    const ContentCoding coding = request.codings.at(i);
    if (!rules.Compresses(coding, request.site->types.Of(relative), named.size)) continue;
    if (auto known = FindKnown(request, coding, named, named)) {
      return {Loaded::Result::kUnchanged, std::move(known)};
    }
    return {Loaded::Result::kMissing, nullptr, /*cut=*/false, coding};
  }
  return {Loaded::Result::kMissing, nullptr};
}

// The file that the path names, or its index: in the coding that the client prefers.
Loaded LoadNamed(const LoadRequest& request, int root, FileIo* file_io) {
  const StaticSite& site = *request.site;
  const bool wants_index = request.path.back() == '/';
  if (wants_index && site.config.index.empty()) return {Loaded::Result::kMissing, nullptr};
  const std::string relative = RelativeName(request);

  ContentCoding compress = ContentCoding::kIdentity;
  if (!request.known.empty() || !request.codings.empty()) {
    const Lookup seen = LookBeneath(root, relative, site.walk);
    if (seen.found == Found::kRegular) {
      Loaded coded = LoadCoded(request, root, relative, seen.identity, file_io);
      if (coded.file != nullptr) return coded;
      compress = coded.compress;
      const auto known = FindKnown(request, ContentCoding::kIdentity, seen.identity, seen.identity);
      if (known != nullptr && (compress == ContentCoding::kIdentity || known->in_memory())) {
        return {Loaded::Result::kUnchanged, known, /*cut=*/false, compress};
      }
    }
  }

  Lookup opened = OpenBeneath(root, relative, site.walk);
  if (wants_index && opened.found == Found::kDirectory) opened.found = Found::kMissing;
  if (opened.found != Found::kRegular) return FromLookup(opened.found);

  const FileFields fields =
      FieldsOf(site, relative, opened.identity.size, ContentCoding::kIdentity);
  Loaded loaded = Keep(request, std::move(opened), fields, file_io);
  // It may have become another file in between, and is not read whole while it grows.
  if (loaded.file != nullptr && loaded.file->in_memory() &&
      site.codings.Compresses(compress, fields.content_type, loaded.file->size())) {
    loaded.compress = compress;
  }
  return loaded;
}

}  // namespace

Loaded LoadFile(const LoadRequest& request, FileIo* file_io) {
  const absl::StatusOr<UniqueFd> root = OpenRoot(request.site->config.root);
  if (!root.ok()) return {Loaded::Result::kUnavailable, nullptr};
  Loaded loaded = LoadNamed(request, root->get(), file_io);
  if (loaded.result == Loaded::Result::kMissing && request.path.back() == '/' &&
      request.site->config.listing) {
    return LoadListing(request, root->get());
  }
  return loaded;
}

void CompressLoaded(const LoadRequest& request, Loaded* loaded) {
  const CachedFile& plain = *loaded->file;
  const StaticSite& site = *request.site;
  const std::optional<std::string> coded =
      Compress(loaded->compress, plain.body(), site.codings.compress());
  if (!coded.has_value()) {
    loaded->compression = Loaded::Compression::kUseless;
    return;
  }
  const FileFields fields = FieldsOf(site, RelativeName(request), plain.size(), loaded->compress);
  loaded->file = CachedFile::InMemory(plain.identity(), fields, *coded, plain.loaded_at());
  loaded->compression = Loaded::Compression::kDone;
}

}  // namespace anteroom::frontend
