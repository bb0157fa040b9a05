// Which content codings a root offers, and for which files. Pure; constant once made, so any thread.
#ifndef ANTEROOM_FRONTEND_STATIC_CODING_RULES_H_
#define ANTEROOM_FRONTEND_STATIC_CODING_RULES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/config.h"
#include "frontend/http/content_coding.h"

namespace anteroom::frontend {

class CodingRules {
 public:
  // Files larger than `body_limit` (bytes) are not kept in memory, and so never compressed.
  CodingRules(const StaticConfig& config, uint64_t body_limit);

  CodingSet offered() const { return precompressed_ | compress_.codings; }
  CodingSet precompressed() const { return precompressed_; }
  const CompressConfig& compress() const { return compress_; }

  // Whether a file of this Content-Type and size (bytes) is worth it. `coding` must be one of ours.
  bool Compresses(ContentCoding coding, absl::string_view content_type, uint64_t size) const;
  // Whether other clients may get such a file in another coding, or would with a file beside it, so
  // that its answers need Vary (RFC 9110, section 12.5.5).
  bool Varies(absl::string_view content_type, uint64_t size) const;

  // Every preference that clients may have among what is offered, the empty one first.
  std::vector<CodingPreference> Preferences() const;

 private:
  bool IsCompressible(absl::string_view content_type, uint64_t size) const;

  CodingSet precompressed_;
  CompressConfig compress_;
  uint64_t body_limit_ = 0;
};

// What the name of a file gets for the one beside it that holds it in `coding`.
absl::string_view SiblingSuffix(ContentCoding coding);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_CODING_RULES_H_
