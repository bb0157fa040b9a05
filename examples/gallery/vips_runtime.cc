#include "examples/gallery/vips_runtime.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace anteroom::gallery {
namespace {

constexpr const char* kAllowedLoaders[] = {"VipsForeignLoadJpeg", "VipsForeignLoadPng",
                                           "VipsForeignLoadWebp", "VipsForeignLoadNsgif"};

constexpr const char* kLogDomain = "VIPS";

void IgnoreLogLine(const char*, GLogLevelFlags, const char*, void*) {}

}  // namespace

VipsRuntime::VipsRuntime() {
  if (VIPS_INIT("anteroom-gallery") != 0) {
    status_ = absl::InternalError(absl::StrCat("libvips: ", TakeVipsError()));
    return;
  }
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* loader : kAllowedLoaders) {
    if (g_type_from_name(loader) == 0) {
      status_ = absl::InternalError(absl::StrCat("libvips was built without ", loader));
      return;
    }
    vips_operation_block_set(loader, FALSE);
  }
  log_handler_ = g_log_set_handler(kLogDomain, G_LOG_LEVEL_WARNING, IgnoreLogLine, nullptr);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
}

VipsRuntime::~VipsRuntime() {
  vips_shutdown();
  if (log_handler_ != 0) g_log_remove_handler(kLogDomain, log_handler_);
}

bool IsAllowedLoader(const char* loader_class) {
  return loader_class != nullptr &&
         std::any_of(std::begin(kAllowedLoaders), std::end(kAllowedLoaders),
                     [loader_class](const char* allowed) {
                       return absl::StartsWith(loader_class, allowed);
                     });
}

std::string TakeVipsError() {
  const GlibBytes text(vips_error_buffer_copy());
  return std::string(absl::StripAsciiWhitespace(static_cast<const char*>(text.get())));
}

}  // namespace anteroom::gallery
