#include "frontend/static/stand_ins.h"

#include "absl/strings/str_cat.h"

namespace anteroom::frontend {

StandIns::StandIns(const StaticConfig& config, const ContentTypes* types) : types_(types) {
  if (!config.fallback.empty()) fallback_ = absl::StrCat("/", config.fallback);
  for (const auto& [status, page] : config.error_pages) {
    for (size_t i = 0; i < kStatuses.size(); ++i) {
      if (status == absl::StrCat(kStatuses[i])) pages_[i] = absl::StrCat("/", page);
    }
  }
}

absl::string_view StandIns::Next(int status, absl::string_view path, StandIn* stand_in) const {
  if (status < 400 || stand_in->error != 0) return {};
  if (status == 404 && !fallback_.empty() && !stand_in->fell_back && !types_->Know(path)) {
    stand_in->fell_back = true;
    return fallback_;
  }
  for (size_t i = 0; i < kStatuses.size(); ++i) {
    if (status != kStatuses[i] || pages_[i].empty()) continue;
    stand_in->error = status;
    return pages_[i];
  }
  return {};
}

}  // namespace anteroom::frontend
