// The one type that users of the library write.
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_HANDLER_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_HANDLER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anteroom/body_reader.h"
#include "anteroom/context.h"
#include "anteroom/request.h"
#include "anteroom/response.h"

namespace anteroom {

// Called on a worker thread, by as many threads at once as the server has, so whatever handlers
// share needs a lock of its own. It may block and compute for as long as it likes: that is what the
// threads are for. (Handlers so short that waking a worker would take longer are also called on the
// thread that read the request. Only with `max_threads` 1 is it always the same thread.)
//
// A status that isn't OK becomes a response (RFC 9110, section 15):
//
//   kInvalidArgument  400    kFailedPrecondition  412    kUnavailable       503
//   kUnauthenticated  401    kOutOfRange          416    kDeadlineExceeded  504
//   kPermissionDenied 403    kResourceExhausted   429    everything else    500
//   kNotFound         404    kUnimplemented       501
//   kAlreadyExists    409
//
// The message of a 4xx is its body, as text/plain: write it for the client. That of a 5xx, and the
// text of an exception that leaves a handler (500), go to the log with the request's id and never
// to the client.
using Handler = std::function<absl::StatusOr<Response>(const Request&, Context&)>;

// For large bodies: reads the body piece by piece, so that a request costs about 1 MiB of memory
// however long it is. Request::body() is empty. Everything said of Handler holds, and:
//
// A body of more than 64 KiB is still on its way from the front end when the handler begins, always
// on a worker thread then, and Read() waits for it. It is no further than a disk away, since the
// client has sent all of it.
//
// The handler may answer at any time; what it has not read is dropped, and most of it never sent.
// The function of a Response::Stream() may go on reading, so that a body can be transformed as it
// passes.
//
//   absl::StatusOr<Response> Upload(const Request& request, BodyReader& body, Context&) {
//     std::vector<char> buffer(64 * 1024);
//     while (true) {
//       const absl::StatusOr<size_t> size = body.Read(absl::MakeSpan(buffer));
//       if (!size.ok()) return size.status();
//       if (*size == 0) return Response::Empty(204);
//       Store(absl::string_view(buffer.data(), *size));
//     }
//   }
using StreamingHandler =
    std::function<absl::StatusOr<Response>(const Request&, BodyReader&, Context&)>;

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_HANDLER_H_
