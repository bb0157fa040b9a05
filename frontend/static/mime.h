// From a file name's extension to a Content-Type. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_MIME_H_
#define ANTEROOM_FRONTEND_STATIC_MIME_H_

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// The value of Content-Type for a file of that name (a path will do): by what follows the last dot
// of the last segment, compared without case. Text is declared to be UTF-8.
// application/octet-stream when there is no extension or it is not known. Static storage.
absl::string_view ContentTypeOf(absl::string_view path);

inline constexpr absl::string_view kDefaultContentType = "application/octet-stream";

// The same, empty when the extension is not known.
absl::string_view KnownContentTypeOf(absl::string_view path);

// What follows the last dot of the last segment; empty when there is none.
absl::string_view ExtensionOf(absl::string_view path);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_MIME_H_
