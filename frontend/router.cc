#include "frontend/router.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace anteroom::frontend {
namespace {

// The rule's form of a configured host: lower case, and of "*.example.com" only ".example.com".
std::string HostRule(absl::string_view host) {
  if (absl::StartsWith(host, "*.")) host.remove_prefix(1);
  return absl::AsciiStrToLower(host);
}

bool HostMatches(absl::string_view rule, absl::string_view host) {
  if (rule.empty()) return true;
  if (rule.front() == '.') {
    // Longer, since the wildcard stands for at least one label.
    return host.size() > rule.size() && absl::EndsWithIgnoreCase(host, rule);
  }
  return absl::EqualsIgnoreCase(host, rule);
}

bool PathMatches(absl::string_view prefix, absl::string_view path) {
  if (!absl::StartsWith(path, prefix)) return false;
  return prefix.back() == '/' || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace

Router::Router(const std::vector<RouteConfig>& routes) {
  rules_.reserve(routes.size());
  for (const RouteConfig& route : routes) rules_.push_back({HostRule(route.host), route.path});
}

std::optional<size_t> Router::Match(absl::string_view host, absl::string_view path) const {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (PathMatches(rules_[i].path, path) && HostMatches(rules_[i].host, host)) return i;
  }
  return std::nullopt;
}

bool RouteCovers(const RouteConfig& earlier, const RouteConfig& later) {
  const std::string later_host = HostRule(later.host);
  const std::string earlier_host = HostRule(earlier.host);
  // A wildcard covers the same wildcard and narrower ones, for which the comparison as a host
  // holds, too.
  const bool hosts = earlier_host == later_host || HostMatches(earlier_host, later_host);
  return hosts && PathMatches(earlier.path, later.path);
}

}  // namespace anteroom::frontend
