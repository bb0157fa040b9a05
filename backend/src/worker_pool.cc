#include "backend/src/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "spdlog/spdlog.h"

namespace anteroom::backend {
WorkerPool::WorkerPool(const Options& options)
    : options_(options),
      admission_({.threads = options.max_threads, .max_bytes = options.max_bytes}) {
  MutexLock lock(&mu_);
  PublishLocked();
}

WorkerPool::~WorkerPool() = default;

void WorkerPool::Start() {
  MutexLock lock(&mu_);
  for (int i = 0; i < options_.min_threads; ++i) {
    if (!StartThreadLocked()) break;
  }
  timer_ = std::thread([this] { RunTimer(); });
}

void WorkerPool::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mu_);
    if (stopping_) return;
    stopping_ = true;
    for (const auto& worker : workers_) {
      worker->wake.NotifyOne();
      threads.push_back(std::move(worker->thread));
    }
    timer_wake_.NotifyOne();
  }
  for (std::thread& thread : threads) {
    if (thread.joinable()) thread.join();
  }
  if (timer_.joinable()) timer_.join();
}

void WorkerPool::Add(Member* member) {
  MutexLock lock(&mu_);
  admission_.Add(member);
}

void WorkerPool::Arrive(Member* member, Arrivals* arrivals) {
  const Time now = Now();
  Wakes wakes;
  Decisions decisions;
  {
    MutexLock lock(&mu_);
    admission_.ObserveRoundTrip(arrivals->round_trip);
    if (arrivals->declined > 0) {
      counters_.declined.Add(static_cast<uint64_t>(admission_.Decline(member, arrivals->declined)));
    }
    size_t refused = 0;
    for (Job* job : arrivals->jobs) {
      if (!admission_.Admit(member, job->waited, job->bytes, now)) {
        arrivals->jobs[refused++] = job;
      } else if (job->complete) {
        EnqueueLocked(job, now);
      } else {
        job->state_ = Job::State::kHeld;
        held_.PushBack(job);
      }
    }
    counters_.accepted.Add(arrivals->jobs.size() - refused);
    counters_.refused.Add(refused);
    arrivals->jobs.resize(refused);
    // After the refusals, which know less about the oldest request that waits.
    if (arrivals->want) admission_.Want(member, *arrivals->want, now);
    LendLocked(now);
    WakeLocked(now, &wakes);
    GrantLocked(now, &decisions);
    PublishLocked();
  }
  for (CondVar* wake : wakes) wake->NotifyOne();
  arrivals->granted = Announce(&decisions, member);
}

void WorkerPool::Update(const std::vector<Job*>& ready, std::vector<Job*>* cancelled) {
  const Time now = Now();
  Wakes wakes;
  {
    MutexLock lock(&mu_);
    for (Job* job : ready) {
      if (job->state_ != Job::State::kHeld) continue;  // given back a moment ago
      held_.Remove(job);
      EnqueueLocked(job, now);
    }
    size_t withdrawn = 0;
    for (Job* job : *cancelled) {
      if (WithdrawLocked(job)) (*cancelled)[withdrawn++] = job;
    }
    cancelled->resize(withdrawn);
    counters_.cancelled.Add(cancelled->size());
    if (!ready.empty()) LendLocked(now);
    WakeLocked(now, &wakes);
    PublishLocked();
  }
  for (CondVar* wake : wakes) wake->NotifyOne();
}

void WorkerPool::Settle() {
  Decisions decisions;
  {
    MutexLock lock(&mu_);
    GrantLocked(Now(), &decisions);
  }
  Announce(&decisions, nullptr);
}

void WorkerPool::Remove(Member* member, std::vector<Job*>* unfinished) {
  {
    MutexLock lock(&mu_);
    admission_.Remove(member);
  }
  Update({}, unfinished);
}

void WorkerPool::HoldBytes(uint64_t bytes) {
  MutexLock lock(&mu_);
  admission_.HoldBytes(bytes);
}

void WorkerPool::ReleaseBytes(uint64_t bytes) {
  MutexLock lock(&mu_);
  admission_.ReleaseBytes(bytes);
}

void WorkerPool::Drain() {
  Decisions decisions;
  {
    MutexLock lock(&mu_);
    admission_.Drain();
    ReturnAllLocked(&decisions);
    while (Job* job = held_.front()) {
      WithdrawLocked(job);
      decisions.returned.push_back(job);
    }
    PublishLocked();
  }
  Announce(&decisions, nullptr);
}

bool WorkerPool::AwaitIdle(Time deadline) {
  MutexLock lock(&mu_);
  ++done_waiters_;
  bool in_time = true;
  while (admission_.accepted() > 0 && in_time) in_time = all_done_.WaitUntil(&mu_, deadline);
  --done_waiters_;
  return admission_.accepted() == 0;
}

WorkerPool::Load WorkerPool::load() const {
  const int accepted = accepted_now_.load(std::memory_order_relaxed);
  // The limit falls when prefetching ends, and what was accepted under the old one is still here
  // for a moment.
  return {accepted, running_now_.load(std::memory_order_relaxed),
          std::max(limit_now_.load(std::memory_order_relaxed), accepted)};
}

