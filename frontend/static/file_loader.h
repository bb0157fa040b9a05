// One look at the file system for one path: what stands there, and the file made ready to be sent.
// The blocking half of StaticFiles.
//
// Threading: any thread; blocks on the disk and belongs on a file-I/O thread. Shares nothing.
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_LOADER_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_LOADER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "frontend/static/cached_file.h"
#include "frontend/static/static_site.h"

namespace anteroom::frontend {

class FileIo;

struct LoadRequest {
  std::string root;  // opened anew each time, so that a root that is exchanged as a whole is seen
  std::string
      path;  // servable (IsServablePath); one that ends in '/' means the index in that directory
  std::string index;                        // empty: directories have none
  size_t body_limit = 0;                    // larger files are left on disk
  std::shared_ptr<const CachedFile> known;  // what the cache holds, or null
  std::shared_ptr<const StaticSite> site;   // of the route
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
};

Loaded LoadFile(const LoadRequest& request, FileIo* file_io);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_LOADER_H_
