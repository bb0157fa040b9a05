#include "frontend/net/event_handles.h"

#include <event2/event.h>

#include <cstdlib>

#include "frontend/net/loop.h"

namespace anteroom::frontend {
namespace {

event* NewEvent(event_base* base, int fd, short what, event_callback_fn fn, void* arg) {
  event* e = event_new(base, fd, what, fn, arg);
  if (e == nullptr) std::abort();  // out of memory
  return e;
}

}  // namespace

void EventDeleter::operator()(event* e) const { event_free(e); }

FdWatch::FdWatch(Loop* loop, int fd, FdHandler* handler, Trigger trigger)
    : loop_(loop), fd_(fd), handler_(handler), trigger_(trigger) {}

void FdWatch::WatchRead(bool on) {
  if (on == reading_) return;
  reading_ = on;
  Switch(&read_, EV_READ, on);
}

void FdWatch::WatchWrite(bool on) {
  if (on == writing_) return;
  writing_ = on;
  Switch(&write_, EV_WRITE, on);
}

void FdWatch::Switch(std::unique_ptr<event, EventDeleter>* event, short what, bool on) {
  if (!*event) {
    const auto flags =
        static_cast<short>(what | EV_PERSIST | (trigger_ == Trigger::kEdge ? EV_ET : 0));
    event->reset(NewEvent(loop_->base(), fd_, flags, &FdWatch::Callback, this));
  }
  if (on) {
    event_add(event->get(), nullptr);
  } else {
    event_del(event->get());
  }
}

void FdWatch::Callback(int /*fd*/, short what, void* self) {
  auto* watch = static_cast<FdWatch*>(self);
  if (what & EV_READ) {
    watch->handler_->OnReadable();
  } else if (what & EV_WRITE) {
    watch->handler_->OnWritable();
  }
}

Timer::Timer(Loop* loop, TimerHandler* handler) : loop_(loop), handler_(handler) {}
Timer::~Timer() = default;

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
  if (!event_) event_.reset(NewEvent(loop_->base(), -1, 0, &Timer::Callback, this));
  const Duration rest = deadline_ - loop_->now();
  const timeval* const common = loop_->common_timeouts()->Find(rest);
  const timeval odd = ToTimeval(rest);
  event_add(event_.get(), common != nullptr ? common : &odd);
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
