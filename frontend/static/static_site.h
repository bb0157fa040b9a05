// What the answers of one static route have in common, derived once from its configuration.
//
// Constant, so any thread: the loop and the file-I/O threads that work for it share one.
#ifndef ANTEROOM_FRONTEND_STATIC_STATIC_SITE_H_
#define ANTEROOM_FRONTEND_STATIC_STATIC_SITE_H_

#include <string>

#include "frontend/config.h"
#include "frontend/static/content_types.h"
#include "frontend/static/safe_open.h"
#include "frontend/static/stand_ins.h"

namespace anteroom::frontend {

struct StaticSite {
  explicit StaticSite(StaticConfig config_in);
  StaticSite(const StaticSite&) = delete;
  StaticSite& operator=(const StaticSite&) = delete;

  const StaticConfig config;
  const ContentTypes types;
  const WalkPolicy walk;
  // Complete field lines, as in FileFields: of a 200, 206 and 304, and of the first two only.
  std::string always;
  std::string with_content;
  // Of what is shown in place of files: the operator's policies and nothing about caching.
  std::string of_listings;
  std::string of_pages;  // the same for error pages
  const StandIns stand_ins;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STATIC_SITE_H_
