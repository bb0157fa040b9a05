#include "frontend/static/static_site.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/listing_page.h"

namespace anteroom::frontend {
namespace {

// Says what the content is, so that a 304 does without (RFC 9110, section 15.4.5). Other fields of the
// operator are policies (Content-Security-Policy, Access-Control-*): what a client has stored follows
// them only when they come with the 304, since the ETag of a file does not know of them.
bool IsAboutContent(absl::string_view name) {
  return absl::EqualsIgnoreCase(name, "content-language") ||
         absl::EqualsIgnoreCase(name, "content-disposition");
}

void AppendLine(absl::string_view name, absl::string_view value, std::string* lines) {
  absl::StrAppend(lines, name, ": ", value, "\r\n");
}

}  // namespace

StaticSite::StaticSite(StaticConfig config_in, size_t body_limit_in)
    : config(std::move(config_in)),
      body_limit(body_limit_in),
      types(config.types),
      codings(config, body_limit),
      walk{config.symlinks, config.hidden},
      stand_ins(config, &types) {
  if (!config.cache_control.empty()) AppendLine("Cache-Control", config.cache_control, &always_);
  if (config.expires) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(*config.expires).count();
    AppendLine("Cache-Control", absl::StrCat("max-age=", age), &always_);
  }
  std::string with_content;
  if (config.nosniff) AppendLine("X-Content-Type-Options", "nosniff", &with_content);
  of_listings = absl::StrCat(with_content, kListingFields);
  of_pages = with_content;
  for (const auto& [name, value] : config.headers) {
    const bool content = IsAboutContent(name);
    AppendLine(name, value, content ? &with_content : &always_);
    AppendLine(name, value, &of_pages);
    // Two of these hold both, and the page's own is the stricter one.
    const bool own = content || absl::EqualsIgnoreCase(name, "content-security-policy");
    if (!own) AppendLine(name, value, &of_listings);
  }
  always_varying_ = absl::StrCat("Vary: Accept-Encoding\r\n", always_);
  for (size_t i = 0; i < kContentCodings; ++i) {
    const auto coding = static_cast<ContentCoding>(i);
    if (coding != ContentCoding::kIdentity) {
      AppendLine("Content-Encoding", CodingName(coding), &with_content_[i]);
    }
    with_content_[i] += with_content;
  }
}

}  // namespace anteroom::frontend
