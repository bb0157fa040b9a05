// Whether a handler's response may go on the wire.
#ifndef ANTEROOM_BACKEND_SRC_RESPONSE_CHECK_H_
#define ANTEROOM_BACKEND_SRC_RESPONSE_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anteroom/response.h"

namespace anteroom::backend {

// Internal, with a reason for the log, when the status is outside 200..599, a name isn't a token
// (RFC 9110, section 5.6.2) or a value holds CR, LF or NUL (section 5.5).
absl::Status CheckResponse(const Response& response);

// Fields that frame the message or concern one connection only; the front end writes its own (RFC
// 9110, section 7.6.1).
bool IsFramingOrHopByHop(absl::string_view name);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_RESPONSE_CHECK_H_
