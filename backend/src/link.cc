#include "backend/src/link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backend/src/wire_check.h"
#include "common/clock.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {
namespace {

constexpr uint32_t kProtocol = 1;
// Exchanges kept for the next requests; more than that are outstanding on a link only now and then.
constexpr size_t kSpares = 256;
// What a response costs in a batch beside its body; an estimate, for bounding batches only.
constexpr size_t kHeadBytes = 512;
// Credit given by a front end is bounded before it is summed up.
constexpr uint64_t kMaxCredit = uint64_t{1} << 60;

// A peer's duration, bounded so that arithmetic on it can't overflow.
Duration BoundedMicros(uint64_t micros) {
  constexpr uint64_t kMax = uint64_t{1'000'000} * 60 * 60 * 24 * 365;
  return std::chrono::microseconds(static_cast<int64_t>(std::min(micros, kMax)));
}

absl::Status Breach(absl::string_view reason) { return absl::InvalidArgumentError(reason); }

}  // namespace

Link::Link(const LinkHost* host, std::shared_ptr<LinkTransport> transport)
    : host_(host),
      transport_(std::move(transport)),
      pending_(std::make_unique<v1::BackendFrames>()),
      writing_(std::make_unique<v1::BackendFrames>()) {}

Link::~Link() = default;

void Link::Open(absl::string_view peer) {
  host_->pool->Add(this);
  Action action;
  {
    MutexLock lock(&mu_);
    peer_ = std::string(peer);
    v1::BackendHello* hello = pending_->mutable_hello();
    hello->set_protocol(kProtocol);
    hello->set_backend(host_->name);
    hello->set_version(host_->version);
    hello->set_threads(static_cast<uint32_t>(host_->pool->max_threads()));
    hello->set_request_window(kRequestWindow);
    dirty_ = true;
    action = NextLocked();
  }
  Perform(action);
}

void Link::OnBatch(v1::FrontendFrames* frames) {
  const Time now = Now();
  host_->metrics->batches_in.Add();
  arrivals_.jobs.clear();
  arrivals_.want.reset();
  arrivals_.declined = frames->declined();
  arrivals_.granted = 0;
  arrivals_.round_trip = BoundedMicros(frames->round_trip_us());
  if (frames->has_want()) arrivals_.want = BoundedMicros(frames->want().oldest_wait_us());
  ready_.clear();
  cancelled_.clear();

  bool refusals_possible = false;
  Action action;
  {
    MutexLock lock(&mu_);
    if (closing_) return;
    if (const absl::Status verdict = DecodeLocked(frames, now); !verdict.ok()) {
      for (Job* job : arrivals_.jobs) ForgetNewLocked(static_cast<Exchange*>(job));
      arrivals_.jobs.clear();
      host_->metrics->breaches.Add();
      spdlog::warn("link closed peer={} reason={}", peer_, std::string(verdict.message()));
      CloseLocked(verdict);
    } else if (!ready_.empty() || !cancelled_.empty()) {
      host_->pool->Update(ready_, &cancelled_);
      settle_ = true;
      for (Job* job : cancelled_) ForgetLocked(static_cast<Exchange*>(job));
    }
    refusing_ = !arrivals_.jobs.empty();
    refusals_possible = refusing_;
    action = NextLocked();
  }
  Perform(action);
  if (arrivals_.jobs.empty() && !arrivals_.want && arrivals_.declined == 0) return;

  // Without the lock: workers that begin at once don't run into it.
  host_->pool->Arrive(this, &arrivals_);
  if (!refusals_possible && arrivals_.granted == 0) return;
  {
    MutexLock lock(&mu_);
    for (Job* job : arrivals_.jobs) {
      Exchange* exchange = static_cast<Exchange*>(job);
      if (!closing_) {
        pending_->add_refused()->set_id(exchange->wire.id());
        dirty_ = true;
      }
      ForgetNewLocked(exchange);
    }
    refusing_ = false;
    GrantLocked(arrivals_.granted + std::exchange(held_grants_, 0));
    action = NextLocked();
  }
  Perform(action);
}

