#include "frontend/http/method.h"

namespace anteroom::frontend {
namespace {

// https://www.iana.org/assignments/http-methods, the usual ones first: the search is linear.
constexpr MethodInfo kMethods[] = {
    {"GET", true, true},
    {"POST", false, false},
    {"HEAD", true, true},
    {"PUT", false, true},
    {"DELETE", false, true},
    {"OPTIONS", true, true},
    {"PATCH", false, false},
    {"QUERY", true, true},
    {"ACL", false, true},
    {"BASELINE-CONTROL", false, true},
    {"BIND", false, true},
    {"CHECKIN", false, true},
    {"CHECKOUT", false, true},
    {"COPY", false, true},
    {"LABEL", false, true},
    {"LINK", false, true},
    {"LOCK", false, false},
    {"MERGE", false, true},
    {"MKACTIVITY", false, true},
    {"MKCALENDAR", false, true},
    {"MKCOL", false, true},
    {"MKREDIRECTREF", false, true},
    {"MKWORKSPACE", false, true},
    {"MOVE", false, true},
    {"ORDERPATCH", false, true},
    {"PROPFIND", true, true},
    {"PROPPATCH", false, true},
    {"REBIND", false, true},
    {"REPORT", true, true},
    {"SEARCH", true, true},
    {"UNBIND", false, true},
    {"UNCHECKOUT", false, true},
    {"UNLINK", false, true},
    {"UNLOCK", false, true},
    {"UPDATE", false, true},
    {"UPDATEREDIRECTREF", false, true},
    {"VERSION-CONTROL", false, true},
};

constexpr bool NoneIsLonger() {
  for (const MethodInfo& method : kMethods) {
    if (method.name.size() > kLongestMethod) return false;
  }
  return true;
}
static_assert(NoneIsLonger());

}  // namespace

const MethodInfo* FindMethod(absl::string_view name) {
  for (const MethodInfo& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

}  // namespace anteroom::frontend
