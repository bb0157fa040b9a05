// The request methods that are served, with what RFC 9110, section 9.2, and the IANA registry say
// about them.
#ifndef ANTEROOM_FRONTEND_HTTP_METHOD_H_
#define ANTEROOM_FRONTEND_HTTP_METHOD_H_

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

struct MethodInfo {
  absl::string_view name;
  bool safe = false;        // asks for nothing to be changed
  bool idempotent = false;  // doing it twice is doing it once: may be sent again after a link broke
};

// Methods are case-sensitive. Null for those that are unknown and for CONNECT, TRACE and PRI, which
// are no requests for a handler.
const MethodInfo* FindMethod(absl::string_view name);

// No method that FindMethod() knows is longer.
inline constexpr size_t kLongestMethod = 17;

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_METHOD_H_
