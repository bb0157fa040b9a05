// Serves the files below one root to the connections of one loop (RFC 9110: GET, HEAD, OPTIONS,
// conditional requests, ranges, content codings). What is hot is answered at once from the loop's cache; everything that may
// wait for a disk (open, stat, read, close) is done by the file-I/O threads.
//
// Threading: everything here belongs to one loop and is called on it; nothing blocks and no lock is
// taken on a hit. Freshness: an answer is at most twice StaticCacheConfig::fresh old, i.e. a changed
// file is seen at most that much later.
#ifndef ANTEROOM_FRONTEND_STATIC_STATIC_FILES_H_
#define ANTEROOM_FRONTEND_STATIC_STATIC_FILES_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "frontend/config.h"
#include "frontend/http/content_coding.h"
#include "frontend/static/cached_file.h"
#include "frontend/static/conditional.h"
#include "frontend/static/file_io.h"
#include "frontend/static/partial_content.h"

namespace anteroom::frontend {

class StaticCache;

// Views need to be valid during the call of Serve only.
struct StaticRequest {
  absl::string_view method;
  // Percent-decoded, normalised, without the prefix of the route; starts with '/'. Empty segments
  // ("/a//b") name nothing here, so that one file has one name and one place in the cache.
  absl::string_view path;
  // As received, up to the '?': what a redirect is built from.
  absl::string_view raw_path;
  // As received, what follows the '?'; kept by a redirect.
  absl::string_view raw_query;
  Conditions conditions;
  // What the client accepts (accept_encoding.h). May be left empty where offers_codings() is false.
  CodingPreference codings;
};

struct StaticReply {
  // 200, 304, 412 and 416: `file` is set. 206: `partial`, too. 204 (OPTIONS) and 405: `allow` is set.
  // 301: `location` is set. 404: no such file, or none that may be shown. 500: the file is there and can't be read. 503: the
  // file-I/O threads are overloaded, or the root is gone for the moment. Bodies of errors and
  // redirects are the connection's.
  int status = 500;
  // Head from ok_fields() or not_modified_fields(). A body follows a 200 to GET only (never to
  // HEAD): ok_message() when file->in_memory(), else ok_fields() followed by what a FileSender
  // sends of [0, file->size()).
  std::shared_ptr<const CachedFile> file;
  std::unique_ptr<PartialContent> partial;
  // 404, 500 and 503: the operator's page, whose body and type are sent with that status, and no
  // validators; null: there is none.
  std::shared_ptr<const CachedFile> page;
  absl::string_view page_fields;  // more field lines of it; valid as long as the StaticFiles
  std::string location;           // path and query, safe to put into a field as it is
  absl::string_view allow;        // value of Allow; static storage
};

class StaticFiles {
 public:
  using Done = absl::AnyInvocable<void(StaticReply)>;

  // A request whose answer is not there yet. Destroying it cancels: `done` is then never called. It
  // may be destroyed at any time on its loop, also inside `done` and after the StaticFiles.
  class Pending {
   public:
    virtual ~Pending() = default;
  };

  // Opens the root once to prove that it can be served. Blocks: call it at start or reload, not on
  // a loop that serves; the result belongs to the loop, which also has to destroy it. Errors: no such directory, not readable, or a kernel without openat2 (older
  // than 5.6). `limits` says which files are kept in memory and for how long answers are
  // good. `cache` is the loop's and may be shared by all roots of the loop; `cache` and
  // `file_io` must outlive the StaticFiles and every Pending, and FileIo::Shutdown() must come
  // before the end of what `poster` posts to.
  static absl::StatusOr<std::unique_ptr<StaticFiles>> Create(StaticConfig config,
                                                             const StaticCacheConfig& limits,
                                                             StaticCache* cache, FileIo* file_io,
                                                             Poster poster);
  ~StaticFiles();
  StaticFiles(const StaticFiles&) = delete;
  StaticFiles& operator=(const StaticFiles&) = delete;

  // Whether what is sent may depend on StaticRequest::codings.
  bool offers_codings() const;

  // Calls `done` exactly once: before it returns (the result is then null), or later on the loop,
  // unless the returned handle is destroyed first. `now` is the loop's idea of the time. A hit
  // allocates nothing.
  std::unique_ptr<Pending> Serve(const StaticRequest& request, Time now, Done done);

 private:
  class Core;
  explicit StaticFiles(std::shared_ptr<Core> core);

  const std::shared_ptr<Core> core_;  // outlived by nothing but work under way in a file-I/O thread
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STATIC_FILES_H_
