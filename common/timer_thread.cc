#include "common/timer_thread.h"

#include <pthread.h>

#include <utility>

namespace anteroom {

TimerThread::TimerThread(const char* name) : thread_([this] { Loop(); }), id_(thread_.get_id()) {
  pthread_setname_np(thread_.native_handle(), name);
}

TimerThread::~TimerThread() { Stop(); }

TimerThread::Handle TimerThread::RunAt(Time when, Work work) {
  MutexLock lock(&mu_);
  const Handle handle{when, ++last_number_};
  if (stopping_) return handle;  // the caller's parameter is destroyed after the lock is released
  const auto added = waiting_.emplace(handle, std::move(work)).first;
  if (added == waiting_.begin()) changed_.NotifyOne();
  return handle;
}

bool TimerThread::Cancel(const Handle& handle) {
  // Declared before the lock, hence destroyed after it.
  std::map<Handle, Work>::node_type cancelled;
  MutexLock lock(&mu_);
  cancelled = waiting_.extract(handle);
  return !cancelled.empty();
}

void TimerThread::Stop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
  std::map<Handle, Work> never_due;
  MutexLock lock(&mu_);
  never_due.swap(waiting_);
}

TimerThread::Work TimerThread::AwaitDue() {
  MutexLock lock(&mu_);
  while (true) {
    if (waiting_.empty()) {
      if (stopping_) return nullptr;
      changed_.Wait(&mu_);
      continue;
    }
    const Time when = waiting_.begin()->first.when;
    if (when <= Now()) return std::move(waiting_.extract(waiting_.begin()).mapped());
    if (stopping_) return nullptr;
    changed_.WaitUntil(&mu_, when);
  }
}

void TimerThread::Loop() {
  while (Work work = AwaitDue()) work();
}

}  // namespace anteroom
