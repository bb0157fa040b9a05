// From a request to the response that goes on the wire, whatever the handler does.
#ifndef ANTEROOM_BACKEND_SRC_INVOKE_H_
#define ANTEROOM_BACKEND_SRC_INVOKE_H_

#include "absl/status/status.h"
#include "anteroom/body_reader.h"
#include "anteroom/context.h"
#include "anteroom/request.h"
#include "anteroom/response.h"
#include "backend/src/backend_metrics.h"
#include "backend/src/router.h"

namespace anteroom::backend {

// Runs the handler that `router` finds for the request. What comes back has a head that may be
// sent, without framing and hop-by-hop fields. Faults of the handler (a status of the 5xx kind, an
// exception, an impossible head) are logged with the request's id and become a response that tells
// nothing of them. Counts.
//
// `body` is for a handler that reads the body of the request itself, and gets it in place of
// parts.body.
//
// A streamed body is not written yet: that is WriteStream()'s business, once the head may go out.
Response Invoke(const Router& router, BackendMetrics* metrics, Request::Parts parts,
                BodyReader* body, Context* context);

// Runs response.stream. An exception becomes a status; what isn't OK is logged, unless nobody waits
// any more.
absl::Status WriteStream(const Response& response, const Context& context, BodyWriter* writer);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_INVOKE_H_
