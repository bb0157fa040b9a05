#include "backend/src/admission.h"

#include <algorithm>
#include <cmath>

namespace anteroom::backend {
namespace {

// Weights of the newest sample. A round trip comes with a batch and is a mean already, a service
// time with every request.
constexpr double kRoundTripWeight = 1.0 / 8;
constexpr double kServiceWeight = 1.0 / 32;
// A peer's word is bounded before it is used in arithmetic.
constexpr Duration kMaxWait = std::chrono::hours(24);
constexpr Duration kMaxRoundTrip = std::chrono::seconds(1);
// Accepting begins again when this share of the byte limit is held, not one byte below it.
constexpr double kResumeShare = 0.75;

}  // namespace

void Admission::Add(Link* link) {
  link->added_ = true;
  link->serial_ = next_serial_++;
}

void Admission::Remove(Link* link) {
  if (!link->added_) return;
  StopWaiting(link);
  while (!link->reservations_.empty()) EndReservation(link->reservations_.front());
  link->added_ = false;
}

bool Admission::Admit(Link* link, Duration waited, uint64_t bytes, Time now) {
  if (!link->added_) return false;
  if (bytes_ > 0 && bytes_ + bytes > options_.max_bytes) paused_ = true;
  const bool reserved = !link->reservations_.empty();
  if (reserved) EndReservation(link->reservations_.front());
  if (draining_ || paused_ || !(reserved || HasPlace())) {
    const Time since = now - std::min(waited, kMaxWait);
    Wait(link, link->waiting_ ? std::min(link->since_, since) : since);
    return false;
  }
  ++accepted_;
  bytes_ += bytes;
  return true;
}

void Admission::Want(Link* link, Duration oldest_wait, Time now) {
  Wait(link, now - std::min(oldest_wait, kMaxWait));
}

int Admission::Decline(Link* link, uint32_t places) {
  int ended = 0;
  while (places-- > 0 && !link->reservations_.empty()) {
    EndReservation(link->reservations_.front());
    ++ended;
  }
  return ended;
}

void Admission::Finish(Duration service) {
  --accepted_;
  stalled_ = false;
  // Zero means "not yet known", so an immeasurably short handler counts as one nanosecond.
  const Nanos sample = std::max(Nanos(service), Nanos(1));
  service_ = service_.count() == 0 ? sample : service_ + (sample - service_) * kServiceWeight;
  UpdatePrefetch();
}

void Admission::Drop() { --accepted_; }

void Admission::ObserveRoundTrip(Duration reported) {
  const Nanos sample = std::clamp<Nanos>(reported, Nanos(0), kMaxRoundTrip);
  if (sample.count() == 0) return;
  round_trip_ =
      round_trip_.count() == 0 ? sample : round_trip_ + (sample - round_trip_) * kRoundTripWeight;
  UpdatePrefetch();
}

void Admission::ReleaseBytes(uint64_t bytes) {
  bytes_ -= bytes;
  if (static_cast<double>(bytes_) <= static_cast<double>(options_.max_bytes) * kResumeShare)
    paused_ = false;
}

Admission::Link* Admission::NextGrant(Time now) {
  if (waiting_.empty() || !HasPlace()) return nullptr;
  Link* link = waiting_.begin()->link;
  StopWaiting(link);
  if (spare_.empty()) spare_.emplace_back();
  spare_.front() = {link, now};
  reservations_.splice(reservations_.end(), spare_, spare_.begin());
  link->reservations_.push_back(std::prev(reservations_.end()));
  return link;
}

std::optional<Time> Admission::NextDeadline(std::optional<Time> oldest_unstarted) const {
  std::optional<Time> next;
  if (!reservations_.empty()) next = reservations_.front().granted + kReservation;
  if (oldest_unstarted) {
    const Time patience_ends = *oldest_unstarted + Patience();
    next = next ? std::min(*next, patience_ends) : patience_ends;
  }
  return next;
}

Admission::TimerResult Admission::OnTimer(std::optional<Time> oldest_unstarted, Time now) {
  TimerResult result;
  while (!reservations_.empty() && reservations_.front().granted + kReservation <= now) {
    EndReservation(reservations_.begin());
    ++result.expired;
  }
  if (oldest_unstarted && *oldest_unstarted + Patience() <= now) {
    stalled_ = true;
    result.give_back = true;
  }
  return result;
}

void Admission::Drain() {
  draining_ = true;
  while (!waiting_.empty()) StopWaiting(waiting_.begin()->link);
  while (!reservations_.empty()) EndReservation(reservations_.begin());
}

Duration Admission::Patience() const { return std::max(kMinPatience, 4 * round_trip()); }

void Admission::Wait(Link* link, Time since) {
  StopWaiting(link);
  if (draining_ || !link->added_) return;
  link->waiting_ = true;
  link->since_ = since;
  waiting_.insert({since, link->serial_, link});
}

void Admission::StopWaiting(Link* link) {
  if (!link->waiting_) return;
  waiting_.erase({link->since_, link->serial_, link});
  link->waiting_ = false;
}

void Admission::EndReservation(std::list<Reservation>::iterator reservation) {
  // Reservations end in the order of their grants, but for rare cases, so the search finds the
  // first.
  auto& of_link = reservation->link->reservations_;
  of_link.erase(std::find(of_link.begin(), of_link.end(), reservation));
  spare_.splice(spare_.end(), reservations_, reservation);
}

void Admission::UpdatePrefetch() {
  if (service_.count() == 0) return;
  const double wanted = std::floor(options_.threads * (round_trip_ / service_));
  const int most = std::min(options_.threads * kMaxPrefetchPerThread, kMaxPrefetch);
  prefetch_ = wanted < most ? static_cast<int>(wanted) : most;
}

}  // namespace anteroom::backend
