#include "frontend/dispatch/link.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/version.h"
#include "frontend/net/socket.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr size_t kLoggedText = 128;  // what a backend says of itself, in every line about it

}  // namespace

Link::Link(Loop* loop, CompletionSource* source, Owner* owner, uint32_t id, SocketAddress address,
           const LinkOptions* options, LinkCounters* counters, int* streams_alive)
    : loop_(loop),
      source_(source),
      owner_(owner),
      id_(id),
      address_(std::move(address)),
      options_(options),
      counters_(counters),
      streams_alive_(streams_alive),
      timer_(loop, this),
      held_batch_(loop, this, options->longest_hold) {}

Link::~Link() {
  loop_->WithdrawTurnEnd(this);
  if (stream_ != nullptr) stream_->Close();
}

// --- From nothing to up

void Link::Start() { Connect(); }

void Link::Connect() {
  counters_->connects.Add();
  state_ = State::kConnecting;
  absl::StatusOr<UniqueFd> socket = StartConnect(address_);
  if (!socket.ok()) return Down(socket.status().message());
  connecting_ = *std::move(socket);
  connect_watch_ =
      std::make_unique<FdWatch>(loop_, connecting_.get(), static_cast<FdHandler*>(this));
  connect_watch_->WatchWrite(true);
  timer_.SetAfter(options_->config.connect_timeout);
}

void Link::OnWritable() {
  const int error = ConnectError(connecting_.get());
  connect_watch_.reset();
  if (error != 0) {
    connecting_.Reset();
    return Down(strerror(error));
  }
  state_ = State::kGreeting;
  stream_ = LinkStream::Open(loop_, source_, std::move(connecting_), this, streams_alive_);
}

void Link::OnWritten() {
  if (state_ == State::kGreeting && !greeted_) {
    greeted_ = true;
    v1::FrontendHello* hello = out_.frames()->mutable_hello();
    hello->set_protocol(kProtocol);
    hello->set_frontend(options_->frontend_name);
    hello->set_version(kVersion);
    stream_->Write(out_);
    out_.Clear();
    return;
  }
  if (state_ == State::kUp && !NothingToSend()) WantFlush();
}

absl::string_view Link::HandleHello(const v1::BackendFrames& batch) {
  if (!batch.has_hello()) return "its first batch has no hello";
  const v1::BackendHello& hello = batch.hello();
  if (hello.protocol() != kProtocol) return "it speaks another protocol version";
  if (hello.threads() == 0) return "it says that it has no threads";
  backend_ = std::make_shared<const std::string>(hello.backend().substr(0, kLoggedText));
  request_window_ = hello.request_window();
  threads_ = hello.threads();
  state_ = State::kUp;
  up_since_ = loop_->now();
  timer_.Clear();
  spdlog::info("link up backend={} address={} threads={}", *backend_, address_.ToString(),
               hello.threads());
  owner_->OnLinkUp(this, hello.threads());
  return {};
}

// --- From up to nothing

