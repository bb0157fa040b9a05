// The front end's half of reject and grant: which request goes to which backend, and when.
//
// One dispatcher serves one pool on one loop; to the backends each is a front end of its own. It
// holds the queue and what is known of each backend's load, and decides; it sends nothing itself.
// Pure: no sockets, no clock, no gRPC. A test can join hundreds of these with hundreds of backend
// admissions in simulated time.
//
// The rules (docs/ARCHITECTURE.md, "Dispatch"):
//   1. A request goes to the backend with the least known load: what this loop has there plus what
//   that backend's last
//      word said of others. Ties are broken at random.
//   2. A backend that refuses remembers that this loop waits. The request goes back to the queue,
//   by age, and the
//      backend is left alone until it grants.
//   3. A grant is answered with the oldest request or declined, at once. While more wait, `want`
//   rides along.
//
// Threading: loop thread only. Ownership: tickets belong to the caller and stay put while the
// dispatcher has them.
#ifndef ANTEROOM_FRONTEND_DISPATCH_DISPATCHER_H_
#define ANTEROOM_FRONTEND_DISPATCH_DISPATCHER_H_

#include <cstdint>
#include <random>
#include <vector>

#include "common/clock.h"

namespace anteroom::frontend {

// One request's place in the dispatcher.
struct Ticket {
  Time enqueued;  // when it first asked for a place; kept over refusals and redos, so age is never
                  // lost

 private:
  friend class Dispatcher;
  friend class TicketQueue;
  Ticket* prev_ = nullptr;
  Ticket* next_ = nullptr;
  bool queued_ = false;

 public:
  bool queued() const { return queued_; }
};

// Tickets by age, oldest first. Insertion walks from whichever end is near: new requests are the
// youngest and come back-first, refused and redone ones are among the oldest.
class TicketQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  size_t size() const { return size_; }
  Ticket* front() const { return head_; }
  void InsertNew(Ticket* ticket);   // walks from the young end
  void InsertBack(Ticket* ticket);  // a ticket that was here before: walks from the old end
  void Remove(Ticket* ticket);

 private:
  void InsertBefore(Ticket* ticket, Ticket* position);

  Ticket* head_ = nullptr;
  Ticket* tail_ = nullptr;
  size_t size_ = 0;
};

class Dispatcher {
 public:
  using BackendId = uint32_t;

  // Where decisions go. Called from inside the methods below; must not call back into the
  // dispatcher.
  class Transport {
   public:
    virtual void Send(BackendId backend, Ticket* ticket) = 0;
    virtual void Decline(BackendId backend, uint32_t places) = 0;
    virtual void Want(BackendId backend, Duration oldest_wait) = 0;

   protected:
    ~Transport() = default;
  };

  // `transport` must outlive the dispatcher. `seed` breaks ties.
  Dispatcher(Transport* transport, uint64_t seed);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // --- Backends. Ids are small, dense and may be used again after Down.
  void BackendUp(BackendId id, uint32_t limit);
  // The caller hands whatever was outstanding there to Requeue() or fails it. Idempotent.
  void BackendDown(BackendId id);
  // Sends nothing more there; what is there comes back as done or returned.
  void BackendDraining(BackendId id);

  // --- Requests.
  void Submit(Ticket* ticket, Time now);
  // Puts a request back that was sent and certainly did not run, or may run again: by age, not at
  // the end.
  void Requeue(Ticket* ticket);
  // Takes a waiting request out. A sent one is the transport's to cancel; it counts until Done.
  void Remove(Ticket* ticket);

  // --- What backends say.
  void OnDone(BackendId id);  // an answer, or an end without one
  void OnRefused(BackendId id, Ticket* ticket);
  void OnReturned(BackendId id, Ticket* ticket);
  void OnGrants(BackendId id, uint32_t places, Time now);
  void OnLoad(BackendId id, uint32_t accepted, uint32_t limit);

  // Sends what can be sent. The methods above that free or add places leave it to the caller, so
  // that a batch of frames is taken in whole before the next decisions are made.
  void Pump(Time now);

  size_t waiting() const { return queue_.size(); }
  const Ticket* oldest() const { return queue_.front(); }
  uint32_t outstanding(BackendId id) const {
    return id < backends_.size() ? backends_[id].sent : 0;
  }
  uint32_t backends_up() const { return up_; }

 private:
  struct Backend {
    bool up = false;
    bool draining = false;
    bool full = false;    // refused us: silent until it grants
    uint32_t sent = 0;    // outstanding from here
    uint32_t others = 0;  // other loops' share, from its last word
    uint32_t limit = 0;
    bool open() const { return up && !draining && !full && sent < limit; }
  };

  Backend* Find(BackendId id);
  BackendId LeastLoaded();  // kNone when no backend is open
  void SendFront(BackendId id);

  static constexpr BackendId kNone = ~BackendId{0};

  Transport* const transport_;
  std::minstd_rand random_;
  TicketQueue queue_;
  std::vector<Backend> backends_;
  uint32_t up_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_DISPATCHER_H_