Duration WorkerPool::round_trip() const {
  MutexLock lock(&mu_);
  return admission_.round_trip();
}

Duration WorkerPool::mean_service() const {
  MutexLock lock(&mu_);
  return admission_.mean_service();
}

void WorkerPool::Work(int number) {
  pthread_setname_np(pthread_self(), ("worker-" + std::to_string(number)).c_str());
  while (Job* job = AwaitWork(number)) RunJobs(job, number, std::nullopt);
}

void WorkerPool::RunJobs(Job* job, int number, std::optional<Time> helper_until) {
  Worker* self;
  {
    MutexLock lock(&mu_);
    self = workers_[static_cast<size_t>(number)].get();
  }
  Decisions decisions;
  while (job != nullptr) {
    if (job->reports_start && job->start_ != Job::Start::kTold) job->ReportStart(number);
    const Time begin = Now();
    const bool ran = job->Run(number);
    const Time end = Now();
    Job* next = nullptr;
    Job::Send send;
    {
      MutexLock lock(&mu_);
      job->state_ = Job::State::kDone;
      --running_;
      if (ran) {
        admission_.Finish(end - begin);
      } else {
        admission_.Drop();
      }
      next = helper_until ? TakeForHelperLocked(end, *helper_until) : TakeLocked(end);
      send = SendLocked(self, job->member, next, end);
      GrantLocked(end, &decisions);
      PublishLocked();
      if (done_waiters_ > 0 && admission_.accepted() == 0) all_done_.NotifyAll();
    }
    job->Deliver(Announce(&decisions, job->member), send);
    self->handed_over.store(true, std::memory_order_release);
    job = next;
  }
}

Job* WorkerPool::AwaitWork(int number) {
  MutexLock lock(&mu_);
  Worker* self = workers_[static_cast<size_t>(number)].get();
  // The first call comes from a thread that was started for a job, and counts as being on its way
  // until here.
  if (self->signalled) {
    self->signalled = false;
    --waking_;
  }
  const Time give_up = Now() + options_.idle_timeout;
  while (true) {
    if (Job* job = TakeLocked(Now())) {
      PublishLocked();
      return job;
    }
    if (stopping_) break;
    idle_.push_back(number);
    bool timed_out = false;
    while (!self->signalled && !stopping_ && !timed_out) {
      if (alive_ > options_.min_threads && !self->overslept) {
        timed_out = !self->wake.WaitUntil(&mu_, give_up) && alive_ > options_.min_threads;
        self->overslept = timed_out && self->lent;
        timed_out = timed_out && !self->lent;
      } else {
        self->wake.Wait(&mu_);
      }
    }
    if (!self->signalled) {
      idle_.erase(std::find(idle_.begin(), idle_.end(), number));
      break;
    }
    self->signalled = false;
    --waking_;
  }
  self->alive = false;
  --alive_;
  PublishLocked();
  return nullptr;
}

void WorkerPool::RunTimer() {
  pthread_setname_np(pthread_self(), "pool-timer");
  Decisions decisions;
  Wakes wakes;
  mu_.Lock();
  while (!stopping_) {
    const std::optional<Time> deadline = NextTimerLocked();
    timer_armed_ = deadline.value_or(Time::max());
    if (!deadline) {
      timer_wake_.Wait(&mu_);
      continue;
    }
    const Time now = Now();
    if (now < *deadline) {
      timer_wake_.WaitUntil(&mu_, *deadline);
      continue;
    }
    if (now >= tiny_look_) EndTinyWaitsLocked(now, &decisions, &wakes);
    const Admission::TimerResult result = admission_.OnTimer(OldestUnattendedLocked(), now);
    counters_.expired.Add(static_cast<uint64_t>(result.expired));
    if (result.give_back) ReturnAllLocked(&decisions);
    GrantLocked(now, &decisions);
    PublishLocked();
    mu_.Unlock();
    for (CondVar* wake : wakes) wake->NotifyOne();
    wakes.clear();
    Announce(&decisions, nullptr);
    mu_.Lock();
  }
  mu_.Unlock();
}

Job* WorkerPool::TakeLocked(Time now) {
  Job* job = queue_.PopFront();
  if (job != nullptr) BeginLocked(job, now);
  return job;
}

void WorkerPool::BeginLocked(Job* job, Time now) {
  last_taken_ = now;
  taken_since_look_ = true;
  job->state_ = Job::State::kRunning;
  ++running_;
  if (running_ > running_max_.load(std::memory_order_relaxed)) {
    running_max_.store(running_, std::memory_order_relaxed);
  }
}

void WorkerPool::EnqueueLocked(Job* job, Time now) {
  job->state_ = Job::State::kQueued;
  job->ready_ = now;
  queue_.PushBack(job);
}

void WorkerPool::WakeLocked(Time now, Wakes* wakes) {
  const int most = WantedWakesLocked(now);
  WakeUpToLocked(most, wakes);
  if (queue_.size() > most || helper_ != nullptr) LookLaterLocked(now);
  ArmTimerLocked();
}

