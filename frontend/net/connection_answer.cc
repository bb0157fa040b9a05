// The second half of a connection: from a complete request to the last byte of its answer.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "anteroom/v1/anteroom.pb.h"
#include "frontend/access_log.h"
#include "frontend/dispatch/pool.h"
#include "frontend/http/error_body.h"
#include "frontend/http/header_rules.h"
#include "frontend/http/method.h"
#include "frontend/http/response_head.h"
#include "frontend/http/response_writer.h"
#include "frontend/http/status.h"
#include "frontend/net/connection.h"
#include "frontend/static/redirect_location.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// In the process log; the access log has every one.
constexpr Duration kBetweenWarnings = std::chrono::seconds(1);

// Bytes in the socket that the client has not acknowledged, or on a Unix socket not read.
int Unread(int socket) {
  int unread = 0;
  return ioctl(socket, SIOCOUTQ, &unread) == 0 ? unread : 0;
}

}  // namespace

// --- Answering

void Connection::ServeFile() {
  const RequestHead& head = request_->head();
  absl::string_view path = request_->path;
  const std::string& prefix = request_->site->route->path;
  path.remove_prefix(absl::EndsWith(prefix, "/") ? prefix.size() - 1 : prefix.size());
  if (path.empty() && (head.method() == "GET" || head.method() == "HEAD")) {
    // The route's path without its slash: relative links would lead beside it.
    StaticReply redirect;
    redirect.status = 301;
    redirect.location = DirectoryLocation(head.path(), head.query());
    return OnFile(std::move(redirect));
  }
  StaticRequest query;
  query.method = head.method();
  query.path = path.empty() ? absl::string_view("/") : path;
  query.raw_path = head.path();
  query.raw_query = head.query();
  query.if_none_match = head.Find("if-none-match");
  query.if_modified_since = head.Find("if-modified-since");
  state_ = State::kWaiting;
  timer_.SetAfter(context_->config->timeouts.disk);
  // Destroying the handle cancels the callback, so `this` is safe in it. When the answer was there
  // at once there is no handle, and the request may be over and gone by now.
  std::unique_ptr<StaticFiles::Pending> pending = request_->site->files->Serve(
      query, context_->loop->now(), [this](StaticReply reply) { OnFile(std::move(reply)); });
  if (pending) request_->pending_file = std::move(pending);
}

void Connection::OnFile(StaticReply reply) {
  if (reply.page != nullptr) return AnswerPage(std::move(reply));
  if (reply.status != 200 && reply.status != 304) {
    if (reply.status == 503) return Answer(Outcome::kOverload, 503);
    if (reply.status == 500) return Answer(Outcome::kFileError, 500);
    request_->location = std::move(reply.location);
    request_->allow = reply.allow;
    return Answer(Outcome::kStatic, reply.status);
  }
  ResponseFraming framing;  // the file's own fields say how long it is
  framing.keep_alive = keep_alive_ && !context_->draining;
  Begin(reply.status, Outcome::kStatic, framing);
  ResponseWriter writer(&context_->out, reply.status);
  writer.Finish(framing, request_->head().minor_version(), context_->Date());
  context_->out.resize(context_->out.size() -
                       2);  // the empty line: the prepared fields end with one
  request_->answered = true;
  if (reply.status == 304 || request_->head().method() == "HEAD") {
    const absl::string_view fields =
        reply.status == 304 ? reply.file->not_modified_fields() : reply.file->ok_fields();
    context_->out.append(fields.data(), fields.size());
    request_->head_bytes_out += context_->out.size();
    return Written(output_.Write(socket_.get(), context_->out));
  }
  request_->head_bytes_out += context_->out.size() + reply.file->ok_fields().size();
  if (reply.file->in_memory()) {
    return Written(output_.WriteFile(socket_.get(), context_->out, std::move(reply.file)));
  }
  const absl::string_view fields = reply.file->ok_fields();
  context_->out.append(fields.data(), fields.size());
  const uint64_t size = reply.file->size();
  // The sender is destroyed with the output, and so with the connection.
  auto sender = std::make_unique<FileSender>(std::move(reply.file), 0, size, context_->file_io,
                                             context_->poster, &context_->static_cache->counters(),
                                             [this] { OnWritable(); });
  Written(output_.WriteSender(socket_.get(), context_->out, std::move(sender)));
}

