#include "backend/src/link.h"

#include <utility>

#include "backend/src/wire_check.h"
#include "common/clock.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {
namespace {

// Exchanges kept for the next requests; more than that are outstanding on a link only now and then.
constexpr size_t kSpares = 256;
// Memory of bodies that they keep: a large body comes into memory that is mapped already, and the
// allocator would give it back to the system each time.
constexpr size_t kSpareBytes = 2 * 1024 * 1024;

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
  // Not a clean end, which would say that what has not started never will: the front end may be
  // there still, when it is the message that gRPC does not take.
  if (!ok) CloseLocked(absl::UnavailableError("a write failed"));
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
    // What its bytes made possible waits along.
    if (send == Job::Send::kLater && !closing_) return;
    action = NextLocked();
  }
  Perform(action);
}

void Link::AddStartedLocked(Exchange* exchange) {
  if (exchange->start_batch != 0) return;
  v1::Started* started = pending_->add_started();
  started->set_id(exchange->wire.id());
  started->set_thread(exchange->thread);
  exchange->start_batch = batches_begun_ + 1;
  dirty_ = true;
}

bool Link::ReportStarts(const std::vector<Job*>& jobs, int thread) {
  Action action;
  uint64_t batch;
  {
    MutexLock lock(&mu_);
    if (closing_) return false;
    batch = batches_begun_ + 1;
    for (Job* job : jobs) {
      Exchange* exchange = static_cast<Exchange*>(job);
      if (!exchange->reports_start || exchange->cancelled()) continue;
      exchange->thread = static_cast<uint32_t>(thread);
      AddStartedLocked(exchange);
    }
    action = NextLocked();
  }
  Perform(action);
  MutexLock lock(&mu_);
  return !closing_ && batches_written_ >= batch;
}

bool Link::ReportStart(Exchange* exchange) {
  Action action;
  {
    MutexLock lock(&mu_);
    if (closing_ || exchange->cancelled()) return false;
    AddStartedLocked(exchange);
    ++start_waiters_;
    action = NextLocked();
  }
  Perform(action);
  MutexLock lock(&mu_);
  while (!closing_ && batches_written_ < exchange->start_batch) written_.Wait(&mu_);
  --start_waiters_;
  return !closing_;
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
  if (spare_.size() == kSpares) return;
  spare_bytes_ += owned->wire.body().capacity();
  if (spare_bytes_ > kSpareBytes) {
    spare_bytes_ -= owned->wire.body().capacity();
    std::string().swap(*owned->wire.mutable_body());
    spare_bytes_ += owned->wire.body().capacity();
  }
  spare_.push_back(std::move(owned));
}

std::unique_ptr<Exchange> Link::TakeSpareLocked() {
  if (spare_.empty()) return std::make_unique<Exchange>();
  std::unique_ptr<Exchange> exchange = std::move(spare_.back());
  spare_.pop_back();
  spare_bytes_ -= exchange->wire.body().capacity();
  return exchange;
}

void Link::ForgetNewLocked(Exchange* exchange) {
  exchange->bytes = 0;  // nobody has counted them
  ForgetLocked(exchange);
}

void Link::ReleaseRequestLocked(Exchange* exchange) {
  std::string().swap(exchange->large_body);
  if (exchange->wire.body().size() > kChunk) std::string().swap(*exchange->wire.mutable_body());
  exchange->incoming.reset();
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
    if (exchange->incoming != nullptr) exchange->incoming->changed.NotifyOne();
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