void WorkerPool::WakeUpToLocked(int most, Wakes* wakes) {
  while (waking_ < most) {
    if (!idle_.empty()) {
      Worker* worker = workers_[static_cast<size_t>(idle_.back())].get();
      idle_.pop_back();
      worker->signalled = true;
      ++waking_;
      wakes->push_back(&worker->wake);
    } else if (alive_ >= options_.max_threads || !StartThreadLocked()) {
      break;
    }
  }
}

bool WorkerPool::StartThreadLocked() {
  const auto unused = std::find_if(workers_.begin(), workers_.end(),
                                   [](const auto& worker) { return !worker->alive; });
  const int number = static_cast<int>(unused - workers_.begin());
  if (unused == workers_.end()) workers_.push_back(std::make_unique<Worker>());
  Worker* worker = workers_[static_cast<size_t>(number)].get();
  // The thread that had the number before is past its last use of the lock.
  if (worker->thread.joinable()) worker->thread.join();
  try {
    worker->thread = std::thread([this, number] { Work(number); });
  } catch (const std::system_error& error) {
    spdlog::error("cannot start a worker thread: reason={}", error.what());
    return false;
  }
  worker->alive = true;
  worker->signalled = true;
  ++alive_;
  ++waking_;
  return true;
}

bool WorkerPool::WithdrawLocked(Job* job) {
  if (job->state_ == Job::State::kQueued) {
    queue_.Remove(job);
  } else if (job->state_ == Job::State::kHeld) {
    held_.Remove(job);
  } else {
    return false;
  }
  job->state_ = Job::State::kDone;
  admission_.Drop();
  return true;
}

void WorkerPool::ReturnAllLocked(Decisions* decisions) {
  Job* next = nullptr;
  for (Job* job = queue_.front(); job != nullptr; job = next) {
    next = JobQueue::After(job);
    if (job->start_ != Job::Start::kUnsaid) continue;
    WithdrawLocked(job);
    decisions->returned.push_back(job);
  }
}

void WorkerPool::GrantLocked(Time now, Decisions* decisions) {
  while (Admission::Link* link = admission_.NextGrant(now)) {
    Member* member = static_cast<Member*>(link);
    counters_.granted.Add();
    if (!decisions->grants.empty() && decisions->grants.back().first.get() == member) {
      ++decisions->grants.back().second;
    } else {
      decisions->grants.emplace_back(member->shared_from_this(), 1);
    }
  }
  ArmTimerLocked();
}

std::optional<Time> WorkerPool::OldestUnattendedLocked() const {
  if (queue_.size() <= waking_) return std::nullopt;
  const Job* oldest = queue_.front();
  // What has been reported can't be given back, which is what this is asked for.
  while (oldest != nullptr && oldest->start_ != Job::Start::kUnsaid)
    oldest = JobQueue::After(oldest);
  return oldest == nullptr ? std::nullopt : std::optional<Time>(oldest->ready_);
}

std::optional<Time> WorkerPool::NextTimerLocked() const {
  const std::optional<Time> deadline = admission_.NextDeadline(OldestUnattendedLocked());
  if (tiny_look_ == Time::max()) return deadline;
  return deadline ? std::min(*deadline, tiny_look_) : tiny_look_;
}

void WorkerPool::ArmTimerLocked() {
  const std::optional<Time> deadline = NextTimerLocked();
  if (!deadline || *deadline >= timer_armed_) return;
  timer_armed_ = *deadline;
  timer_wake_.NotifyOne();
}

void WorkerPool::PublishLocked() {
  accepted_now_.store(admission_.accepted(), std::memory_order_relaxed);
  running_now_.store(running_, std::memory_order_relaxed);
  limit_now_.store(admission_.limit(), std::memory_order_relaxed);
  threads_now_.store(alive_, std::memory_order_relaxed);
  queued_now_.store(queue_.size(), std::memory_order_relaxed);
}

uint32_t WorkerPool::Announce(Decisions* decisions, const Member* own) {
  // First of all: until then nobody reads what the helper's thread would.
  if (decisions->replaced != nullptr) std::exchange(decisions->replaced, nullptr)->Replace();
  uint32_t granted_to_own = 0;
  for (const auto& [member, places] : decisions->grants) {
    if (member.get() == own) {
      granted_to_own += places;
    } else {
      member->Granted(places);
    }
  }
  decisions->grants.clear();
  for (const auto& member : decisions->flushes) member->Flush();
  decisions->flushes.clear();
  std::vector<Job*>& rest = decisions->returned;
  counters_.returned.Add(rest.size());
  while (!rest.empty()) {
    Member* member = rest.front()->member;
    const auto others = std::stable_partition(
        rest.begin(), rest.end(), [member](const Job* job) { return job->member == member; });
    const std::vector<Job*> jobs(rest.begin(), others);
    rest.erase(rest.begin(), others);
    member->Returned(jobs);
  }
  return granted_to_own;
}

}  // namespace anteroom::backend
