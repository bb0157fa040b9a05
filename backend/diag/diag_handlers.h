// Handlers for tests and benchmarks. `--diag` registers them in the stock backend; never on by
// default, since anybody who reaches them can end the process.
#ifndef ANTEROOM_BACKEND_DIAG_DIAG_HANDLERS_H_
#define ANTEROOM_BACKEND_DIAG_DIAG_HANDLERS_H_

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anteroom/handler.h"
#include "anteroom/server.h"
#include "backend/diag/start_log.h"

namespace anteroom::backend {

//   /diag/hello      "hello world"; any method, the body is ignored
//   /diag/echo       JSON: method, target, headers as received, body_length, body_sha256
//   /diag/digest?read=&delay_ms=
//                    JSON: body_length, sha256; after a pause reads the body piece by piece, and no
//                    further than `read` bytes
//   /diag/sleep?ms=  waits; a cancelled request ends the wait
//   /diag/burn?ms=   computes, for that much CPU time of the thread
//   /diag/bytes?n=&chunk=&delay_ms=
//                    n bytes that depend on their position only; whole, or streamed in chunks with
//                    a pause before each chunk but the first; `type` and `buffering` become the
//                    fields Content-Type and X-Accel-Buffering, `file` X-Accel-Redirect
//   /diag/file?path= Response::File()
//   /diag/status?code=
//                    that status
//   /diag/whoami     JSON: pid, thread, in_flight (diagnostic handlers that run)
//   /diag/crash      abort()
//   /diag/hang       never returns, whatever happens
//   /diag/response?raw=
//                    a response with that head (status line, field lines, empty line, then the
//                    body; lines end with CR LF), sent to the front end unchecked
//
// All but hello take any method too.
//
// Threading: handlers run on any thread at once. The object outlives the server.
class DiagHandlers {
 public:
  // `start_log` may be null; else it gets the X-Id of each request as its handler starts.
  explicit DiagHandlers(StartLog* start_log) : start_log_(start_log) {}
  DiagHandlers(const DiagHandlers&) = delete;
  DiagHandlers& operator=(const DiagHandlers&) = delete;

  void Register(Server* server);

  absl::StatusOr<Response> Hello(const Request& request, Context& context);
  absl::StatusOr<Response> Echo(const Request& request, Context& context);
  absl::StatusOr<Response> Digest(const Request& request, BodyReader& body, Context& context);
  absl::StatusOr<Response> Sleep(const Request& request, Context& context);
  absl::StatusOr<Response> Burn(const Request& request, Context& context);
  absl::StatusOr<Response> Bytes(const Request& request, Context& context);
  absl::StatusOr<Response> File(const Request& request, Context& context);
  absl::StatusOr<Response> Status(const Request& request, Context& context);
  absl::StatusOr<Response> WhoAmI(const Request& request, Context& context);
  absl::StatusOr<Response> Crash(const Request& request, Context& context);
  absl::StatusOr<Response> Hang(const Request& request, Context& context);
  absl::StatusOr<Response> RawResponse(const Request& request, Context& context);

 private:
  using Method = absl::StatusOr<Response> (DiagHandlers::*)(const Request&, Context&);
  using StreamingMethod = absl::StatusOr<Response> (DiagHandlers::*)(const Request&, BodyReader&,
                                                                     Context&);
  Handler Wrap(Method method);
  StreamingHandler WrapStreaming(StreamingMethod method);
  void NoteStart(const Request& request);

  StartLog* const start_log_;
  std::atomic<int> in_flight_{0};
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_DIAG_DIAG_HANDLERS_H_