void Link::OnReadEnd() {
  Action action;
  {
    MutexLock lock(&mu_);
    CloseLocked(absl::OkStatus());
    action = NextLocked();
  }
  Perform(action);
}

void Link::OnWritten(bool ok) { Perform(AfterWrite(ok)); }

Link::Action Link::AfterWrite(bool ok) {
  MutexLock lock(&mu_);
  write_in_flight_ = false;
  if (ok) batches_written_ = batches_begun_;
  if (start_waiters_ > 0) written_.NotifyAll();
  // A batch that was full keeps no memory for the next ones, which will hardly be.
  if (writing_bytes_ > kBodyPerBatch) {
    writing_ = std::make_unique<v1::BackendFrames>();
  } else {
    writing_->Clear();
  }
  if (!ok) CloseLocked(absl::OkStatus());
  return NextLocked();
}

void Link::Flush() {
  Action action;
  {
    MutexLock lock(&mu_);
    action = NextLocked();
  }
  Perform(action);
}

void Link::Drain() {
  Action action;
  {
    MutexLock lock(&mu_);
    if (closing_ || draining_) return;
    draining_ = true;
    pending_->set_draining(true);
    dirty_ = true;
    action = NextLocked();
  }
  Perform(action);
}

void Link::GrantLocked(uint32_t places) {
  if (places == 0 || closing_) return;
  if (refusing_) {
    held_grants_ += places;
    return;
  }
  pending_->set_grants(pending_->grants() + places);
  dirty_ = true;
}

void Link::Granted(uint32_t places) {
  Action action;
  {
    MutexLock lock(&mu_);
    GrantLocked(places);
    action = NextLocked();
  }
  Perform(action);
}

void Link::Returned(const std::vector<Job*>& jobs) {
  const std::shared_ptr<Member> self =
      shared_from_this();  // the exchanges may hold the last references
  Action action;
  {
    MutexLock lock(&mu_);
    for (Job* job : jobs) {
      Exchange* exchange = static_cast<Exchange*>(job);
      if (!closing_ && !exchange->cancelled()) {
        pending_->add_returned()->set_id(exchange->wire.id());
      }
      ForgetLocked(exchange);
    }
    if (!closing_) dirty_ = true;
    action = NextLocked();
  }
  Perform(action);
}

void Link::Deliver(Exchange* exchange, uint32_t grants, Job::Send send) {
  const std::shared_ptr<Link> self = std::move(exchange->link);  // it may be the last reference
  Action action;
  {
    MutexLock lock(&mu_);
    if (closing_ || exchange->cancelled()) {
      host_->metrics->discarded.Add();
      ForgetLocked(exchange);
    } else {
      RespondLocked(exchange);
    }
    GrantLocked(grants);
    if (!closing_) {
      dirty_ = true;  // the load has changed even when the answer was thrown away
    }
    if (send == Job::Send::kLater && !closing_ && !settle_) return;
    action = NextLocked();
  }
  Perform(action);
}

bool Link::ReportStart(const Exchange& exchange) {
  Action action;
  uint64_t batch;
  {
    MutexLock lock(&mu_);
    if (closing_ || exchange.cancelled()) return false;
    v1::Started* started = pending_->add_started();
    started->set_id(exchange.wire.id());
    started->set_thread(exchange.thread);
    dirty_ = true;
    batch = batches_begun_ + 1;
    ++start_waiters_;
    action = NextLocked();
  }
  Perform(action);
  MutexLock lock(&mu_);
  while (!closing_ && batches_written_ < batch) written_.Wait(&mu_);
  --start_waiters_;
  return !closing_;
}

// ---------------------------------------------------------------------------------------------------------------------
// What came in

