// The backend's half of "reject and grant": who may send a request, who has to wait, and who is
// next.
#ifndef ANTEROOM_BACKEND_SRC_ADMISSION_H_
#define ANTEROOM_BACKEND_SRC_ADMISSION_H_

#include <cstdint>
#include <list>
#include <optional>

#include "absl/container/btree_set.h"
#include "absl/container/inlined_vector.h"
#include "common/clock.h"

namespace anteroom::backend {

// Pure: no clock, no threads, no lock; whoever owns it serialises the calls. Every call costs O(1)
// or O(log links).
//
// A *place* is the right to have one request here, running or waiting for a thread. There are
// limit() places: one for each thread and some for requests that wait here while answers and new
// requests are on their way
// (*prefetch*). A request is accepted when accepted + reserved < limit, or when its link holds a
// reservation; otherwise it is refused and its link waits. A place that frees is reserved for the
// link that has waited longest and that link is told (*granted*).
//
// Invariant: after NextGrant() has returned null, either nobody waits or there is no place to give.
// Invariant: reserved() is the number of reservations over all links.
class Admission {
 public:
  struct Options {
    int threads = 1;
    // A request body counts while it is here, a response body while it can't be sent. Nothing is
    // accepted while their sum would go beyond this; one body alone always fits.
    uint64_t max_bytes = uint64_t{1} << 31;
  };

  // How long a granted place stays empty before it is given to somebody else. A living front end
  // answers within a round trip, so this only ends what a front end that hangs would keep; long
  // enough for a stop of the machine's scheduler, short enough that a place isn't missed for more
  // than a moment.
  static constexpr Duration kReservation = std::chrono::seconds(1);
  // Never prefetch more than this, whatever the moving averages say.
  static constexpr int kMaxPrefetchPerThread = 64;
  static constexpr int kMaxPrefetch = 1024;
  // Requests that wait behind threads that don't get done are given back after this, or four round
  // trips when those are longer. Shorter would give back what a busy machine is about to start.
  static constexpr Duration kMinPatience = std::chrono::milliseconds(5);

  struct Reservation;
  // What is known of one front end. Owned by the caller; Remove() it before it goes. Not movable
  // while it is added.
  class Link {
   public:
    bool waiting() const { return waiting_; }
    int reserved() const { return static_cast<int>(reservations_.size()); }

   private:
    friend class Admission;
    bool added_ = false;
    bool waiting_ = false;
    uint64_t serial_ = 0;  // tells equal arrival times apart, in the order of joining
    Time since_;           // valid while waiting
    absl::InlinedVector<std::list<Reservation>::iterator, 2> reservations_;  // oldest first
  };
  struct Reservation {
    Link* link;
    Time granted;
  };

  explicit Admission(const Options& options) : options_(options) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  void Add(Link* link);
  // The link is gone: its reservations are free and it waits no longer. What it had accepted here
  // is Drop()ped or Finish()ed by the caller, one by one, before or after. What it still asks for
  // is refused.
  void Remove(Link* link);

  // A request arrives that has waited that long in its front end. True: it has a place, until
  // Finish() or Drop(). False: refused, and the link waits. `bytes` is what its body takes until
  // ReleaseBytes().
  bool Admit(Link* link, Duration waited, uint64_t bytes, Time now);
  // The front end has requests waiting; the oldest for that long.
  void Want(Link* link, Duration oldest_wait, Time now);
  // The front end doesn't need that many of its granted places. Returns how many of these it did
  // have.
  int Decline(Link* link, uint32_t places);

  // A handler has ended after that time; its place is free.
  void Finish(Duration service);
  // An accepted request leaves without having run (cancelled, given back, its link gone); its place
  // is free.
  void Drop();

  // What a front end measures as the time from sending a request to its answer, without the time
  // that the request was here. Zero: it does not know yet.
  void ObserveRoundTrip(Duration reported);

  // Bytes that come or go outside Admit().
  void HoldBytes(uint64_t bytes) { bytes_ += bytes; }
  void ReleaseBytes(uint64_t bytes);

  // The next link that gets a place, which is now reserved for it; null: nobody. Called until it
  // returns null after anything that may have freed a place or made somebody wait.
  Link* NextGrant(Time now);

  // When OnTimer() has something to do; nullopt: nothing. `oldest_unstarted` is when the request
  // that has waited longest for a thread became ready to run.
  std::optional<Time> NextDeadline(std::optional<Time> oldest_unstarted) const;
  struct TimerResult {
    int expired = 0;  // reservations that nobody used
    bool give_back =
        false;  // all requests that wait for a thread must be given back, then Drop()ped
  };
  // Ends old reservations. Says whether waiting here has become hopeless: the threads don't get
  // done, and the requests are better off elsewhere; then there is no prefetch until the next
  // handler has ended, or they would come straight back.
  TimerResult OnTimer(std::optional<Time> oldest_unstarted, Time now);

  // Nothing is accepted or granted any more.
  void Drain();
  bool draining() const { return draining_; }

  int accepted() const { return accepted_; }
  int reserved() const { return static_cast<int>(reservations_.size()); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int limit() const { return options_.threads + (stalled_ ? 0 : prefetch_); }
  uint64_t bytes() const { return bytes_; }
  // A moving average over all front ends; zero: not yet known.
  Duration round_trip() const { return std::chrono::duration_cast<Duration>(round_trip_); }
  Duration mean_service() const { return std::chrono::duration_cast<Duration>(service_); }
  Duration Patience() const;

 private:
  using Nanos = std::chrono::duration<double, std::nano>;
  struct Waiting {
    Time since;
    uint64_t serial;
    Link* link;
    bool operator<(const Waiting& other) const {
      return since != other.since ? since < other.since : serial < other.serial;
    }
  };

  bool HasPlace() const { return !draining_ && !paused_ && accepted_ + reserved() < limit(); }
  void Wait(Link* link, Time since);
  void StopWaiting(Link* link);
  void EndReservation(std::list<Reservation>::iterator reservation);
  void UpdatePrefetch();

  const Options options_;
  int accepted_ = 0;
  int prefetch_ = 0;
  bool stalled_ = false;  // threads don't get done: no prefetch until one does
  bool paused_ = false;   // too many bytes are held
  bool draining_ = false;
  uint64_t bytes_ = 0;
  uint64_t next_serial_ = 1;
  Nanos round_trip_{0};
  Nanos service_{0};
  absl::btree_set<Waiting> waiting_;
  std::list<Reservation> reservations_;  // oldest first
  std::list<Reservation> spare_;         // list nodes to be used again
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_ADMISSION_H_
