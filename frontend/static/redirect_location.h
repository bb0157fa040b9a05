// The Location of the redirect from a directory's name to the directory. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_REDIRECT_LOCATION_H_
#define ANTEROOM_FRONTEND_STATIC_REDIRECT_LOCATION_H_

#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// `raw_path` and `raw_query` as received, the latter without its '?'. The result begins with
// exactly one '/', so that it never names another host ("//evil.example" and "/\evil.example" do,
// for browsers), and has no byte that could end a field line.
std::string DirectoryLocation(absl::string_view raw_path, absl::string_view raw_query);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_REDIRECT_LOCATION_H_