absl::Status Link::DecodeLocked(v1::FrontendFrames* frames, Time now) {
  if (absl::Status status = DecodeHelloLocked(*frames); !status.ok()) return status;
  for (v1::Request& request : *frames->mutable_requests()) {
    if (absl::Status status = DecodeRequestLocked(&request, now); !status.ok()) return status;
  }
  for (const v1::BodyChunk& chunk : frames->body()) {
    if (absl::Status status = DecodeBodyLocked(chunk); !status.ok()) return status;
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
  std::unique_ptr<Exchange> made;
  if (spare_.empty()) {
    made = std::make_unique<Exchange>();
  } else {
    made = std::move(spare_.back());
    spare_.pop_back();
  }
  const auto [entry, is_new] = exchanges_.try_emplace(request->id(), std::move(made));
  if (!is_new) return Breach("a request id that is in use");
  Exchange* exchange = entry->second.get();
  exchange->wire.Swap(request);
  const v1::Request& wire = exchange->wire;
  exchange->link = std::static_pointer_cast<Link>(shared_from_this());
  exchange->member = this;
  exchange->arrived = now;
  exchange->waited = BoundedMicros(wire.waited_us());
  if (wire.timeout_us() > 0) exchange->deadline = now + BoundedMicros(wire.timeout_us());
  exchange->credit = std::min(wire.response_window(), kMaxCredit);
  if (wire.body_size() > host_->max_request_body) {
    exchange->response = Response::Text("Content Too Large\n", 413);
    RespondLocked(exchange);
    return absl::OkStatus();
  }
  if (wire.body_size() > wire.body().size()) {
    exchange->complete = false;
    exchange->bytes = wire.body_size();
    exchange->window = kRequestWindow;
    exchange->large_body.reserve(wire.body_size());
    exchange->large_body = wire.body();
  }
  arrivals_.jobs.push_back(exchange);
  return absl::OkStatus();
}

absl::Status Link::DecodeBodyLocked(const v1::BodyChunk& chunk) {
  if (chunk.id() == 0) return Breach("a body chunk without an id");
  if (chunk.data().size() > kChunk) return Breach("a body chunk of more than 64 KiB");
  Exchange* exchange = FindLocked(chunk.id());
  // Refused, cancelled or answered while this was on its way.
  if (exchange == nullptr || exchange->sending) return absl::OkStatus();
  if (exchange->complete) return Breach("a body chunk after the end of the body");
  if (chunk.data().size() > exchange->window) return Breach("a body chunk beyond the window");
  std::string& body = exchange->large_body;
  const uint64_t size = body.size() + chunk.data().size();
  if (size > exchange->wire.body_size() || (chunk.last() && size < exchange->wire.body_size())) {
    return Breach("a body that is not as long as announced");
  }
  body.append(chunk.data());
  exchange->window -= chunk.data().size();
  exchange->uncredited += chunk.data().size();
  if (chunk.last()) {
    exchange->complete = true;
    ready_.push_back(exchange);
  } else if (exchange->uncredited >= kRequestWindow / 2) {
    v1::WindowUpdate* update = pending_->add_windows();
    update->set_id(chunk.id());
    update->set_bytes(exchange->uncredited);
    exchange->window += exchange->uncredited;
    exchange->uncredited = 0;
    dirty_ = true;
  }
  return absl::OkStatus();
}

void Link::DecodeCancelLocked(uint64_t id) {
  Exchange* exchange = FindLocked(id);
  if (exchange == nullptr || exchange->cancelled()) return;
  exchange->cancellation.Cancel();
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

// ---------------------------------------------------------------------------------------------------------------------
// What goes out

void Link::RespondLocked(Exchange* exchange) {
  if (exchange->sending) {
    EndStreamLocked(exchange);
    return;
  }
  std::string& body = exchange->response.body;
  dirty_ = true;
  if (body.size() <= std::min<uint64_t>(kChunk, exchange->credit) &&
      pending_bytes_ + body.size() <= kBatch) {
    v1::Response* head = AddHeadLocked(*exchange);
    pending_bytes_ += body.size();
    host_->metrics->body_bytes_out.Add(body.size());
    head->set_body(std::move(body));
    head->set_last(true);
    ForgetLocked(exchange);
    return;
  }
  ReleaseRequestLocked(exchange);
  exchange->held = body.size();
  host_->pool->HoldBytes(exchange->held);
  exchange->sending = true;
  TakeTurnLocked(exchange);
}

void Link::EndStreamLocked(Exchange* exchange) {
  exchange->streaming = false;
  if (exchange->stream_status.ok()) {
    TakeTurnLocked(exchange);  // for the end, if for nothing else
    return;
  }
  v1::Abort* abort = pending_->add_aborts();
  abort->set_id(exchange->wire.id());
  abort->set_reason(std::string(exchange->stream_status.message()));
  dirty_ = true;
  ForgetLocked(exchange);
}

void Link::TakeTurnLocked(Exchange* exchange) {
  if (exchange->in_turn) return;
  exchange->in_turn = true;
  bodies_.PushBack(exchange);
}

v1::Response* Link::AddHeadLocked(const Exchange& exchange) {
  v1::Response* head = pending_->add_responses();
  head->set_id(exchange.wire.id());
  head->set_status(static_cast<uint32_t>(exchange.response.status));
  for (const auto& [name, value] : exchange.response.headers) {
    v1::Header* header = head->add_headers();
    header->set_name(name);
    header->set_value(value);
    pending_bytes_ += name.size() + value.size();
  }
  head->set_size_known(exchange.size_known);
  if (exchange.size_known) head->set_body_size(exchange.response.body.size());
  head->set_thread(exchange.thread);
  head->set_queued_us(static_cast<uint64_t>(ToMicros(exchange.queued)));
  head->set_run_us(static_cast<uint64_t>(ToMicros(exchange.run)));
  pending_bytes_ += kHeadBytes;
  return head;
}

void Link::FillWithBodiesLocked() {
  const size_t most = std::min(kBatch, pending_bytes_ + kBodyPerBatch);
  while (!bodies_.empty() && pending_bytes_ < most) {
    Exchange* exchange = static_cast<Exchange*>(bodies_.PopFront());
    exchange->in_turn = false;
    if (AddPieceLocked(exchange)) {
      ForgetLocked(exchange);
    } else if (exchange->credit > 0 && exchange->sent < exchange->response.body.size()) {
      TakeTurnLocked(exchange);
    }  // else a window update or the handler brings it back
  }
}

bool Link::AddPieceLocked(Exchange* exchange) {
  std::string& body = exchange->response.body;
  const size_t size =
      std::min({kChunk, static_cast<size_t>(exchange->credit), body.size() - exchange->sent});
  const bool last = !exchange->streaming && exchange->sent + size == body.size();
  if (exchange->head_sent && size == 0 && !last) return false;
  const absl::string_view piece = absl::string_view(body).substr(exchange->sent, size);
  if (exchange->head_sent) {
    v1::BodyChunk* chunk = pending_->add_body();
    chunk->set_id(exchange->wire.id());
    chunk->set_data(piece.data(), piece.size());
    chunk->set_last(last);
  } else {
    v1::Response* head = AddHeadLocked(*exchange);
    head->set_body(piece.data(), piece.size());
    head->set_last(last);
    exchange->head_sent = true;
  }
  dirty_ = true;
  exchange->sent += size;
  exchange->credit -= size;
  pending_bytes_ += size;
  host_->metrics->body_bytes_out.Add(size);
  if (exchange->streaming && exchange->sent == body.size()) {
    body.clear();
    exchange->sent = 0;
    exchange->room.NotifyOne();
  }
  return last;
}

bool Link::BeginStream(Exchange* exchange) {
  Action action;
  {
    MutexLock lock(&mu_);
    if (closing_ || exchange->cancelled()) return false;
    ReleaseRequestLocked(exchange);
    exchange->sending = true;
    exchange->streaming = true;
    exchange->size_known = false;
    TakeTurnLocked(exchange);
    action = NextLocked();
  }
  Perform(action);
  return true;
}

bool Link::WriteBody(Exchange* exchange, absl::string_view bytes) {
  while (!bytes.empty()) {
    Action action;
    {
      MutexLock lock(&mu_);
      std::string& body = exchange->response.body;
      // No longer than the deadline: a client that reads slowly must not keep the thread.
      bool in_time = true;
      while (!closing_ && !exchange->cancelled() && in_time && body.size() >= kStreamBuffer) {
        in_time = exchange->room.WaitUntil(&mu_, exchange->deadline) || Now() < exchange->deadline;
      }
      if (closing_ || exchange->cancelled() || !in_time) return false;
      const size_t size = std::min(bytes.size(), kStreamBuffer - body.size());
      body.append(bytes.data(), size);
      bytes.remove_prefix(size);
      if (exchange->credit > 0) TakeTurnLocked(exchange);
      action = NextLocked();
    }
    Perform(action);
  }
  return true;
}

Exchange* Link::FindLocked(uint64_t id) {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : found->second.get();
}

void Link::ForgetLocked(Exchange* exchange) {
  if (exchange->in_turn) bodies_.Remove(exchange);
  ReleaseLocked(exchange->bytes + exchange->held);
  const auto entry = exchanges_.find(exchange->wire.id());
  std::unique_ptr<Exchange> owned = std::move(entry->second);
  exchanges_.erase(entry);
  owned->Reset();
  if (spare_.size() < kSpares) spare_.push_back(std::move(owned));
}

void Link::ForgetNewLocked(Exchange* exchange) {
  exchange->bytes = 0;  // nobody has counted them
  ForgetLocked(exchange);
}

void Link::ReleaseRequestLocked(Exchange* exchange) {
  std::string().swap(exchange->large_body);
  ReleaseLocked(std::exchange(exchange->bytes, 0));
}

void Link::ReleaseLocked(uint64_t bytes) {
  if (bytes == 0) return;
  host_->pool->ReleaseBytes(bytes);
  settle_ = true;
}

void Link::CloseLocked(absl::Status status) {
  if (closing_) return;
  closing_ = true;
  settle_ = true;
  close_status_ = std::move(status);
  std::vector<Exchange*> sending;
  std::vector<Job*> unfinished;
  for (const auto& [id, exchange] : exchanges_) {
    exchange->cancellation.Cancel();
    exchange->room.NotifyOne();
    if (exchange->sending && !exchange->streaming) {
      sending.push_back(exchange.get());
    } else {
      unfinished.push_back(exchange.get());
    }
  }
  for (Exchange* exchange : sending) ForgetLocked(exchange);
  host_->pool->Remove(this, &unfinished);
  for (Job* job : unfinished) ForgetLocked(static_cast<Exchange*>(job));
  if (start_waiters_ > 0) written_.NotifyAll();
}

Link::Action Link::NextLocked() {
  Action action;
  if (!write_in_flight_ && transport_ != nullptr) {
    if (!closing_) FillWithBodiesLocked();
    if (!closing_ && !dirty_ && draining_ && exchanges_.empty()) CloseLocked(absl::OkStatus());
    if (closing_) {
      action.transport = std::move(transport_);
      transport_ = nullptr;
      action.status = close_status_;
    } else if (dirty_) {
      const WorkerPool::Load now = host_->pool->load();
      v1::Load* load = pending_->mutable_load();
      load->set_accepted(static_cast<uint32_t>(now.accepted));
      load->set_running(static_cast<uint32_t>(now.running));
      load->set_limit(static_cast<uint32_t>(now.limit));
      std::swap(pending_, writing_);
      writing_bytes_ = pending_bytes_;
      pending_bytes_ = 0;
      dirty_ = false;
      write_in_flight_ = true;
      ++batches_begun_;
      action.transport = transport_;
      action.frames = writing_.get();
    }
  }
  action.settle = settle_;
  settle_ = false;
  return action;
}

void Link::Perform(Action action) {
  // Mostly one round; more when a write is through at once and others have gathered meanwhile.
  while (true) {
    bool written = false;
    if (action.frames != nullptr) {
      host_->metrics->batches_out.Add();
      written = action.transport->Write(*action.frames);
    } else if (action.transport != nullptr) {
      action.transport->Close(action.status);
    }
    if (action.settle) host_->pool->Settle();
    if (!written) return;
    action = AfterWrite(/*ok=*/true);
  }
}

}  // namespace anteroom::backend
