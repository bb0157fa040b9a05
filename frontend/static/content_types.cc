#include "frontend/static/content_types.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/mime.h"

namespace anteroom::frontend {

ContentTypes::ContentTypes(const NamedTexts& types) {
  for (const auto& [extension, type] : types) {
    const bool charset = absl::StartsWithIgnoreCase(type, "text/") &&
                         !absl::StrContains(absl::AsciiStrToLower(type), "charset=");
    types_[absl::AsciiStrToLower(extension)] = absl::StrCat(type, charset ? "; charset=utf-8" : "");
  }
}

absl::string_view ContentTypes::Find(absl::string_view path) const {
  if (!types_.empty()) {
    const auto found = types_.find(absl::AsciiStrToLower(ExtensionOf(path)));
    if (found != types_.end()) return found->second;
  }
  return KnownContentTypeOf(path);
}

absl::string_view ContentTypes::Of(absl::string_view path) const {
  const absl::string_view known = Find(path);
  return known.empty() ? kDefaultContentType : known;
}

bool ContentTypes::Know(absl::string_view path) const { return !Find(path).empty(); }

}  // namespace anteroom::frontend
