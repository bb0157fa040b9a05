// The page that shows a directory. HTML without scripts, whose style follows the browser's light or
// dark. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_LISTING_PAGE_H_
#define ANTEROOM_FRONTEND_STATIC_LISTING_PAGE_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/static/directory_reader.h"

namespace anteroom::frontend {

struct ListingPage {
  std::string html;
  bool cut = false;  // entries are missing, which the page says
};

// Of a page, up to the entry that goes beyond.
inline constexpr size_t kMostListingBytes = 1024 * 1024;

// `route`: the path of the route, `path` that of the directory below it, which begins and ends in
// '/'; both decoded. Names are escaped as HTML, and percent-encoded in links, which are relative: so the
// page holds nothing that a name could make up. Bytes that are not UTF-8 are shown as U+FFFD.
ListingPage MakeListingPage(absl::string_view route, absl::string_view path,
                            const DirectoryContents& contents,
                            size_t most_bytes = kMostListingBytes);

// The page needs its own style and nothing else, whatever a name may hold.
inline constexpr absl::string_view kListingFields =
    "Cache-Control: no-cache\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'\r\n";

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_LISTING_PAGE_H_
