#include "frontend/static/coding_rules.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace anteroom::frontend {
namespace {

// `type` is an item of CompressConfig::types; `content_type` may have parameters.
bool Matches(absl::string_view type, absl::string_view content_type) {
  if (absl::ConsumeSuffix(&type, "*")) return absl::StartsWithIgnoreCase(content_type, type);
  return absl::EqualsIgnoreCase(content_type.substr(0, content_type.find(';')), type);
}

}  // namespace

CodingRules::CodingRules(const StaticConfig& config, uint64_t body_limit)
    : precompressed_(config.precompressed), compress_(config.compress), body_limit_(body_limit) {}

bool CodingRules::IsCompressible(absl::string_view content_type, uint64_t size) const {
  return size >= compress_.min_size && size <= body_limit_ &&
         std::any_of(compress_.types.begin(), compress_.types.end(),
                     [&](const std::string& type) { return Matches(type, content_type); });
}

bool CodingRules::Compresses(ContentCoding coding, absl::string_view content_type,
                             uint64_t size) const {
  return compress_.codings.Has(coding) && IsCompressible(content_type, size);
}

bool CodingRules::Varies(absl::string_view content_type, uint64_t size) const {
  if (!precompressed_.empty()) return true;
  return !compress_.codings.empty() && IsCompressible(content_type, size);
}

std::vector<CodingPreference> CodingRules::Preferences() const {
  std::vector<CodingPreference> all(1);
  for (size_t i = 0; i < all.size(); ++i) {
    for (const ContentCoding coding :
         {ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip}) {
      CodingPreference longer = all[i];
      longer.Append(coding);
      if (offered().Has(coding) && !(longer == all[i])) all.push_back(longer);
    }
  }
  return all;
}

absl::string_view SiblingSuffix(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kBrotli:
      return ".br";
    case ContentCoding::kZstd:
      return ".zst";
    case ContentCoding::kGzip:
      return ".gz";
    case ContentCoding::kIdentity:
      break;
  }
  return "";
}

}  // namespace anteroom::frontend
