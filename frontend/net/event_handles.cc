#include "frontend/net/event_handles.h"

#include <event2/event.h>

#include <cstdlib>

#include "frontend/net/loop.h"

namespace anteroom::frontend {

void EventDeleter::operator()(::event* e) const { event_free(e); }

FdWatch::FdWatch(Loop* loop, int fd, FdHandler* handler, Trigger trigger) : handler_(handler) {
  const short edge = trigger == Trigger::kEdge ? EV_ET : 0;
  event_assign(&read_, loop->base(), fd, EV_READ | EV_PERSIST | edge, &FdWatch::Callback, this);
}

FdWatch::~FdWatch() { event_del(&read_); }

void FdWatch::WatchRead(bool on) {
  // Both do nothing when it is so already.
  if (on) {
    event_add(&read_, nullptr);
  } else {
    event_del(&read_);
  }
}

void FdWatch::WatchWrite(bool on) {
  if (on == writing()) return;
  if (!on) return write_.reset();
  const auto edge = event_get_events(&read_) & EV_ET;
  write_.reset(event_new(event_get_base(&read_), event_get_fd(&read_), EV_WRITE | EV_PERSIST | edge,
                         &FdWatch::Callback, this));
  if (write_ == nullptr) std::abort();  // out of memory
  event_add(write_.get(), nullptr);
}

void FdWatch::Callback(int /*fd*/, short what, void* self) {
  auto* watch = static_cast<FdWatch*>(self);
  if (what & EV_READ) {
    watch->handler_->OnReadable();
  } else if (what & EV_WRITE) {
    watch->handler_->OnWritable();
  }
}

Timer::Timer(Loop* loop, TimerHandler* handler) : loop_(loop), handler_(handler) {
  event_assign(&event_, loop->base(), -1, 0, &Timer::Callback, this);
}

Timer::~Timer() { event_del(&event_); }

void Timer::SetAfter(Duration delay) {
  deadline_ = loop_->now() + delay;
  if (deadline_ >= scheduled_for_) return;
  loop_->common_timeouts()->Add(delay);
  Schedule();
}

void Timer::SetDeadline(Time deadline) {
  deadline_ = deadline;
  if (deadline < scheduled_for_) Schedule();
}

void Timer::Schedule() {
  const Duration rest = deadline_ - loop_->now();
  const timeval* const common = loop_->common_timeouts()->Find(rest);
  const timeval odd = ToTimeval(rest);
  event_add(&event_, common != nullptr ? common : &odd);
  scheduled_for_ = deadline_;
}

void Timer::Callback(int /*fd*/, short /*what*/, void* self) {
  auto* timer = static_cast<Timer*>(self);
  timer->scheduled_for_ = kNever;
  if (!timer->pending()) return;
  if (timer->loop_->now() < timer->deadline_) {
    timer->Schedule();
    return;
  }
  timer->Clear();
  timer->handler_->OnTimer();
}

}  // namespace anteroom::frontend
