// Which route a request takes: the first, in file order, whose host and path prefix match.
//
// Hosts are compared without case; `*.example.com` matches every name below example.com, however
// deep, and not example.com itself. A prefix matches whole path segments: `/api` covers `/api` and
// `/api/...` but not `/apix`;
// `/static/` covers only what begins with it, so not `/static`; `/` covers everything.
//
// Paths are matched after percent-decoding and removal of dot segments (frontend/http/target.h), so
// that neither
// `/static/%2e%2e/admin` nor `/%61dmin` takes another route than the path it stands for. The caller
// passes the decoded one. `*` (as in OPTIONS *) matches no route.
//
// Pure, constant once made: any thread. No allocation; the cost is a comparison a route.
#ifndef ANTEROOM_FRONTEND_ROUTER_H_
#define ANTEROOM_FRONTEND_ROUTER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/config.h"

namespace anteroom::frontend {

class Router {
 public:
  explicit Router(const std::vector<RouteConfig>& routes);

  // The index of the route in the configuration's `routes`; nothing when none matches (404). `host`
  // is without port, an IPv6 address in brackets, any case, empty when the request named none; one
  // trailing dot is ignored.
  std::optional<size_t> Match(absl::string_view host, absl::string_view path) const;

 private:
  struct Rule {
    std::string host;  // empty: any; begins with '.': names that end so
    std::string path;
  };

  std::vector<Rule> rules_;
};

// Whether every request that `later` matches is matched by `earlier` too.
bool RouteCovers(const RouteConfig& earlier, const RouteConfig& later);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_ROUTER_H_
