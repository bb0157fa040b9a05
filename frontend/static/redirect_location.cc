#include "frontend/static/redirect_location.h"

#include "frontend/http/target.h"

namespace anteroom::frontend {
namespace {

// Visible ASCII stays as it is (the client's own escapes among it); a backslash is a slash to
// browsers.
void AppendEscaped(absl::string_view text, std::string* out) {
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u > 0x20 && u < 0x7f && c != '\\') {
      out->push_back(c);
    } else {
      AppendPercentEncoded(c, out);
    }
  }
}

}  // namespace

std::string DirectoryLocation(absl::string_view raw_path, absl::string_view raw_query) {
  while (!raw_path.empty() && (raw_path.front() == '/' || raw_path.front() == '\\')) {
    raw_path.remove_prefix(1);
  }
  std::string location = "/";
  location.reserve(raw_path.size() + raw_query.size() + 3);
  AppendEscaped(raw_path, &location);
  if (location.back() != '/') location.push_back('/');
  if (!raw_query.empty()) {
    location.push_back('?');
    AppendEscaped(raw_query, &location);
  }
  return location;
}

}  // namespace anteroom::frontend
