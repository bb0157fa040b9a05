#include "frontend/static/conditional.h"

#include <array>

#include "absl/strings/strip.h"
#include "frontend/http/http_date.h"

namespace anteroom::frontend {
namespace {

using ConditionField = std::optional<absl::string_view> Conditions::*;
constexpr std::array<ConditionField, 6> kFields = {
    &Conditions::if_match,
    &Conditions::if_none_match,
    &Conditions::if_modified_since,
    &Conditions::if_unmodified_since,
    &Conditions::range,
    &Conditions::if_range,
};

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// %x21 / %x23-7E / obs-text (RFC 9110, section 8.8.3).
bool IsEtagChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == 0x21 || (u >= 0x23 && u != 0x7f);
}

struct EntityTag {
  absl::string_view opaque;  // with its quotes; empty when there is no tag
  bool weak = false;
};

// Takes `[ "W/" ] opaque-tag` off the front.
EntityTag ConsumeEntityTag(absl::string_view* rest) {
  EntityTag tag;
  tag.weak = absl::ConsumePrefix(rest, "W/");
  if (rest->empty() || rest->front() != '"') return {};
  size_t end = 1;
  while (end < rest->size() && IsEtagChar((*rest)[end])) ++end;
  if (end == rest->size() || (*rest)[end] != '"') return {};
  tag.opaque = rest->substr(0, end + 1);
  rest->remove_prefix(end + 1);
  return tag;
}

}  // namespace

KeptConditions::KeptConditions(const Conditions& conditions) : conditions_(conditions) {
  size_t size = 0;
  for (const ConditionField field : kFields) {
    if (conditions.*field) size += (conditions.*field)->size();
  }
  bytes_.reserve(size);  // so that no view moves
  for (const ConditionField field : kFields) {
    if (!(conditions.*field)) continue;
    const absl::string_view value = *(conditions.*field);
    conditions_.*field = absl::string_view(bytes_.data() + bytes_.size(), value.size());
    bytes_.append(value.data(), value.size());
  }
}

bool MatchesEntityTag(absl::string_view list, absl::string_view etag, TagComparison comparison) {
  if (list == etag) return true;  // what browsers send, without looking further
  absl::string_view rest = list;
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
    const EntityTag tag = ConsumeEntityTag(&rest);
    if (tag.opaque.empty()) return false;
    skip_space();
    if (!rest.empty() && rest.front() != ',') return false;
    if (tag.opaque == etag && (comparison == TagComparison::kWeak || !tag.weak)) return true;
  }
}

ConditionalVerdict EvaluateConditions(const Conditions& conditions, const Validators& validators,
                                      std::time_t now) {
  if (conditions.if_match) {
    if (!MatchesEntityTag(*conditions.if_match, validators.etag, TagComparison::kStrong)) {
      return ConditionalVerdict::kPreconditionFailed;
    }
  } else if (conditions.if_unmodified_since) {
    const std::optional<std::time_t> since = ParseHttpDate(*conditions.if_unmodified_since, now);
    if (since && validators.last_modified > *since) return ConditionalVerdict::kPreconditionFailed;
  }
  if (conditions.if_none_match) {
    if (MatchesEntityTag(*conditions.if_none_match, validators.etag, TagComparison::kWeak)) {
      return ConditionalVerdict::kNotModified;
    }
  } else if (conditions.if_modified_since) {
    const std::optional<std::time_t> since = ParseHttpDate(*conditions.if_modified_since, now);
    if (since && validators.last_modified <= *since) return ConditionalVerdict::kNotModified;
  }
  return ConditionalVerdict::kSend;
}

bool RangeApplies(const Conditions& conditions, const Validators& validators, std::time_t now) {
  if (!conditions.if_range) return true;
  // One tag, no list and no star; ours is strong, so that one equal to it is, too.
  if (*conditions.if_range == validators.etag) return true;
  const std::optional<std::time_t> date = ParseHttpDate(*conditions.if_range, now);
  return date && *date == validators.last_modified && validators.date_is_strong;
}

}  // namespace anteroom::frontend
