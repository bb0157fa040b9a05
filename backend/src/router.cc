#include "backend/src/router.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace anteroom::backend {
namespace {

bool IsCaptureName(absl::string_view name) {
  return !name.empty() && name.find_first_of("{}/.") == absl::string_view::npos;
}

absl::Status Malformed(absl::string_view pattern, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("pattern \"", pattern, "\": ", reason));
}

// "a/b" -> "a", "b"; the last segment leaves `at_end`.
absl::string_view TakeSegment(absl::string_view* rest, bool* at_end) {
  const size_t slash = rest->find('/');
  const absl::string_view segment = rest->substr(0, slash);
  *at_end = slash == absl::string_view::npos;
  *rest = *at_end ? absl::string_view() : rest->substr(slash + 1);
  return segment;
}

}  // namespace

absl::Status Router::Add(absl::string_view method, absl::string_view pattern, AnyHandler handler,
                         bool check_response) {
  if (method.empty()) return Malformed(pattern, "the method is empty; \"*\" means any");
  if (!absl::StartsWith(pattern, "/")) return Malformed(pattern, "does not begin with '/'");
  if (std::visit([](const auto& function) { return function == nullptr; }, handler))
    return Malformed(pattern, "the handler is null");
  auto route = std::make_unique<Route>();
  route->method = std::string(method);
  route->pattern = std::string(pattern);
  route->handler = std::move(handler);
  route->check_response = check_response;

  Node* node = &root_;
  bool is_rest = false;
  for (const absl::string_view segment : absl::StrSplit(pattern.substr(1), '/')) {
    if (is_rest) return Malformed(pattern, "{name...} is not at the end");
    if (absl::StartsWith(segment, "{") && absl::EndsWith(segment, "}")) {
      absl::string_view name = segment.substr(1, segment.size() - 2);
      is_rest = absl::ConsumeSuffix(&name, "...");
      if (!IsCaptureName(name)) return Malformed(pattern, "a capture needs a name");
      if (std::find(route->capture_names.begin(), route->capture_names.end(), name) !=
          route->capture_names.end()) {
        return Malformed(pattern, "two captures have the same name");
      }
      route->capture_names.emplace_back(name);
      if (is_rest) continue;
      if (node->capture == nullptr) node->capture = std::make_unique<Node>();
      node = node->capture.get();
      continue;
    }
    if (segment.find_first_of("{}") != absl::string_view::npos) {
      return Malformed(pattern, "a capture is a whole segment");
    }
    const auto found =
        std::find_if(node->literals.begin(), node->literals.end(),
                     [segment](const auto& child) { return child.first == segment; });
    if (found != node->literals.end()) {
      node = found->second.get();
    } else {
      node =
          node->literals.emplace_back(std::string(segment), std::make_unique<Node>()).second.get();
    }
  }
  std::vector<Route*>& siblings = is_rest ? node->rest : node->routes;
  for (const Route* sibling : siblings) {
    if (sibling->method == method) {
      return absl::AlreadyExistsError(absl::StrCat("pattern \"", pattern, "\" for method ", method,
                                                   " repeats \"", sibling->pattern, "\""));
    }
  }
  any_streaming_ = any_streaming_ || route->streaming();
  siblings.push_back(route.get());
  routes_.push_back(std::move(route));
  return absl::OkStatus();
}

struct Router::Walk {
  absl::string_view method;
  Match* match;
  std::set<absl::string_view> allowed;

  // Patterns end here: takes the route for the method, or notes which methods there are.
  bool Arrive(const std::vector<Route*>& routes) {
    if (Route* route = ForMethod(routes, method)) {
      match->route = route;
      return true;
    }
    for (const Route* route : routes) {
      allowed.insert(route->method);
      if (route->method == "GET") allowed.insert("HEAD");
    }
    return false;
  }
};

Route* Router::ForMethod(const std::vector<Route*>& routes, absl::string_view method) {
  Route* any = nullptr;
  Route* get = nullptr;
  for (Route* route : routes) {
    if (route->method == method) return route;
    if (route->method == "*") any = route;
    if (route->method == "GET") get = route;
  }
  return method == "HEAD" && get != nullptr ? get : any;
}

bool Router::Descend(const Node& node, absl::string_view rest, bool at_end, Walk* walk) {
  if (at_end) return walk->Arrive(node.routes);
  const absl::string_view whole_rest = rest;
  const absl::string_view segment = TakeSegment(&rest, &at_end);
  for (const auto& [literal, child] : node.literals) {
    if (literal == segment) {
      if (Descend(*child, rest, at_end, walk)) return true;
      break;
    }
  }
  std::vector<absl::string_view>& captures = walk->match->captures;
  if (node.capture != nullptr && !segment.empty()) {
    captures.push_back(segment);
    if (Descend(*node.capture, rest, at_end, walk)) return true;
    captures.pop_back();
  }
  if (!node.rest.empty() && walk->Arrive(node.rest)) {
    captures.push_back(whole_rest);
    return true;
  }
  return false;
}

Router::Match Router::Find(absl::string_view method, absl::string_view path) const {
  Match match;
  if (!absl::ConsumePrefix(&path, "/")) return match;
  Walk walk{method, &match, {}};
  if (!Descend(root_, path, false, &walk)) match.allow = absl::StrJoin(walk.allowed, ", ");
  return match;
}

bool Router::Streams(absl::string_view method, absl::string_view target) const {
  if (!any_streaming_) return false;
  const Route* route = Find(method, target.substr(0, target.find('?'))).route;
  return route != nullptr && route->streaming();
}

}  // namespace anteroom::backend
