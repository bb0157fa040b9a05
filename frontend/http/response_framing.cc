#include "frontend/http/response_framing.h"

#include "frontend/http/status.h"

namespace anteroom::frontend {

ResponseFraming ChooseFraming(const ResponseContext& context) {
  using Length = ResponseFraming::Length;
  ResponseFraming framing;
  framing.keep_alive = context.keep_alive;
  // 204 must not have Content-Length (RFC 9110, section 8.6); 304 may repeat that of the 200, which
  // nobody needs.
  if (!StatusHasBody(context.status)) return framing;
  framing.send_body = !context.head_request;
  if (context.size) {
    framing.length = Length::kFixed;
    framing.content_length = *context.size;
  } else if (context.head_request) {
    framing.length = Length::kNone;  // both fields may be left out, and any version can do without
  } else if (context.minor_version >= 1) {
    framing.length = Length::kChunked;
  } else {
    framing.length = Length::kUntilClose;
    framing.keep_alive = false;
  }
  return framing;
}

}  // namespace anteroom::frontend
