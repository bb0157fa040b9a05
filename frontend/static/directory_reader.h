// What stands in one directory, as far as it may be shown to everybody.
//
// Threading: any thread; blocks on the disk and belongs on a file-I/O thread. Shares nothing.
#ifndef ANTEROOM_FRONTEND_STATIC_DIRECTORY_READER_H_
#define ANTEROOM_FRONTEND_STATIC_DIRECTORY_READER_H_

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/static/safe_open.h"

namespace anteroom::frontend {

struct DirectoryEntry {
  std::string name;  // bytes as the file system has them; no NUL, '/', '\' or control byte
  bool directory = false;
  uint64_t size = 0;         // bytes; of files
  std::time_t modified = 0;  // seconds since the epoch
};

struct DirectoryContents {
  Found found = Found::kFailed;  // kDirectory: the rest holds
  std::vector<DirectoryEntry> entries;
  bool cut = false;  // there is more than was asked for
};

// At most `most` entries of the directory `relative` (as in safe_open.h, without a '/' at its end),
// in ListingOrder(). What would not be served is left out: hidden names, links that the policy does
// not follow, what is neither file nor directory, what this process may not read, and names that no
// request can have.
DirectoryContents ReadDirectoryBeneath(int root_fd, const std::string& relative,
                                       const WalkPolicy& policy, size_t most);

// Directories first, then by name as people count: case does not matter at first, and "file2" comes
// before "file10". A total order.
bool ListingOrder(const DirectoryEntry& a, const DirectoryEntry& b);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_DIRECTORY_READER_H_
