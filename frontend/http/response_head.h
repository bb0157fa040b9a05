// Whether a response head that a backend sent may go on the wire.
#ifndef ANTEROOM_FRONTEND_HTTP_RESPONSE_HEAD_H_
#define ANTEROOM_FRONTEND_HTTP_RESPONSE_HEAD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// 200 to 599: interim responses are not a backend's to send.
absl::Status CheckResponseStatus(int status);

// The name is a token, the value has no control bytes but HTAB (so no CR, LF or NUL), and the field
// is neither framing nor hop-by-hop: those are the front end's.
absl::Status CheckResponseField(absl::string_view name, absl::string_view value);

// InvalidArgument with a reason for the log; peer's bytes are escaped and cut short in it. `fields`
// is anything to iterate over whose elements have name() and value(), such as the Header list of
// the wire. Allocates nothing when all is well.
template <typename Fields>
absl::Status CheckResponseHead(int status, const Fields& fields) {
  absl::Status result = CheckResponseStatus(status);
  for (const auto& field : fields) {
    if (!result.ok()) break;
    result = CheckResponseField(field.name(), field.value());
  }
  return result;
}

// A field by which a backend tells the front end something; it goes no further.
bool IsForFrontEnd(absl::string_view name);

// Whether the body may be collected before the client gets it, which frees its backend of a slow
// client: what the handler has made whole, unless it is an event stream. `X-Accel-Buffering: no`
// and `yes` decide otherwise (nginx's field).
enum class BufferingWish : uint8_t { kNone, kNo, kYes };
BufferingWish BufferingWishOf(absl::string_view name, absl::string_view value);

template <typename Response>
bool MayBeBuffered(const Response& response) {
  BufferingWish wish = BufferingWish::kNone;
  for (const auto& field : response.headers()) {
    const BufferingWish said = BufferingWishOf(field.name(), field.value());
    if (said == BufferingWish::kNo) return false;
    if (said == BufferingWish::kYes) wish = said;
  }
  return wish == BufferingWish::kYes || response.size_known();
}

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_RESPONSE_HEAD_H_
