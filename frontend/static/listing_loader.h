// The listing of a directory as a file that can be kept and sent like others, without validators.
//
// Threading: any thread; blocks on the disk and belongs on a file-I/O thread. Shares nothing.
#ifndef ANTEROOM_FRONTEND_STATIC_LISTING_LOADER_H_
#define ANTEROOM_FRONTEND_STATIC_LISTING_LOADER_H_

#include <cstddef>

#include "frontend/static/file_loader.h"

namespace anteroom::frontend {

// Entries of a listing, however many a directory has.
inline constexpr size_t kMostListingEntries = 4096;

// Of the directory that `request.path` names, which ends in '/'. It is read each time, since its entries
// change without its own times telling; kUnchanged with the page that is known when it is the same, so
// that clients that read slowly all hold one.
Loaded LoadListing(const LoadRequest& request, int root_fd);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_LISTING_LOADER_H_
