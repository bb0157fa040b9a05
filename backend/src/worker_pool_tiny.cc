// Handlers that take less time than waking a thread for them: who runs them, and when their answers
// go out.
#include <algorithm>
#include <utility>

#include "backend/src/worker_pool.h"

namespace anteroom::backend {
namespace {

// Handlers that take less than this on average are tiny: waking a thread costs as much or more.
constexpr Duration kTinyService = std::chrono::microseconds(20);
// What one thread may have ahead of it before another is woken for tiny work.
constexpr Duration kTinyShare = std::chrono::microseconds(50);
// A thread that took its last job this recently is getting on.
constexpr Duration kTinyProgress = std::chrono::microseconds(100);
// An average can be wrong about the next handler. After this, a job that was left to a busy thread
// gets one that is idle, and an answer that was kept back goes out.
constexpr Duration kTinyWait = std::chrono::microseconds(500);
// The most that a helper sets aside: the average leaves out what a request costs beside its handler.
constexpr int kMostAside = 32;

thread_local Helper* this_helper = nullptr;
// The worker in whose place this thread is to run jobs; negative: none.
thread_local int lent_number = -1;

}  // namespace

bool WorkerPool::TinyLocked() const {
  const Duration mean = admission_.mean_service();
  return mean > Duration::zero() && mean <= kTinyService;
}

int WorkerPool::WantedWakesLocked(Time now) const {
  if (!TinyLocked()) return queue_.size();
  const Duration work = admission_.mean_service() * queue_.size();
  const int wanted = 1 + static_cast<int>(work / kTinyShare);
  // One that has been running for longer than that has met the exception to the average.
  const int stuck = helper_replaced_ ? 1 : 0;
  const int at_it = now - last_taken_ < kTinyProgress ? running_ - stuck : 0;
  return std::clamp(wanted - at_it, 0, queue_.size());
}

Job::Send WorkerPool::SendLocked(Worker* self, Member* member, const Job* next, Time now) {
  if (next == nullptr || next->member != member || !TinyLocked() ||
      (self->keeps_back != nullptr && now - self->keeps_back_since >= kTinyWait)) {
    self->keeps_back = nullptr;
    return Job::Send::kNow;
  }
  if (self->keeps_back == nullptr) self->keeps_back_since = now;
  self->keeps_back = member;
  self->handed_over.store(false, std::memory_order_relaxed);
  LookLaterLocked(now);
  return Job::Send::kLater;
}

void WorkerPool::LendLocked(Time now) {
  if (this_helper == nullptr || helper_ != nullptr || options_.max_threads == 1) return;
  if (!TinyLocked() || waking_ >= WantedWakesLocked(now) || idle_.empty()) return;
  const Job* first = queue_.front();
  if (first->needs_worker || first->start_ != Job::Start::kUnsaid) return;
  lent_number = idle_.back();
  idle_.pop_back();
  workers_[static_cast<size_t>(lent_number)]->lent = true;
  helper_ = this_helper;
  helper_since_ = now;
  helper_coming_ = true;
  counters_.helped.Add();
  ++waking_;
}

Job* WorkerPool::TakeForHelperLocked(Time now, Time until) {
  if (Job* job = aside_.PopFront()) {
    BeginLocked(job, now);
    return job;
  }
  if (now >= until || queue_.empty()) return nullptr;
  const Job* first = queue_.front();
  return first->needs_worker || first->reports_start ? nullptr : TakeLocked(now);
}

void WorkerPool::SetAsideLocked(std::vector<Job*>* jobs) {
  const Duration mean = std::max(admission_.mean_service(), Duration(1));
  const auto most = std::clamp<int64_t>(kTinyShare / mean, 1, kMostAside);
  const Member* member = queue_.front()->member;
  while (static_cast<int64_t>(jobs->size()) < most && !queue_.empty()) {
    Job* job = queue_.front();
    if (job->member != member || job->needs_worker || job->start_ != Job::Start::kUnsaid) return;
    queue_.PopFront();
    job->state_ = Job::State::kAside;
    if (job->reports_start) job->start_ = Job::Start::kSaid;
    jobs->push_back(job);
  }
}

void WorkerPool::PutBackLocked(Job* job) {
  job->state_ = Job::State::kQueued;
  queue_.PushFront(job);
}

Job* WorkerPool::BeginForHelper(int number, std::vector<Job*>* starting) {
  starting->clear();
  {
    MutexLock lock(&mu_);
    const Time now = Now();
    if (std::exchange(helper_coming_, false)) --waking_;
    if (!helper_replaced_ && !queue_.empty() && queue_.front()->reports_start) {
      SetAsideLocked(starting);
    }
    if (starting->empty()) {
      Job* job = helper_replaced_ ? nullptr : TakeForHelperLocked(now, Time::max());
      PublishLocked();
      return job;
    }
    PublishLocked();
  }
  // They are in no queue now, so nobody else can touch them.
  const bool told = starting->front()->member->ReportStarts(*starting, number);
  MutexLock lock(&mu_);
  for (Job* job : *starting) {
    if (told && job->reports_start) job->start_ = Job::Start::kTold;
    aside_.PushBack(job);
  }
  // Somebody else waits for what could not be written at once, and does what this one is late for.
  if (!told || helper_replaced_) {
    while (!aside_.empty()) PutBackLocked(aside_.PopBack());
    return nullptr;
  }
  const Time now = Now();
  Job* job = TakeForHelperLocked(now, now);
  PublishLocked();
  return job;
}

void WorkerPool::SetHelper(Helper* helper) { this_helper = helper; }

WorkerPool::Helped WorkerPool::Help() {
  if (lent_number < 0) return Helped::kDone;
  const int number = std::exchange(lent_number, -1);
  const Time until = Now() + kTinyShare;
  std::vector<Job*> starting;
  while (true) {
    Job* job = BeginForHelper(number, &starting);
    if (job != nullptr) RunJobs(job, number, until);
    Wakes wakes;
    Helped result;
    {
      MutexLock lock(&mu_);
      // Those that come next may have their starts to report.
      if (job != nullptr && !helper_replaced_ && !queue_.empty() && Now() < until) continue;
      Worker* worker = workers_[static_cast<size_t>(number)].get();
      worker->lent = false;
      idle_.push_back(number);
      helper_ = nullptr;
      result = std::exchange(helper_replaced_, false) ? Helped::kReplaced : Helped::kDone;
      if (std::exchange(worker->overslept, false)) wakes.push_back(&worker->wake);
      WakeLocked(Now(), &wakes);
      PublishLocked();
    }
    for (CondVar* wake : wakes) wake->NotifyOne();
    return result;
  }
}

void WorkerPool::LookLaterLocked(Time now) {
  if (tiny_look_ == Time::max()) tiny_look_ = now + kTinyWait;
}

void WorkerPool::EndTinyWaitsLocked(Time now, Decisions* decisions, Wakes* wakes) {
  tiny_look_ = Time::max();
  bool more = false;
  for (const auto& worker : workers_) {
    if (worker->keeps_back == nullptr) continue;
    if (now - worker->keeps_back_since >= kTinyWait &&
        worker->handed_over.load(std::memory_order_acquire)) {
      decisions->flushes.push_back(worker->keeps_back->shared_from_this());
      worker->keeps_back = nullptr;
    } else {
      more = true;
    }
  }
  if (helper_ != nullptr && !helper_replaced_) {
    if (now - helper_since_ >= kTinyWait) {
      helper_replaced_ = true;
      counters_.replaced.Add();
      decisions->replaced = helper_;
      if (std::exchange(helper_coming_, false)) --waking_;  // its jobs need somebody else
      while (!aside_.empty()) PutBackLocked(aside_.PopBack());
    } else {
      more = true;
    }
  }
  if (queue_.size() > waking_) {
    if (now - queue_.front()->ready_ >= kTinyWait) {
      WakeUpToLocked(queue_.size(), wakes);
    } else {
      more = true;
    }
  }
  // While there is tiny work, looking again costs less than being told to.
  if (std::exchange(taken_since_look_, false) && TinyLocked()) more = true;
  if (more) LookLaterLocked(now);
}

}  // namespace anteroom::backend