void Connection::ServeFromPool() {
  const Site& site = *request_->site;
  const Time now = context_->loop->now();
  Exchange& exchange = request_->exchange;
  exchange.head = &request_->head();
  request_->body.Complete();
  exchange.body = &request_->body;
  exchange.memory = request_->parser.memory() + request_->body.memory();
  exchange.peer = peer_;
  exchange.trust = trust_;
  // One that Connection names does not go on, and no client may keep its handler out of a trace.
  const auto traceparent = FindOnly(request_->head(), "traceparent", trust_);
  if (!traceparent || !IsWellFormedTraceparent(*traceparent)) {
    context_->traceparents.Make(&request_->traceparent);
    exchange.traceparent = {request_->traceparent.data(), request_->traceparent.size()};
  }
  exchange.request_id = request_->id();
  exchange.deadline = now + site.route->timeout.value_or(site.pool->config().timeout);
  exchange.retry = site.route->retry;
  if (context_->body_limits.MemoryIsShort()) {
    exchange.response_window = Exchange::kSmallResponseWindow;
  }
  exchange.client = this;
  state_ = State::kWaiting;
  exchange.waiting_since = now;
  timer_.SetAfter(QueueDeadline() - now);
  if (const std::optional<Outcome> refused = site.pool->Submit(&exchange))
    Answer(*refused, Info(*refused).status);
}

ResponseContext Connection::NewResponse(int status) const {
  ResponseContext context;
  context.status = status;
  context.minor_version = request_->head().minor_version();
  context.head_request = request_->head().method() == "HEAD";
  context.keep_alive = keep_alive_ && !context_->draining;
  return context;
}

void Connection::Begin(int status, Outcome outcome, const ResponseFraming& framing) {
  state_ = State::kWriting;
  request_->status = status;
  request_->outcome = outcome;
  request_->framing = framing;
  request_->responding = true;
  request_->begun = context_->loop->now();
  keep_alive_ = framing.keep_alive;
  context_->out.clear();
}

void Connection::Answer(Outcome outcome, int status) {
  const ErrorBody body = StatusHasBody(status)
                             ? MakeErrorBody(status, ChooseErrorFormat(request_->head()))
                             : ErrorBody();
  ResponseContext response = NewResponse(status);
  response.size = body.body.size();
  const ResponseFraming framing = ChooseFraming(response);
  Begin(status, outcome, framing);
  ResponseWriter writer(&context_->out, status);
  if (!body.content_type.empty()) writer.AddField("Content-Type", body.content_type);
  if (!request_->location.empty()) writer.AddField("Location", request_->location);
  if (!request_->allow.empty()) writer.AddField("Allow", request_->allow);
  if (status == 503) {
    const Pool* pool = request_->site != nullptr ? request_->site->pool : nullptr;
    writer.AddField("Retry-After",
                    static_cast<uint64_t>(pool != nullptr ? pool->RetryAfterSeconds() : 1));
  }
  writer.Finish(framing, response.minor_version, context_->Date());
  request_->head_bytes_out += context_->out.size();
  if (framing.send_body) context_->out += body.body;
  request_->answered = true;
  Written(output_.Write(socket_.get(), context_->out));
}

void Connection::OnResponse(v1::Response* response) {
  const int status = static_cast<int>(std::min<uint32_t>(response->status(), 1000));
  absl::Status check = CheckResponseHead(status, response->headers());
  if (check.ok() && !StatusHasBody(status) && (!response->body().empty() || !response->last())) {
    check = absl::InvalidArgumentError(absl::StrCat("a body with status ", status));
  }
  if (!check.ok()) {
    request_->site->pool->Cancel(&request_->exchange);
    WarnOfBackend(check.message());
    return FailExchange(Outcome::kBackendInvalid, check.message());
  }
  ResponseContext head = NewResponse(status);
  if (response->size_known()) {
    head.size = response->body_size();
  } else if (response->last() && !head.head_request) {
    head.size = response->body().size();
  }
  const ResponseFraming framing = ChooseFraming(head);
  Begin(status, Outcome::kServed, framing);
  ResponseWriter writer(&context_->out, status);
  for (const v1::Header& header : response->headers()) {
    if (!IsForFrontEnd(header.name())) writer.AddField(header.name(), header.value());
  }
  request_->buffered = !response->last() && MayBeBuffered(*response);
  writer.Finish(framing, head.minor_version, context_->Date());
  request_->head_bytes_out += context_->out.size();
  if (!framing.send_body) {
    // What answers a HEAD has no body, whatever the handler made.
    if (!response->last()) request_->site->pool->Cancel(&request_->exchange);
    request_->answered = true;
    return Written(output_.Write(socket_.get(), context_->out));
  }
  if (response->body().empty() && !response->last()) {
    return Written(output_.Write(socket_.get(), context_->out));
  }
  OnBody(response->body(), response->last());
}

