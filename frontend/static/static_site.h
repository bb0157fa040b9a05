// What the answers of one static route have in common, derived once from its configuration.
//
// Constant, so any thread: the loop and the file-I/O threads that work for it share one.
#ifndef ANTEROOM_FRONTEND_STATIC_STATIC_SITE_H_
#define ANTEROOM_FRONTEND_STATIC_STATIC_SITE_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/config.h"
#include "frontend/http/content_coding.h"
#include "frontend/static/coding_rules.h"
#include "frontend/static/content_types.h"
#include "frontend/static/safe_open.h"
#include "frontend/static/stand_ins.h"

namespace anteroom::frontend {

class StaticSite {
 public:
  // Files larger than `body_limit_in` (bytes) are not kept in memory.
  StaticSite(StaticConfig config_in, size_t body_limit_in);
  StaticSite(const StaticSite&) = delete;
  StaticSite& operator=(const StaticSite&) = delete;

  // Complete field lines, as in FileFields: of a 200, 206 and 304...
  absl::string_view Always(bool varies) const { return varies ? always_varying_ : always_; }
  // ...and of the first two only. `coding` is what the bytes are coded in.
  absl::string_view WithContent(ContentCoding coding) const {
    return with_content_[static_cast<size_t>(coding)];
  }

  const StaticConfig config;
  const size_t body_limit;
  const ContentTypes types;
  const CodingRules codings;
  const WalkPolicy walk;
  // Field lines of what is shown in place of files: the operator's policies and nothing about caching.
  std::string of_listings;
  std::string of_pages;  // the same for error pages
  const StandIns stand_ins;

 private:
  std::string always_;
  std::string always_varying_;  // the same for an answer that depends on Accept-Encoding
  std::array<std::string, kContentCodings> with_content_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STATIC_SITE_H_
