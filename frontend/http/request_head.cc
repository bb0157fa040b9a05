#include "frontend/http/request_head.h"

#include "absl/strings/match.h"

namespace anteroom::frontend {

absl::string_view RequestHead::path() const { return target().substr(0, path_size_); }

absl::string_view RequestHead::query() const {
  const absl::string_view all = target();
  return path_size_ < all.size() ? all.substr(path_size_ + 1) : absl::string_view();
}

std::optional<absl::string_view> RequestHead::Find(absl::string_view name) const {
  for (const FieldSpan& span : fields_) {
    if (span.name.size == name.size() && absl::EqualsIgnoreCase(View(span.name), name))
      return View(span.value);
  }
  return std::nullopt;
}

}  // namespace anteroom::frontend