void Connection::OnBody(absl::string_view data, bool last) {
  std::string& out = context_->out;  // holds the head when called from OnResponse, else it is empty
  const bool chunked = request_->framing.length == ResponseFraming::Length::kChunked;
  if (chunked && !data.empty()) AppendChunkHeader(data.size(), &out);
  out.append(data.data(), data.size());
  if (chunked && !data.empty()) out.append(kAfterChunk.data(), kAfterChunk.size());
  if (chunked && last) out.append(kLastChunk.data(), kLastChunk.size());
  request_->answered = last;
  request_->uncredited += data.size();
  const Output::Result result = output_.Write(socket_.get(), out, AnswerOverflow());
  if (last) {
    output_.Settle();
    request_->body.Clear();  // it will not be sent again
  }
  Written(result);
}

Output::Overflow Connection::AnswerOverflow() const {
  return request_->buffered ? Output::Overflow::kSpool : Output::Overflow::kMemory;
}

bool Connection::MayHaveRun() const {
  return request_->exchange.broken > 0 && !request_->head().method_info()->idempotent;
}

void Connection::OnBodyFetch() {
  // While it answers already, the output has the timer.
  if (state_ != State::kWaiting) return;
  request_->fetch_until = context_->loop->now() + context_->config->timeouts.disk;
  timer_.SetDeadline(WaitDeadline());
}

void Connection::OnBodyFetched(bool ok) {
  Exchange& exchange = request_->exchange;
  if (!exchange.fetching) return;  // answered, waiting again, or sent again from memory
  if (ok) {
    request_->site->pool->OnBodyReadable(&exchange);  // only notes it
    if (state_ == State::kWaiting) timer_.SetDeadline(WaitDeadline());
    return;
  }
  // It may have run where a link broke, which the outcome of a file denies.
  const bool may_have_run = MayHaveRun();
  request_->site->pool->Cancel(&exchange);
  FailExchange(may_have_run ? Outcome::kBackendLost : Outcome::kFileError,
               "the spool cannot be read");
}

void Connection::OnQueuedAgain() { timer_.SetDeadline(WaitDeadline()); }

Time Connection::QueueDeadline() const {
  const Exchange& exchange = request_->exchange;
  return std::min(exchange.deadline,
                  exchange.waiting_since + request_->site->pool->config().queue.wait);
}

void Connection::OnFailure(Outcome outcome, absl::string_view reason) {
  FailExchange(outcome, reason);
}

void Connection::WarnOfBackend(absl::string_view reason) {
  // Every answer of a broken handler may be like that.
  const Time now = context_->loop->now();
  if (now - context_->warned_of_backend < kBetweenWarnings) return;
  context_->warned_of_backend = now;
  const Exchange& exchange = request_->exchange;
  spdlog::warn("answer refused backend={} id={} reason={}",
               exchange.backend ? *exchange.backend : "", std::string(request_->id()),
               std::string(reason));
}

void Connection::FailExchange(Outcome outcome, absl::string_view reason) {
  request_->detail = std::string(reason);
  if (!request_->responding) return Answer(outcome, Info(outcome).status);
  Close(Outcome::kCut);
}

// --- Writing

void Connection::OnWritable() {
  if (state_ != State::kClosed) Written(output_.Flush(socket_.get()));
}

