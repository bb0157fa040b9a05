// What came in: frames into exchanges. A breach of the protocol is reported and ends the link.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backend/src/link.h"
#include "backend/src/wire_check.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {
namespace {

// Credit given by a front end is bounded before it is summed up.
constexpr uint64_t kMaxCredit = uint64_t{1} << 60;

absl::Status Breach(absl::string_view reason) { return absl::InvalidArgumentError(reason); }

}  // namespace

absl::Status Link::DecodeLocked(v1::FrontendFrames* frames, Time now) {
  if (absl::Status status = DecodeHelloLocked(*frames); !status.ok()) return status;
  for (v1::Request& request : *frames->mutable_requests()) {
    if (absl::Status status = DecodeRequestLocked(&request, now); !status.ok()) return status;
  }
  for (v1::BodyChunk& chunk : *frames->mutable_body()) {
    if (absl::Status status = DecodeBodyLocked(&chunk); !status.ok()) return status;
  }
  for (const v1::Cancel& cancel : frames->cancels()) DecodeCancelLocked(cancel.id());
  for (const v1::WindowUpdate& update : frames->windows()) {
    if (absl::Status status = DecodeWindowLocked(update); !status.ok()) return status;
  }
  if (frames->has_ping()) {
    pending_->mutable_pong()->set_number(frames->ping().number());
    dirty_ = true;
  }
  // Requests that were cancelled in the batch that brought them never reach the pool.
  if (!cancelled_.empty()) {
    auto& jobs = arrivals_.jobs;
    size_t kept = 0;
    for (Job* job : jobs) {
      Exchange* exchange = static_cast<Exchange*>(job);
      if (!exchange->cancelled()) {
        jobs[kept++] = job;
        continue;
      }
      cancelled_.erase(std::find(cancelled_.begin(), cancelled_.end(), job));
      ready_.erase(std::remove(ready_.begin(), ready_.end(), job), ready_.end());
      ForgetNewLocked(exchange);
    }
    jobs.resize(kept);
  }
  return absl::OkStatus();
}

absl::Status Link::DecodeHelloLocked(const v1::FrontendFrames& frames) {
  if (frames.has_hello() == greeted_) {
    return Breach(greeted_ ? "a second hello" : "the first batch carries no hello");
  }
  if (greeted_) return absl::OkStatus();
  greeted_ = true;
  if (frames.hello().protocol() != kProtocol) {
    return absl::FailedPreconditionError(
        absl::StrCat("protocol ", frames.hello().protocol(), " is not supported"));
  }
  peer_ = absl::StrCat(frames.hello().frontend(), "@", peer_);
  spdlog::info("link opened peer={} version={}", peer_, frames.hello().version());
  return absl::OkStatus();
}

absl::Status Link::DecodeRequestLocked(v1::Request* request, Time now) {
  if (absl::Status status = CheckRequest(*request); !status.ok()) return status;
  const auto [entry, is_new] = exchanges_.try_emplace(request->id(), TakeSpareLocked());
  if (!is_new) return Breach("a request id that is in use");
  Exchange* exchange = entry->second.get();
  exchange->wire.Swap(request);
  const v1::Request& wire = exchange->wire;
  exchange->link = std::static_pointer_cast<Link>(shared_from_this());
  exchange->member = this;
  exchange->arrived = now;
  exchange->waited = BoundedMicros(wire.waited_us());
  exchange->reports_start = wire.report_start();
  if (wire.timeout_us() > 0) exchange->deadline = now + BoundedMicros(wire.timeout_us());
  exchange->credit = std::min(wire.response_window(), kMaxCredit);
  // Most bodies come with the head, and nobody asks then which handler they are for.
  const bool incomplete = wire.body_size() > wire.body().size();
  if (incomplete || wire.body_size() > host_->max_request_body) {
    const bool streamed = host_->router->Streams(wire.method(), wire.target());
    if (wire.body_size() > (streamed ? host_->max_streamed_body : host_->max_request_body)) {
      host_->metrics->bodies_too_large.Add();
      exchange->response = Response::Text("Content Too Large\n", 413);
      RespondLocked(exchange);
      return absl::OkStatus();
    }
    if (incomplete) AwaitBodyLocked(exchange, streamed);
  }
  if (!incomplete && wire.body_size() > kChunk) exchange->bytes = wire.body_size();
  arrivals_.jobs.push_back(exchange);
  return absl::OkStatus();
}