void Link::Down(absl::string_view reason, bool clean) {
  const bool was_up = state_ == State::kUp;
  timer_.Clear();
  connect_watch_.reset();
  connecting_.Reset();
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Close();
  greeted_ = false;
  greeted_by_backend_ = false;
  held_batch_.End();
  pinged_at_.reset();
  ping_due_ = false;
  out_.Clear();
  outbox_.clear();
  with_body_.clear();
  cancels_.clear();
  credits_.clear();
  declined_ = 0;
  want_.reset();

  std::vector<Exchange*> exchanges;
  exchanges.reserve(exchanges_.size());
  for (const auto& [id, exchange] : exchanges_) exchanges.push_back(exchange);
  exchanges_.clear();
  answering_ = 0;
  std::sort(exchanges.begin(), exchanges.end(),
            [](const Exchange* a, const Exchange* b) { return a->id < b->id; });
  for (Exchange* exchange : exchanges) {
    exchange->link = nullptr;
    exchange->fetching = false;
  }

  if (retiring_) {
    state_ = State::kRetired;
  } else {
    // Half of the pause is random, so that the loops of many front ends do not return to a backend
    // all at once.
    const LinksConfig& config = options_->config;
    // A link that has held for a while begins anew; not one to a backend that drains, which takes
    // links and ends them at once.
    if (was_up && loop_->now() - up_since_ >= config.backoff_max) backoff_ = Duration::zero();
    backoff_ = backoff_ == Duration::zero() ? config.backoff_min
                                            : std::min(2 * backoff_, config.backoff_max);
    state_ = State::kWaiting;
    timer_.SetDeadline(
        loop_->now() + backoff_ / 2 +
        Duration(static_cast<int64_t>(random_() % 1024) * (backoff_.count() / 2) / 1024));
  }
  const std::string why(reason);
  if (was_up) {
    if (!retiring_) counters_->lost.Add();
    spdlog::log(retiring_ ? spdlog::level::info : spdlog::level::warn,
                "link down backend={} address={} in_flight={} reason={}", *backend_,
                address_.ToString(), exchanges.size(), why);
    owner_->OnLinkDown(this, exchanges, why, clean);
  } else {
    counters_->connect_failures.Add();
    spdlog::debug("no link address={} reason={}", address_.ToString(), why);
  }
}

void Link::Retire() {
  retiring_ = true;
  if (state_ != State::kUp) return Down("retired");
  if (!exchanges_.empty()) return;
  // Off the stack of whoever called: Down() tells the owner.
  timer_.SetAfter(Duration::zero());
}

void Link::OnTimer() {
  switch (state_) {
    case State::kConnecting:
    case State::kGreeting:
      return Down("connect time-out");
    case State::kWaiting:
      return Connect();
    case State::kUp:
      if (retiring_ && exchanges_.empty()) return Down("retired");
      return WatchSilence();
    case State::kIdle:
    case State::kRetired:
      return;
  }
}

void Link::WatchSilence() {
  if (exchanges_.empty()) return;
  timer_.SetAfter(options_->harvest_after);
  const Duration silence = loop_->now() - last_heard_;
  if (silence < options_->harvest_after) return;
  if (const Time heard_before = last_heard_; stream_->Harvest() > 0) {
    if (last_heard_ != heard_before) counters_->silent_harvests.Add();
    return;
  }
  if (pinged_at_) {
    if (loop_->now() - *pinged_at_ >= options_->ping_timeout) Down("it does not answer pings");
  } else if (silence >= options_->ping_after) {
    pinged_at_ = loop_->now();
    ++ping_number_;
    ping_due_ = true;
    WantFlush();
  }
}

// --- What is to go out; link_encode.cc makes messages of it

void Link::Send(Exchange* exchange) {
  exchange->id = next_id_++;
  exchange->link = this;
  exchange->encoded = false;
  exchange->fetching = false;
  exchange->body_sent = 0;
  exchange->backend = backend_;
  exchange->sent_at = loop_->now();
  ++exchange->attempt;
  exchanges_.emplace(exchange->id, exchange);
  outbox_.push_back(exchange);
  counters_->sent.Add();
  if (!timer_.pending()) {
    last_heard_ = loop_->now();
    timer_.SetAfter(options_->harvest_after);
  }
  WantFlush();
}

void Link::Cancel(Exchange* exchange) {
  if (exchange->encoded) {
    cancels_.push_back(exchange->id);
    WantFlush();
  }
  Forget(exchange);
}

void Link::Forget(Exchange* exchange) {
  exchanges_.erase(exchange->id);
  if (exchange->state == ExchangeState::kAnswering) --answering_;
  exchange->link = nullptr;
  if (!exchange->encoded) std::erase(outbox_, exchange);
  if (exchange->body_sent < exchange->body->size()) std::erase(with_body_, exchange);
  exchange->fetching = false;
  if (retiring_ && exchanges_.empty()) timer_.SetAfter(Duration::zero());
}