void Connection::Written(Output::Result result) {
  context_->out.clear();
  context_->metrics->bytes_out.Add(result.written);
  if (request_) request_->bytes_out += result.written;
  on_disk_ = result.progress == Output::Progress::kDisk;
  switch (result.progress) {
    case Output::Progress::kClientGone:
      return Close(Outcome::kClientGone);
    case Output::Progress::kFileFailed:
      return FailExchange(Outcome::kCut,
                          "the file has changed under the answer, or the disk failed");
    case Output::Progress::kBlocked:
      if (result.written > 0 || !watch_.writing()) {
        timer_.SetAfter(context_->config->timeouts.write);
        if (request_) request_->unread = Unread(socket_.get());
      }
      watch_.WatchWrite(true);
      if (request_) ReturnCredit();
      return;
    case Output::Progress::kDisk:
      watch_.WatchWrite(false);
      timer_.SetAfter(context_->config->timeouts.disk);
      return;
    case Output::Progress::kDone:
      watch_.WatchWrite(false);
      if (state_ != State::kWriting) {  // 100 (Continue)
        if (state_ == State::kBody) timer_.SetDeadline(BodyDeadline());
        return;
      }
      if (request_->answered) return EndRequest();
      timer_.SetDeadline(AnswerDeadline());
      return ReturnCredit();
  }
}

bool Connection::ClientReads() {
  // The socket takes more only when a good part of its buffer has gone out, which may be much longer
  // than the time-out for a client that reads slowly, but does.
  const int unread = Unread(socket_.get());
  return unread < std::exchange(request_->unread, unread);
}

Time Connection::AnswerDeadline() const {
  // A handler that is still writing its answer is bound by the route's deadline. One that has ended
  // is not to blame for the time that a slow client takes to fetch what it made.
  const Time deadline = request_->exchange.deadline;
  if (request_->framing.length != ResponseFraming::Length::kFixed) return deadline;
  return std::max(deadline, context_->loop->now() + context_->config->timeouts.write);
}

void Connection::ReturnCredit() {
  if (!request_ || request_->answered || request_->uncredited == 0) return;
  // What is on its way to the disk takes memory too.
  if (!output_.HasRoom(MemoryIsShort() ? Output::Overflow::kMemory : AnswerOverflow())) return;
  request_->site->pool->Consumed(&request_->exchange, std::exchange(request_->uncredited, 0));
}

void Connection::EndRequest() {
  // A client that asked for the end sends nothing more, so there is nothing to linger for.
  const bool client_closes =
      !request_->head().keep_alive() && !ahead_ &&
      (request_->outcome == Outcome::kServed || request_->outcome == Outcome::kStatic);
  // Only a drain ends it, and this answer did not say so: what was sent behind the request is
  // answered, too, and that answer will say so.
  const bool owes =
      context_->draining && request_->framing.keep_alive && (ahead_size() > 0 || HasUnreadInput());
  Account();
  ReleaseRequest();
  if (!keep_alive_ && !owes) {
    // To close with something unread would be a reset, all the same.
    if (end_of_input_ || (client_closes && !HasUnreadInput())) return Close(Outcome::kClientGone);
    return Linger();
  }
  state_ = State::kIdle;
  timer_.SetAfter(context_->config->timeouts.idle);
  if (blind_ && !end_of_input_) watch_.WatchRead(true);
  blind_ = false;
  if (consuming_) return;  // goes on by itself
  if (ahead_) return Resume();
  if (end_of_input_) Close(Outcome::kClientGone);
}

void Connection::ReleaseRequest() {
  // It may be the last that knew an old table, whose pool may be the caller.
  if (request_->table != nullptr && request_->table != context_->table) {
    context_->loop->Defer([table = std::move(request_->table)] {});
  }
  context_->requests.Give(std::move(request_));
  CountBuffers();
}

void Connection::Account() {
  LoopMetrics& metrics = *context_->metrics;
  metrics.outcomes[static_cast<size_t>(request_->outcome)].Add();
  metrics.status_classes[std::clamp(request_->status / 100, 0, 5)].Add();
  metrics.fields_dropped.Add(request_->head().dropped_fields());
  if (AccessLog* const log = context_->table->settings->access_log.get())
    log->Write(*request_, request_->client.empty() ? peer_ : request_->client,
               context_->loop->now());
}

}  // namespace anteroom::frontend
