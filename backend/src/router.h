// Which handler serves a method and a path.
#ifndef ANTEROOM_BACKEND_SRC_ROUTER_H_
#define ANTEROOM_BACKEND_SRC_ROUTER_H_

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anteroom/handler.h"
#include "backend/src/route_metrics.h"

namespace anteroom::backend {

using AnyHandler = std::variant<Handler, StreamingHandler>;

struct Route {
  std::string method;   // "*": any
  std::string pattern;  // as registered
  AnyHandler handler;
  // False: the response goes out as it is, whatever its head holds. For diagnostic handlers that
  // test what the front end does with nonsense.
  bool check_response = true;
  std::vector<std::string> capture_names;
  RouteMetrics metrics;

  bool streaming() const { return std::holds_alternative<StreamingHandler>(handler); }
};

// Add() first, from one thread; then Find() from any number of threads. anteroom/server.h documents
// patterns.
class Router {
 public:
  // What a path led to.
  struct Match {
    Route* route = nullptr;  // null: see `allow`
    std::vector<absl::string_view>
        captures;       // in the order of route->capture_names; views into the path
    std::string allow;  // without a route: the methods that the path has, "" for an unknown path
  };

  Router() = default;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Errors: InvalidArgument (malformed), AlreadyExists.
  absl::Status Add(absl::string_view method, absl::string_view pattern, AnyHandler handler,
                   bool check_response = true);

  // `path` is the target up to its '?', as received.
  Match Find(absl::string_view method, absl::string_view path) const;
  // Whether the handler for it reads the body piece by piece.
  bool Streams(absl::string_view method, absl::string_view target) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  // One segment of a pattern deep. A path walks down from the root and comes back to try the next
  // best branch.
  struct Node {
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
    std::unique_ptr<Node> capture;  // {name}
    std::vector<Route*> routes;     // patterns that end here, one a method
    std::vector<Route*> rest;       // patterns that end here with {name...}
  };
  struct Walk;

  static Route* ForMethod(const std::vector<Route*>& routes, absl::string_view method);
  static bool Descend(const Node& node, absl::string_view rest, bool at_end, Walk* walk);

  Node root_;
  bool any_streaming_ = false;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_ROUTER_H_
