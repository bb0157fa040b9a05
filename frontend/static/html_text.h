// Text of unknown origin on an HTML page. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_HTML_TEXT_H_
#define ANTEROOM_FRONTEND_STATIC_HTML_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Good inside of elements and of quoted attributes. What is not UTF-8, and control characters, become
// U+FFFD.
void AppendHtml(absl::string_view text, std::string* html);

// One segment of a path: everything but unreserved characters (RFC 3986, section 2.3) percent-encoded,
// which needs no escaping as HTML.
void AppendUrlSegment(absl::string_view text, std::string* html);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_HTML_TEXT_H_
