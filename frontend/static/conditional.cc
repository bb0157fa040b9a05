#include "frontend/static/conditional.h"

#include "absl/strings/strip.h"
#include "frontend/http/http_date.h"

namespace anteroom::frontend {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// %x21 / %x23-7E / obs-text (RFC 9110, section 8.8.3).
bool IsEtagChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == 0x21 || (u >= 0x23 && u != 0x7f);
}

// Takes `[ "W/" ] opaque-tag` off the front; the opaque tag with its quotes, or empty when there is
// none.
absl::string_view ConsumeOpaqueTag(absl::string_view* rest) {
  absl::ConsumePrefix(rest, "W/");
  if (rest->empty() || rest->front() != '"') return {};
  size_t end = 1;
  while (end < rest->size() && IsEtagChar((*rest)[end])) ++end;
  if (end == rest->size() || (*rest)[end] != '"') return {};
  const absl::string_view tag = rest->substr(0, end + 1);
  rest->remove_prefix(end + 1);
  return tag;
}

}  // namespace

bool MatchesEntityTag(absl::string_view if_none_match, absl::string_view etag) {
  if (if_none_match == etag) return true;  // what browsers send, without looking further
  absl::string_view rest = if_none_match;
  const auto skip_space = [&rest] {
    while (!rest.empty() && IsSpace(rest.front())) rest.remove_prefix(1);
  };
  while (!rest.empty() && IsSpace(rest.back())) rest.remove_suffix(1);
  skip_space();
  if (rest == "*") return true;
  while (true) {
    skip_space();
    while (absl::ConsumePrefix(&rest, ",")) skip_space();  // empty list elements are allowed
    if (rest.empty()) return false;
    const absl::string_view tag = ConsumeOpaqueTag(&rest);
    if (tag.empty()) return false;
    skip_space();
    if (!rest.empty() && rest.front() != ',') return false;
    if (tag == etag) return true;
  }
}

ConditionalVerdict EvaluateConditions(const Conditions& conditions, absl::string_view etag,
                                      std::time_t last_modified, std::time_t now) {
  if (conditions.if_none_match.has_value()) {
    return MatchesEntityTag(*conditions.if_none_match, etag) ? ConditionalVerdict::kNotModified
                                                             : ConditionalVerdict::kSend;
  }
  if (conditions.if_modified_since.has_value()) {
    const std::optional<std::time_t> since = ParseHttpDate(*conditions.if_modified_since, now);
    if (since.has_value() && last_modified <= *since) return ConditionalVerdict::kNotModified;
  }
  return ConditionalVerdict::kSend;
}

}  // namespace anteroom::frontend