void Link::AwaitBodyLocked(Exchange* exchange, bool streamed) {
  const v1::Request& wire = exchange->wire;
  exchange->window = kRequestWindow;
  if (streamed) {
    exchange->incoming = std::make_unique<IncomingBody>(wire.body().size());
    exchange->bytes = std::min(wire.body_size(), wire.body().size() + kRequestWindow);
    exchange->needs_worker = true;
  } else {
    exchange->complete = false;
    exchange->bytes = wire.body_size();
    exchange->large_body.reserve(wire.body_size());
    exchange->large_body = wire.body();
  }
}

absl::Status Link::DecodeBodyLocked(v1::BodyChunk* chunk) {
  if (chunk->id() == 0) return Breach("a body chunk without an id");
  const uint64_t more = chunk->data().size();
  if (more > kChunk) return Breach("a body chunk of more than 64 KiB");
  Exchange* exchange = FindLocked(chunk->id());
  // Refused, cancelled or answered while this was on its way.
  if (exchange == nullptr) return absl::OkStatus();
  IncomingBody* incoming = exchange->incoming.get();
  if (exchange->sending && incoming == nullptr) return absl::OkStatus();
  if (incoming == nullptr ? exchange->complete : incoming->ended()) {
    return Breach("a body chunk after the end of the body");
  }
  if (more > exchange->window) return Breach("a body chunk beyond the window");
  std::string& body = exchange->large_body;
  const uint64_t size = more + (incoming == nullptr ? body.size() : incoming->received());
  if (size > exchange->wire.body_size() || (chunk->last() && size < exchange->wire.body_size())) {
    return Breach("a body that is not as long as announced");
  }
  exchange->window -= more;
  if (incoming != nullptr) {
    incoming->Add(chunk->mutable_data(), chunk->last());
    return absl::OkStatus();
  }
  body.append(chunk->data());
  if (chunk->last()) {
    exchange->complete = true;
    ready_.push_back(exchange);
  } else {
    CreditLocked(exchange, more);
  }
  return absl::OkStatus();
}

void Link::CreditLocked(Exchange* exchange, uint64_t bytes) {
  exchange->uncredited += bytes;
  if (exchange->uncredited < kRequestWindow / 2) return;
  v1::WindowUpdate* update = pending_->add_windows();
  update->set_id(exchange->wire.id());
  update->set_bytes(exchange->uncredited);
  exchange->window += exchange->uncredited;
  exchange->uncredited = 0;
  dirty_ = true;
}

absl::StatusOr<std::string> Link::ReadBody(Exchange* exchange) {
  std::string piece;
  Action action;
  {
    MutexLock lock(&mu_);
    IncomingBody& body = *exchange->incoming;
    bool in_time = Now() < exchange->deadline;
    while (!closing_ && !exchange->cancelled() && in_time && body.empty()) {
      in_time = body.changed.WaitUntil(&mu_, exchange->deadline) || Now() < exchange->deadline;
    }
    if (closing_) return absl::UnavailableError("the link to the front end has ended");
    // The front end cancels what is late, so this comes first.
    if (!in_time) return absl::DeadlineExceededError("the deadline has passed");
    if (exchange->cancelled()) return absl::CancelledError("nobody waits for the answer any more");
    piece = body.Take();
    // What the front end may send already is not given twice.
    if (exchange->wire.body_size() - body.received() > exchange->window) {
      CreditLocked(exchange, piece.size());
    }
    action = NextLocked();
  }
  Perform(action);
  host_->metrics->body_bytes_in.Add(piece.size());
  return piece;
}

void Link::DecodeCancelLocked(uint64_t id) {
  Exchange* exchange = FindLocked(id);
  if (exchange == nullptr || exchange->cancelled()) return;
  exchange->cancellation.Cancel();
  if (exchange->incoming != nullptr) exchange->incoming->changed.NotifyOne();
  dirty_ = true;  // the front end learns the new load
  if (!exchange->sending) {
    cancelled_.push_back(exchange);
  } else if (!exchange->streaming) {
    ForgetLocked(exchange);
  } else {
    exchange->room.NotifyOne();  // the handler's thread sees to the rest
  }
}

absl::Status Link::DecodeWindowLocked(const v1::WindowUpdate& update) {
  if (update.id() == 0) return Breach("a window update without an id");
  Exchange* exchange = FindLocked(update.id());
  if (exchange == nullptr) return absl::OkStatus();
  if (update.bytes() > kMaxCredit - exchange->credit) return Breach("too much window");
  exchange->credit += update.bytes();
  if (exchange->sending && exchange->sent < exchange->response.body.size())
    TakeTurnLocked(exchange);
  return absl::OkStatus();
}

}  // namespace anteroom::backend
