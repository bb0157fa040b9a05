// What the front end itself says when it refuses or fails: nothing but the status, in text or JSON.
#ifndef ANTEROOM_FRONTEND_HTTP_ERROR_BODY_H_
#define ANTEROOM_FRONTEND_HTTP_ERROR_BODY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {

enum class ErrorFormat { kText, kJson };

// kJson if an Accept field names a JSON type (application/json, application/problem+json, any
// +json) and does not give it the weight 0; wildcards do not count. Read leniently: Accept that is
// malformed means text.
ErrorFormat ChooseErrorFormat(const RequestHead& head);

struct ErrorBody {
  absl::string_view content_type;
  std::string body;
};

// "404 Not Found\n", or a problem of RFC 9457 with title and status. Never a detail: what happened
// inside is in the log.
ErrorBody MakeErrorBody(int status, ErrorFormat format);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_ERROR_BODY_H_
