// A handler has named a file of an internal route instead of sending a body (X-Accel-Redirect). The
// exchange with its backend is over, and the request goes on as one for that file:
//
//   connection_answer.cc   OnResponse -> OnRedirect
//   connection_file.cc     ServeFile -> OnFile
//
// A file never names another, so there are no loops.
#include <utility>

#include "anteroom/v1/anteroom.pb.h"
#include "frontend/dispatch/pool.h"
#include "frontend/http/accel_redirect.h"
#include "frontend/http/method.h"
#include "frontend/net/connection.h"

namespace anteroom::frontend {

void Connection::OnRedirect(const v1::Response& response, int status) {
  absl::StatusOr<NamedFile> file =
      ReadNamedFile(status, response.headers(), context_->http_limits.target);
  const Site* const site = file.ok() ? FindSite(file->path) : nullptr;
  if (site == nullptr || !site->route->internal) {
    context_->metrics->redirects.refused.Add();
    return RefuseAnswer(file.ok() ? "X-Accel-Redirect: no internal route has this path"
                                  : file.status().message());
  }
  // Whatever body there is goes nowhere: its handler is told, and what is on its way is dropped.
  request_->site->pool->Cancel(&request_->exchange);
  request_->body.Clear();  // it will not be sent again
  request_->redirect =
      std::make_unique<FileRedirect>(FileRedirect{request_->site, std::move(file->fields)});
  request_->path = std::move(file->path);
  request_->site = site;
  CountBuffers();
  ServeFile();
}

void Connection::FailRedirect(int status) {
  RedirectCounters& counters = context_->metrics->redirects;
  if (status == 412 || status == 416) {  // what the client's own conditions and ranges make of it
    counters.sent.Add();
    return Answer(Outcome::kServed, status);
  }
  if (status != 503 && status != 500) {
    // Where the name is a directory's, its address is nothing that a client could use.
    counters.missing.Add();
    request_->detail = "there is no such file as X-Accel-Redirect names";
    return Answer(Outcome::kServed, 404);
  }
  counters.failed.Add();
  request_->detail = "the file that X-Accel-Redirect names cannot be read";
  // The handler has run: to invite a client to try again is right only where that changes nothing.
  if (!request_->head().method_info()->idempotent) return Answer(Outcome::kBackendInvalid, 502);
  Answer(status == 503 ? Outcome::kOverload : Outcome::kFileError, status);
}

}  // namespace anteroom::frontend
