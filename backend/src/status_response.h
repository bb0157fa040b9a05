// What becomes of a handler's status: the table that anteroom/handler.h documents.
#ifndef ANTEROOM_BACKEND_SRC_STATUS_RESPONSE_H_
#define ANTEROOM_BACKEND_SRC_STATUS_RESPONSE_H_

#include "absl/status/status.h"
#include "anteroom/response.h"

namespace anteroom::backend {

// 200 for kOk, 4xx or 5xx for everything else.
int HttpStatus(absl::StatusCode code);

// text/plain. The message of a 4xx is its body; a 5xx says no more than its name (RFC 9110,
// section 15.6).
Response StatusResponse(const absl::Status& status);

// "Not Found"; "Error" for a status without a name here.
absl::string_view ReasonPhrase(int http_status);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_STATUS_RESPONSE_H_
