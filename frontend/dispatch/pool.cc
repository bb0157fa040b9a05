#include "frontend/dispatch/pool.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/net/loop.h"

namespace anteroom::frontend {
Pool::Pool(Loop* loop, CompletionSource* source, const PoolConfig* config,
           const LinkOptions* link_options, PoolShared* shared, PoolMetrics* metrics,
           int* streams_alive)
    : loop_(loop),
      source_(source),
      config_(config),
      link_options_(link_options),
      shared_(shared),
      metrics_(metrics),
      streams_alive_(streams_alive),
      dispatcher_(this, std::random_device{}()) {}

Pool::~Pool() { *alive_ = false; }

// --- Backends

void Pool::SetBackends(const std::vector<SocketAddress>& addresses) {
  for (const std::unique_ptr<Link>& link : links_) {
    if (link && !link->retired() &&
        std::find(addresses.begin(), addresses.end(), link->address()) == addresses.end()) {
      dispatcher_.BackendDraining(link->id());
      link->Retire();
    }
  }
  for (const SocketAddress& address : addresses) {
    const bool known =
        std::any_of(links_.begin(), links_.end(), [&](const std::unique_ptr<Link>& link) {
          return link && !link->retiring() && link->address() == address;
        });
    if (known) continue;
    auto place = std::find(links_.begin(), links_.end(), nullptr);
    if (place == links_.end()) place = links_.emplace(links_.end());
    const auto id = static_cast<uint32_t>(place - links_.begin());
    *place = std::make_unique<Link>(loop_, source_, static_cast<Link::Owner*>(this), id, address,
                                    link_options_, &metrics_->links, streams_alive_);
    (*place)->Start();
  }
  RemoveRetired();
}

void Pool::RemoveRetired() {
  // Off the stack: a link may be the caller.
  loop_->Defer([this, alive = alive_] {
    if (!*alive) return;
    for (std::unique_ptr<Link>& link : links_) {
      if (link && link->retired()) link.reset();
    }
  });
}

void Pool::OnLinkUp(Link* link, uint32_t limit) {
  metrics_->links_up.Add(1);
  dispatcher_.BackendUp(link->id(), limit);
}

void Pool::OnLinkDraining(Link* link) { dispatcher_.BackendDraining(link->id()); }

void Pool::OnLinkDown(Link* link, const std::vector<Exchange*>& exchanges, absl::string_view reason,
                      bool clean) {
  metrics_->links_up.Add(-1);
  metrics_->in_flight.Add(-static_cast<int64_t>(exchanges.size()));
  dispatcher_.BackendDown(link->id());
  std::vector<Exchange*> failed;
  for (Exchange* exchange : exchanges) {
    if (!exchange->encoded || (clean && exchange->state == ExchangeState::kSent)) {
      --exchange->attempt;
      Requeue(exchange);
      continue;
    }
    const bool again = exchange->state != ExchangeState::kAnswering && MayRunAgain(*exchange) &&
                       ++exchange->broken < kMaxBroken;
    if (again) {
      metrics_->redone.Add();
      Requeue(exchange);
    } else {
      failed.push_back(exchange);
    }
  }
  // The clients hear last: what they do next (another request, for one) must find the pool in
  // order.
  for (Exchange* exchange : failed) {
    const char* progress = exchange->state == ExchangeState::kSent ? "not known to have started"
                           : exchange->state == ExchangeState::kStarted ? "started"
                                                                        : "answering";
    Done(exchange);
    exchange->client->OnFailure(Outcome::kBackendLost, absl::StrCat(reason, "; ", progress));
  }
  if (link->retired()) RemoveRetired();
  dispatcher_.Pump(loop_->now());
}

// --- Requests

std::optional<Outcome> Pool::Submit(Exchange* exchange) {
  const Time now = loop_->now();
  dispatcher_.Submit(exchange, now);
  exchange->admitted = false;
  exchange->state = ExchangeState::kWaiting;
  exchange->waiting_since = now;
  dispatcher_.Pump(now);
  if (!exchange->queued()) return std::nullopt;
  // Most requests are gone by now. Only those that stay take room in the queue, which all loops
  // share.
  EnterQueue(exchange);
  if (!Admit(exchange)) return Outcome::kQueueFull;
  return std::nullopt;
}

bool Pool::Admit(Exchange* exchange) {
  exchange->admitted =
      exchange->admitted ||
      (shared_->waiting.load(std::memory_order_relaxed) <= config_->queue.requests &&
       shared_->waiting_bytes.load(std::memory_order_relaxed) <= config_->queue.bytes);
  if (exchange->admitted) return true;
  LeaveQueue(exchange);
  dispatcher_.Remove(exchange);
  exchange->state = ExchangeState::kIdle;
  metrics_->queue_full.Add();
  return false;
}

void Pool::EnterQueue(Exchange* exchange) {
  exchange->takes_queue_room = true;
  shared_->waiting.fetch_add(1, std::memory_order_relaxed);
  shared_->waiting_bytes.fetch_add(exchange->memory, std::memory_order_relaxed);
  metrics_->waiting.Add(1);
}

void Pool::LeaveQueue(Exchange* exchange) {
  if (!exchange->takes_queue_room) return;
  exchange->takes_queue_room = false;
  shared_->waiting.fetch_sub(1, std::memory_order_relaxed);
  shared_->waiting_bytes.fetch_sub(exchange->memory, std::memory_order_relaxed);
  metrics_->waiting.Add(-1);
}

void Pool::Requeue(Exchange* exchange) {
  exchange->state = ExchangeState::kWaiting;
  exchange->waiting_since = loop_->now();
  dispatcher_.Requeue(exchange);
  EnterQueue(exchange);
  exchange->admitted = true;
  exchange->client->OnQueuedAgain();
}

void Pool::Cancel(Exchange* exchange) {
  if (exchange->state == ExchangeState::kIdle) return;
  if (exchange->queued()) {
    dispatcher_.Remove(exchange);
    LeaveQueue(exchange);
  } else if (Link* link = exchange->link) {
    link->Cancel(exchange);
    LeaveBackend(link, exchange);
  }
  exchange->state = ExchangeState::kIdle;
  dispatcher_.Pump(loop_->now());
}

void Pool::OnBodyReadable(Exchange* exchange) {
  if (exchange->link != nullptr) exchange->link->OnBodyReadable(exchange);
}

void Pool::Consumed(Exchange* exchange, uint64_t bytes) {
  if (exchange->link != nullptr) exchange->link->AddCredit(exchange, bytes);
}

int Pool::RetryAfterSeconds() const {
  // Both of this loop; the others have theirs.
  return drain_rate_.SecondsFor(dispatcher_.waiting(), loop_->now());
}

void Pool::LeaveBackend(Link* link, Exchange* exchange) {
  metrics_->in_flight.Add(-1);
  LeavePlace(link, exchange);
}

void Pool::LeavePlace(Link* link, Exchange* exchange) {
  if (std::exchange(exchange->takes_place, false)) dispatcher_.OnDone(link->id());
}

void Pool::Done(Exchange* exchange) {
  exchange->state = ExchangeState::kIdle;
  metrics_->duration.Observe(loop_->now() - exchange->enqueued);
}

// --- What the dispatcher decides

void Pool::Send(Dispatcher::BackendId backend, Ticket* ticket) {
  auto* exchange = static_cast<Exchange*>(ticket);
  LeaveQueue(exchange);
  metrics_->in_flight.Add(1);
  exchange->state = ExchangeState::kSent;
  exchange->takes_place = true;
  links_[backend]->Send(exchange);
}

void Pool::Decline(Dispatcher::BackendId backend, uint32_t places) {
  links_[backend]->Decline(places);
}

void Pool::Want(Dispatcher::BackendId backend, Duration oldest_wait) {
  links_[backend]->Want(oldest_wait);
}

// --- What the links say

void Pool::OnRefused(Link* link, Exchange* exchange) {
  dispatcher_.OnRefused(link->id(), exchange);
  BackFromBackend(exchange);
  // Submit() did not ask whether there is room when it could send the request at once.
  if (!Admit(exchange)) return exchange->client->OnFailure(Outcome::kQueueFull, "");
  exchange->client->OnQueuedAgain();
}

void Pool::OnReturned(Link* link, Exchange* exchange) {
  dispatcher_.OnReturned(link->id(), exchange);
  BackFromBackend(exchange);
  exchange->admitted = true;
  exchange->client->OnQueuedAgain();
}

// It has not run: that was no attempt.
void Pool::BackFromBackend(Exchange* exchange) {
  metrics_->in_flight.Add(-1);
  exchange->state = ExchangeState::kWaiting;
  --exchange->attempt;
  EnterQueue(exchange);
}

void Pool::OnAborted(Link* link, Exchange* exchange, absl::string_view reason) {
  LeaveBackend(link, exchange);
  Done(exchange);
  exchange->client->OnFailure(Outcome::kBackendInvalid, reason);
}

void Pool::OnResponse(Link* link, Exchange* exchange, v1::Response* response) {
  // Only now it is certain that the last sending counts: it might have been refused.
  metrics_->wait.Observe(exchange->sent_at - exchange->enqueued);
  if (response->last()) {
    LeaveBackend(link, exchange);
    drain_rate_.OnAnswer(loop_->now());
    Done(exchange);
  } else if (response->size_known()) {
    LeavePlace(link,
               exchange);  // made whole, so its thread is free; the rest only has to be fetched
  }
  exchange->client->OnResponse(response);
}

void Pool::OnBody(Link* link, Exchange* exchange, absl::string_view data, bool last) {
  if (last) {
    LeaveBackend(link, exchange);
    drain_rate_.OnAnswer(loop_->now());
    Done(exchange);
  }
  exchange->client->OnBody(data, last);
}

void Pool::OnGrants(Link* link, uint32_t places) {
  dispatcher_.OnGrants(link->id(), places, loop_->now());
}

void Pool::OnLoad(Link* link, const v1::Load& load) {
  dispatcher_.OnLoad(link->id(), load.accepted(), load.limit());
}

void Pool::OnBatchEnd(Link* /*link*/) { dispatcher_.Pump(loop_->now()); }

}  // namespace anteroom::frontend
