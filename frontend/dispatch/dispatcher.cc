#include "frontend/dispatch/dispatcher.h"

#include <algorithm>
#include <cassert>

namespace anteroom::frontend {

// --- TicketQueue

void TicketQueue::InsertNew(Ticket* ticket) {
  Ticket* position = tail_;
  while (position != nullptr && position->enqueued > ticket->enqueued) position = position->prev_;
  InsertBefore(ticket, position == nullptr ? head_ : position->next_);
}

void TicketQueue::InsertBack(Ticket* ticket) {
  Ticket* position = head_;
  while (position != nullptr && position->enqueued <= ticket->enqueued) position = position->next_;
  InsertBefore(ticket, position);
}

void TicketQueue::InsertBefore(Ticket* ticket, Ticket* position) {
  assert(!ticket->queued_);
  ticket->next_ = position;
  ticket->prev_ = position == nullptr ? tail_ : position->prev_;
  (ticket->prev_ == nullptr ? head_ : ticket->prev_->next_) = ticket;
  (position == nullptr ? tail_ : position->prev_) = ticket;
  ticket->queued_ = true;
  ++size_;
}

void TicketQueue::Remove(Ticket* ticket) {
  assert(ticket->queued_);
  (ticket->prev_ == nullptr ? head_ : ticket->prev_->next_) = ticket->next_;
  (ticket->next_ == nullptr ? tail_ : ticket->next_->prev_) = ticket->prev_;
  ticket->prev_ = ticket->next_ = nullptr;
  ticket->queued_ = false;
  --size_;
}

// --- Dispatcher

Dispatcher::Dispatcher(Transport* transport, uint64_t seed)
    : transport_(transport), random_(static_cast<uint32_t>(seed ^ (seed >> 32))) {}

Dispatcher::Backend* Dispatcher::Find(BackendId id) {
  if (id >= backends_.size() || !backends_[id].up) return nullptr;
  return &backends_[id];
}

void Dispatcher::BackendUp(BackendId id, uint32_t limit) {
  if (id >= backends_.size()) backends_.resize(id + 1);
  if (!backends_[id].up) ++up_;
  backends_[id] = Backend{};
  backends_[id].up = true;
  backends_[id].limit = limit;
}

void Dispatcher::BackendDown(BackendId id) {
  Backend* backend = Find(id);
  if (backend == nullptr) return;
  *backend = Backend{};
  --up_;
}

void Dispatcher::BackendDraining(BackendId id) {
  if (Backend* backend = Find(id)) backend->draining = true;
}

void Dispatcher::Submit(Ticket* ticket, Time now) {
  ticket->enqueued = now;
  queue_.InsertNew(ticket);
}

void Dispatcher::Requeue(Ticket* ticket) { queue_.InsertBack(ticket); }

void Dispatcher::Remove(Ticket* ticket) { queue_.Remove(ticket); }

void Dispatcher::OnDone(BackendId id) {
  Backend* backend = Find(id);
  if (backend != nullptr && backend->sent > 0) --backend->sent;
}

void Dispatcher::OnRefused(BackendId id, Ticket* ticket) {
  if (Backend* backend = Find(id)) {
    if (backend->sent > 0) --backend->sent;
    backend->full = true;
  }
  Requeue(ticket);
}

void Dispatcher::OnReturned(BackendId id, Ticket* ticket) {
  // Unlike a refusal this does not mean that the backend has noted that we wait. If it is the least
  // loaded all the same, the next request that goes there is refused, and then it has.
  OnDone(id);
  Requeue(ticket);
}

void Dispatcher::OnGrants(BackendId id, uint32_t places, Time now) {
  Backend* backend = Find(id);
  if (backend == nullptr) return;
  backend->full = false;
  if (backend->draining) {
    transport_->Decline(id, places);
    return;
  }
  while (places > 0 && !queue_.empty()) {
    SendFront(id);
    --places;
  }
  if (places > 0) {
    transport_->Decline(id, places);
  } else if (!queue_.empty()) {
    transport_->Want(id, now - queue_.front()->enqueued);
  }
}

void Dispatcher::OnLoad(BackendId id, uint32_t accepted, uint32_t limit) {
  Backend* backend = Find(id);
  if (backend == nullptr) return;
  backend->others = accepted > backend->sent ? accepted - backend->sent : 0;
  backend->limit = limit;
}

void Dispatcher::Pump(Time /*now*/) {
  while (!queue_.empty()) {
    const BackendId id = LeastLoaded();
    if (id == kNone) return;
    SendFront(id);
  }
}

void Dispatcher::SendFront(BackendId id) {
  Ticket* ticket = queue_.front();
  queue_.Remove(ticket);
  ++backends_[id].sent;
  transport_->Send(id, ticket);
}

Dispatcher::BackendId Dispatcher::LeastLoaded() {
  BackendId best = kNone;
  uint32_t best_load = 0;
  uint32_t ties = 0;
  for (BackendId id = 0; id < backends_.size(); ++id) {
    const Backend& backend = backends_[id];
    if (!backend.open()) continue;
    const uint32_t load = backend.sent + backend.others;
    if (best == kNone || load < best_load) {
      best = id;
      best_load = load;
      ties = 1;
    } else if (load == best_load && random_() % ++ties == 0) {
      best = id;
    }
  }
  return best;
}

}  // namespace anteroom::frontend