void Link::OnBodyReadable(Exchange* exchange) {
  if (!std::exchange(exchange->fetching, false)) return;
  with_body_.push_back(exchange);
  WantFlush();
}

void Link::AddCredit(Exchange* exchange, uint64_t bytes) {
  exchange->response_credit += bytes;
  credits_.emplace_back(exchange->id, bytes);
  WantFlush();
}

void Link::Decline(uint32_t places) {
  counters_->declined.Add(places);
  declined_ += places;
  WantFlush();
}

void Link::Want(Duration oldest_wait) {
  want_ = oldest_wait;
  WantFlush();
}

// --- In

size_t Link::OnBatch(v1::BackendFrames* batch) {
  counters_->batches_in.Add();
  batch_bytes_ = 0;
  last_heard_ = loop_->now();
  pinged_at_.reset();
  const absl::string_view breach =
      state_ == State::kGreeting ? HandleHello(*batch) : absl::string_view();
  const absl::string_view rule = breach.empty() ? HandleFrames(batch) : breach;
  if (!rule.empty()) {
    counters_->breaches.Add();
    Down(absl::StrCat("protocol breach: ", rule));
    return batch_bytes_;
  }
  owner_->OnBatchEnd(this);
  if (!outbox_.empty()) {
    heard_in_turn_ = true;
    WantFlush();
  }
  return batch_bytes_;
}

absl::string_view Link::HandleFrames(v1::BackendFrames* batch) {
  bool breach = false;
  if (greeted_by_backend_ && batch->has_hello()) return "a second hello";
  greeted_by_backend_ = true;
  for (const v1::Started& started : batch->started()) {
    Exchange* exchange = Find(started.id(), &breach);
    if (breach) return "started names a request that was never sent";
    if (exchange == nullptr) continue;
    if (exchange->state != ExchangeState::kSent) return "started comes twice or too late";
    exchange->state = ExchangeState::kStarted;
    exchange->thread = started.thread();
  }
  for (v1::Response& response : *batch->mutable_responses()) {
    if (const absl::string_view rule = HandleResponse(&response); !rule.empty()) return rule;
  }
  for (const v1::BodyChunk& chunk : batch->body()) {
    if (const absl::string_view rule = HandleBody(chunk); !rule.empty()) return rule;
  }
  for (const v1::Abort& abort : batch->aborts()) {
    Exchange* exchange = Find(abort.id(), &breach);
    if (breach) return "abort names a request that was never sent";
    if (exchange == nullptr) continue;
    Forget(exchange);
    owner_->OnAborted(this, exchange, absl::string_view(abort.reason()).substr(0, kLoggedText));
  }
  for (const v1::Refused& refused : batch->refused()) {
    Exchange* exchange = Find(refused.id(), &breach);
    if (breach) return "refused names a request that was never sent";
    if (exchange == nullptr) continue;
    if (exchange->state != ExchangeState::kSent) return "a request is refused that had begun";
    counters_->refused.Add();
    Forget(exchange);
    owner_->OnRefused(this, exchange);
  }
  for (const v1::Returned& returned : batch->returned()) {
    Exchange* exchange = Find(returned.id(), &breach);
    if (breach) return "returned names a request that was never sent";
    if (exchange == nullptr) continue;
    if (exchange->state != ExchangeState::kSent) return "a request is returned that had begun";
    counters_->returned.Add();
    Forget(exchange);
    owner_->OnReturned(this, exchange);
  }
  for (const v1::WindowUpdate& update : batch->windows()) {
    Exchange* exchange = Find(update.id(), &breach);
    if (breach) return "credit names a request that was never sent";
    if (exchange == nullptr || exchange->body_sent == exchange->body->size()) continue;
    const bool was_stuck = exchange->request_credit == 0;
    const uint64_t useful = exchange->body->size() - exchange->body_sent;
    exchange->request_credit =
        std::min(useful, exchange->request_credit + std::min(useful, update.bytes()));
    if (was_stuck && exchange->request_credit > 0) {
      with_body_.push_back(exchange);
      WantFlush();
    }
  }
  if (batch->has_load()) {
    if (batch->load().limit() == 0) return "its load has no limit";
    owner_->OnLoad(this, batch->load());
  }
  if (batch->draining()) owner_->OnLinkDraining(this);
  if (batch->grants() > 0) {
    counters_->grants.Add(batch->grants());
    owner_->OnGrants(this, batch->grants());
  }
  return {};
}

