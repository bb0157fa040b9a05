// Status codes and their names (RFC 9110, section 15; IANA registry).
#ifndef ANTEROOM_FRONTEND_HTTP_STATUS_H_
#define ANTEROOM_FRONTEND_HTTP_STATUS_H_

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Static text; empty for a code that is not registered, which is what the status line then says,
// too.
absl::string_view ReasonPhrase(int status);

// 1xx, 204 and 304 have no body, whatever the fields say (RFC 9112, section 6.3).
constexpr bool StatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_STATUS_H_
