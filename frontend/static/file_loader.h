// One look at the file system for one path: what stands there, and the file made ready to be sent.
// The blocking half of StaticFiles.
//
// Threading: any thread; blocks on the disk and belongs on a file-I/O thread. Shares nothing.
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_LOADER_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frontend/http/content_coding.h"
#include "frontend/static/cached_file.h"
#include "frontend/static/static_site.h"

namespace anteroom::frontend {

class FileIo;

struct LoadRequest {
  // Servable (IsServablePath). One that ends in '/' means the index in that directory, or its listing.
  std::string path;
  // What the cache holds of this path, in whatever coding; never null.
  std::vector<std::shared_ptr<const CachedFile>> known;
  // What the client prefers of what the site offers.
  CodingPreference codings;
  std::shared_ptr<const StaticSite> site;  // of the route; never null
  // The file that the same client would get at the moment, as it is, since compressing it was of no
  // use; or null.
  std::shared_ptr<const CachedFile> useless;
  bool memory_is_short = false;  // what is read is sent from a descriptor, however small
};

struct Loaded {
  enum class Result {
    kFile,
    kUnchanged,  // still the file that is known
    kDirectory,  // needs a '/' behind its name
    kMissing,
    kFailed,       // there, and the disk can't read it
    kUnavailable,  // no root, descriptors or memory at the moment
  };
  Result result = Result::kFailed;
  std::shared_ptr<const CachedFile> file;  // of kFile and kUnchanged
  bool cut = false;                        // it is a listing that reached a bound

  // What `file`, which is then in memory and not coded, had better be sent in.
  ContentCoding compress = ContentCoding::kIdentity;

  enum class Compression {
    kNone,
    kDone,     // `file` is the smaller one
    kUseless,  // it would not have been smaller
    kRefused,  // there was no time for it
  };
  Compression compression = Compression::kNone;
};

// The file beside the one that is named in the coding that the client likes best of those that are
// there, if it may be sent in its place; else that one compressed; and if that is not to be, as it is. A
// file beside it is not sent when it is older, empty, or anything but a regular file beneath the root. The
// root is opened anew each time, so that one that is exchanged as a whole is seen.
Loaded LoadFile(const LoadRequest& request, FileIo* file_io);

// Does what `loaded->compress`, which must not be kIdentity, says. Takes a processor for some
// milliseconds and never touches the disk.
void CompressLoaded(const LoadRequest& request, Loaded* loaded);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_LOADER_H_
