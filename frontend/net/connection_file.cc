// Answers from files: the request's own, or the one that its handler has named (connection_redirect.cc).
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/accel_redirect.h"
#include "frontend/http/accept_encoding.h"
#include "frontend/http/response_writer.h"
#include "frontend/net/connection.h"
#include "frontend/static/redirect_location.h"
#include "frontend/static/request_conditions.h"

namespace anteroom::frontend {
namespace {

// Of an answer without the file that was asked for.
Outcome OutcomeOf(int status) {
  switch (status) {
    case 503:
      return Outcome::kOverload;
    case 500:
      return Outcome::kFileError;
    default:
      return Outcome::kStatic;
  }
}

}  // namespace

void Connection::ServeFile() {
  const RequestHead& head = request_->head();
  absl::string_view path = request_->path;
  const std::string& prefix = request_->site->route->path;
  path.remove_prefix(absl::EndsWith(prefix, "/") ? prefix.size() - 1 : prefix.size());
  StaticRequest query;
  // What answers a POST is the file that its handler has named, as it is: ranges and conditions are
  // for GET and HEAD (RFC 9110, sections 13.1 and 14.2).
  const bool as_get = request_->redirect != nullptr && head.method() != "HEAD";
  query.method = as_get ? absl::string_view("GET") : head.method();
  if (path.empty() && (query.method == "GET" || query.method == "HEAD")) {
    // The route's path without its slash: relative links would lead beside it.
    StaticReply to_directory;
    to_directory.status = 301;
    to_directory.location = DirectoryLocation(head.path(), head.query());
    return OnFile(std::move(to_directory));
  }
  query.path = path.empty() ? absl::string_view("/") : path;
  query.raw_path = head.path();
  query.raw_query = head.query();
  const RequestConditions conditions(head);
  if (query.method == head.method()) query.conditions = conditions.get();
  if (request_->site->files->offers_codings()) query.codings = AcceptedCodings(head);
  state_ = State::kWaiting;
  timer_.SetAfter(context_->config->timeouts.disk);
  // Destroying the handle cancels the callback, so `this` is safe in it. When the answer was there
  // at once there is no handle, and the request may be over and gone by now.
  std::unique_ptr<StaticFiles::Pending> pending = request_->site->files->Serve(
      query, context_->loop->now(), [this](StaticReply reply) { OnFile(std::move(reply)); });
  if (pending) request_->pending_file = std::move(pending);
}

void Connection::OnFile(StaticReply reply) {
  const bool redirected = request_->redirect != nullptr;
  if (reply.page != nullptr && !redirected) return AnswerPage(std::move(reply));
  // The parts would say the file's type, and the handler has the say.
  if (reply.status == 206 && redirected && reply.partial->pieces.size() > 1) reply.status = 200;
  const bool sends = reply.status == 200 || reply.status == 206 || reply.status == 304;
  if (!sends) {
    if (reply.status == 416) request_->content_range = UnsatisfiedContentRange(reply.file->size());
    if (redirected) return FailRedirect(reply.status);
    request_->location = std::move(reply.location);
    request_->allow = reply.allow;
    return Answer(OutcomeOf(reply.status), reply.status);
  }
  if (redirected) context_->metrics->redirects.sent.Add();
  if (reply.status == 206) return SendPartial(std::move(reply));
  ResponseFraming framing;  // the file's own fields say how long it is
  framing.keep_alive = keep_alive_ && !context_->draining;
  BeginFile(reply.status, framing);
  if (reply.status == 304 || request_->head().method() == "HEAD") {
    AppendFileHead(reply.status == 304 ? reply.file->not_modified_fields()
                                       : reply.file->ok_fields());
    return Written(output_.Write(socket_.get(), context_->out));
  }
  if (reply.file->in_memory() && !redirected) {
    request_->head_bytes_out += context_->out.size() + reply.file->ok_fields().size();
    const absl::string_view message = reply.file->ok_message();
    return Written(output_.WriteFile(socket_.get(), context_->out, message, std::move(reply.file)));
  }
  AppendFileHead(reply.file->ok_fields());
  if (reply.file->in_memory()) {
    const absl::string_view body = reply.file->body();
    return Written(output_.WriteFile(socket_.get(), context_->out, body, std::move(reply.file)));
  }
  SendWhole(std::move(reply.file));
}

// Goes out behind what is in context_->out.
void Connection::SendWhole(std::shared_ptr<const CachedFile> file) {
  const uint64_t size = file->size();
  SendPieces(std::move(file), {{"", {0, size}}});
}

void Connection::SendPieces(std::shared_ptr<const CachedFile> file, std::vector<FilePiece> pieces) {
  // The sender is destroyed with the output, and so with the connection.
  auto sender = std::make_unique<FileSender>(std::move(file), std::move(pieces), context_->file_io,
                                             context_->poster, &context_->static_cache->counters(),
                                             [this] { OnWritable(); });
  Written(output_.WriteSender(socket_.get(), context_->out, std::move(sender)));
}

void Connection::SendPartial(StaticReply reply) {
  const CachedFile& file = *reply.file;
  PartialContent& partial = *reply.partial;
  ResponseContext context = NewResponse(206);
  context.size = partial.size;
  BeginFile(206, ChooseFraming(context));
  AppendFileHead(absl::StrCat(partial.fields, "\r\n"));
  std::string& out = context_->out;
  if (!file.in_memory()) {
    return SendPieces(std::move(reply.file), std::move(partial.pieces));
  }
  const ByteRange& first = partial.pieces.front().range;
  if (partial.pieces.size() == 1) {
    const absl::string_view bytes = file.body().substr(first.offset, first.length);
    return Written(output_.WriteFile(socket_.get(), out, bytes, std::move(reply.file)));
  }
  // Several of a file in memory are copied: they are never more than the file, which is small.
  for (const FilePiece& piece : partial.pieces) {
    absl::StrAppend(&out, piece.text, file.body().substr(piece.range.offset, piece.range.length));
  }
  Written(output_.Write(socket_.get(), out));
}

// An error, and the page that the operator has for it.
void Connection::AnswerPage(StaticReply reply) {
  const CachedFile& page = *reply.page;
  ResponseContext response = NewResponse(reply.status);
  response.size = page.size();
  const ResponseFraming framing = ChooseFraming(response);
  Begin(reply.status, OutcomeOf(reply.status), framing);
  std::string& out = context_->out;
  ResponseWriter writer(&out, reply.status);
  writer.AddField("Content-Type", page.content_type());
  if (reply.status == 503) writer.AddField("Retry-After", uint64_t{1});
  absl::StrAppend(&out, reply.page_fields);
  writer.Finish(framing, response.minor_version, context_->Date());
  request_->head_bytes_out += out.size();
  request_->answered = true;
  if (framing.send_body && !page.in_memory()) return SendWhole(std::move(reply.page));
  if (framing.send_body) absl::StrAppend(&out, page.body());
  Written(output_.Write(socket_.get(), out));
}

void Connection::BeginFile(int status, const ResponseFraming& framing) {
  const FileRedirect* const redirect = request_->redirect.get();
  Begin(status, redirect != nullptr ? Outcome::kServed : Outcome::kStatic, framing);
  std::string& out = context_->out;
  ResponseWriter writer(&out, status);
  if (redirect != nullptr) AppendHandlersFields(redirect->fields, status, &out);
  writer.Finish(framing, request_->head().minor_version(), context_->Date());
  out.resize(out.size() - 2);  // the empty line: the file's fields end with one
  request_->answered = true;
}

void Connection::AppendFileHead(absl::string_view fields) {
  if (request_->redirect != nullptr) {
    AppendFilesFields(fields, request_->redirect->fields, &context_->out);
  } else {
    context_->out.append(fields.data(), fields.size());
  }
  request_->head_bytes_out += context_->out.size();
}

}  // namespace anteroom::frontend
