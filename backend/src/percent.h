// Percent-encoding (RFC 3986, section 2.1), lenient: a '%' that two hexadecimal digits don't follow
// stands for itself, as browsers have it. Pure.
#ifndef ANTEROOM_BACKEND_SRC_PERCENT_H_
#define ANTEROOM_BACKEND_SRC_PERCENT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::backend {

// For paths: '+' is a plus.
std::string PercentDecode(absl::string_view text);
// The other way, for a path: unreserved bytes (RFC 3986, section 2.3) and '/' stay as they are.
std::string PercentEncodePath(absl::string_view path);
// For names and values of a query, as HTML forms write them: '+' is a space.
std::string FormDecode(absl::string_view text);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_PERCENT_H_
