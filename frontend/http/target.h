// The path of a request as a name of something: decoded once and normalised, for routes and static
// files.
#ifndef ANTEROOM_FRONTEND_HTTP_TARGET_H_
#define ANTEROOM_FRONTEND_HTTP_TARGET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Percent-decodes `raw_path` (RequestHead::path(): no query) and removes dot segments (RFC 3986,
// section 5.2.4), also those that were written %2e. The result begins with '/', has no "." or ".."
// segment, and ends in '/' if the path named a directory: "/a/", "/a/." and "/a/b/.." all do. Empty
// segments stay.
//
// Decoding happens once: "%252e" is the name "%2e". InvalidArgument for what could mean different
// things to different readers: a path that does not begin with '/', a broken escape, an encoded
// '/', a backslash in any form, control bytes, and ".." above the root. Linear in the length of the
// path.
absl::StatusOr<std::string> DecodePath(absl::string_view raw_path);

// "%XX" (RFC 3986, section 2.1).
void AppendPercentEncoded(char byte, std::string* out);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_TARGET_H_