absl::string_view Link::HandleResponse(v1::Response* response) {
  bool breach = false;
  Exchange* exchange = Find(response->id(), &breach);
  if (breach) return "a response names a request that was never sent";
  if (exchange == nullptr) return {};
  if (exchange->state != ExchangeState::kSent && exchange->state != ExchangeState::kStarted) {
    return "a request is answered twice";
  }
  const uint64_t size = response->body().size();
  batch_bytes_ += size;
  if (size > exchange->response_credit) return "a response goes beyond its window";
  exchange->response_credit -= size;
  // What answers a HEAD announces a body that does not come (RFC 9110, section 9.3.2).
  if (response->size_known() && exchange->head->method() != "HEAD") {
    if (size > response->body_size() || (response->last() && size < response->body_size())) {
      RejectAnswer(exchange);
      return {};
    }
    exchange->response_left = response->body_size() - size;
  }
  exchange->state = ExchangeState::kAnswering;
  ++answering_;
  exchange->answered_at = loop_->now();
  exchange->thread = response->thread();
  exchange->queued_us = response->queued_us();
  exchange->run_us = response->run_us();
  ObserveRoundTrip(*exchange);
  if (response->last()) Forget(exchange);
  owner_->OnResponse(this, exchange, response);
  return {};
}

void Link::RejectAnswer(Exchange* exchange) {
  Cancel(exchange);
  owner_->OnAborted(this, exchange, "its body is not as long as announced");
}

void Link::ObserveRoundTrip(const Exchange& exchange) {
  const Duration there =
      std::chrono::microseconds(exchange.queued_us) + std::chrono::microseconds(exchange.run_us);
  const Duration sample = std::max(Duration::zero(), loop_->now() - exchange.sent_at - there);
  round_trip_ = round_trip_ == Duration::zero() ? sample : round_trip_ + (sample - round_trip_) / 8;
}

absl::string_view Link::HandleBody(const v1::BodyChunk& chunk) {
  bool breach = false;
  Exchange* exchange = Find(chunk.id(), &breach);
  if (breach) return "a chunk names a request that was never sent";
  if (exchange == nullptr) return {};
  if (exchange->state != ExchangeState::kAnswering) return "a body comes before its head";
  const uint64_t size = chunk.data().size();
  batch_bytes_ += size;
  if (size > exchange->response_credit) return "a response goes beyond its window";
  exchange->response_credit -= size;
  if (exchange->response_left) {
    if (size > *exchange->response_left || (chunk.last() && size < *exchange->response_left)) {
      RejectAnswer(exchange);
      return {};
    }
    *exchange->response_left -= size;
  }
  if (chunk.last()) Forget(exchange);
  owner_->OnBody(this, exchange, chunk.data(), chunk.last());
  return {};
}

Exchange* Link::Find(uint64_t id, bool* breach) {
  const auto it = exchanges_.find(id);
  if (it != exchanges_.end()) {
    // Not encoded yet: the backend cannot know it.
    *breach = !it->second->encoded;
    return it->second;
  }
  *breach = id == 0 || id >= next_id_;
  if (!*breach) counters_->late_replies.Add();
  return nullptr;
}

}  // namespace anteroom::frontend
