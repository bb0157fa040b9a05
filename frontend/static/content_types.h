// The Content-Type of each file of a route: what its operator says, then the table of mime.h.
//
// Constant once made, so any thread.
#ifndef ANTEROOM_FRONTEND_STATIC_CONTENT_TYPES_H_
#define ANTEROOM_FRONTEND_STATIC_CONTENT_TYPES_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "frontend/config.h"

namespace anteroom::frontend {

class ContentTypes {
 public:
  // `types`: extension without dot, in any case, to media type; checked. Text without a charset gets
  // that of the table, UTF-8.
  explicit ContentTypes(const NamedTexts& types);

  // As ContentTypeOf() of mime.h. Valid as long as this.
  absl::string_view Of(absl::string_view path) const;
  // Whether the extension has a type, which makes the name that of a file rather than of a page.
  bool Know(absl::string_view path) const;

 private:
  absl::string_view Find(absl::string_view path) const;  // empty: not known

  absl::flat_hash_map<std::string, std::string> types_;  // by extension, lower case
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_CONTENT_TYPES_H_
