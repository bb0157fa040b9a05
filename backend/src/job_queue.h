// A request on its way through the worker pool, and the queue that it waits in.
#ifndef ANTEROOM_BACKEND_SRC_JOB_QUEUE_H_
#define ANTEROOM_BACKEND_SRC_JOB_QUEUE_H_

#include <cstdint>

#include "common/clock.h"

namespace anteroom::backend {

class Member;

// The pool knows a request as this. Owned by its member, which keeps it alive for as long as the
// pool has it.
class Job {
 public:
  // kNew -> kHeld -> kQueued -> kRunning -> kDone; kNew may go to kQueued directly, kHeld and
  // kQueued to kDone, and kAside, what a helper has set aside for itself, comes between kQueued and
  // kRunning, or back to kQueued.
  enum class State : uint8_t { kNew, kHeld, kQueued, kAside, kRunning, kDone };

  virtual ~Job() = default;
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Before Run(), on the same thread, when `reports_start` and Member::ReportStarts() has not done
  // it: tells the front end and waits until it is told.
  virtual void ReportStart(int /*thread*/) {}
  // Runs the handler, on worker `thread`. False: it turned out that there was nothing to do
  // (cancelled, too late).
  virtual bool Run(int thread) = 0;
  // Hands over what Run() made, together with `grants` new places for the same member. The pool is
  // done with the job before it calls this; the job may end here. With kLater, what is handed over
  // may wait for the next Deliver() of the same member, or for its Flush(): one of them will come.
  enum class Send : uint8_t { kNow, kLater };
  virtual void Deliver(uint32_t grants, Send send) = 0;

  // Set by the member before Arrive(), constant then.
  Member* member = nullptr;
  Duration waited{0};  // in the front end's queue
  uint64_t bytes = 0;  // counts against WorkerPool::Options::max_bytes until the member releases it
  bool complete = true;  // may start: the body is here, or the handler reads it as it comes
  bool needs_worker =
      false;  // waits for its link, so it can't run on a thread that moves the link's bytes
  bool reports_start = false;  // its front end has to know before it runs

 protected:
  // Before a job that has been through the pool goes there again.
  void ResetState() {
    state_ = State::kNew;
    start_ = Start::kUnsaid;
  }

 private:
  friend class JobQueue;
  friend class WorkerPool;
  // Guarded by the pool's lock while the pool has the job.
  State state_ = State::kNew;
  // Whether Member::ReportStarts() has taken it up, and the front end was told for certain. What has
  // been taken up cannot be given back: the front end takes it for begun.
  enum class Start : uint8_t { kUnsaid, kSaid, kTold };
  Start start_ = Start::kUnsaid;
  Time ready_{};  // when it joined the queue
  // Guarded by the lock of the queue that the job stands in.
  Job* previous_ = nullptr;
  Job* next_ = nullptr;
};

// First in, first out; removal from the middle in O(1). Not thread-safe. Owns nothing.
class JobQueue {
 public:
  JobQueue() = default;
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  bool empty() const { return first_ == nullptr; }
  int size() const { return size_; }
  Job* front() const { return first_; }
  static Job* After(const Job* job) { return job->next_; }

  void PushFront(Job* job) {
    job->previous_ = nullptr;
    job->next_ = first_;
    (first_ == nullptr ? last_ : first_->previous_) = job;
    first_ = job;
    ++size_;
  }
  void PushBack(Job* job) {
    job->previous_ = last_;
    job->next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = job;
    last_ = job;
    ++size_;
  }
  void Remove(Job* job) {
    (job->previous_ == nullptr ? first_ : job->previous_->next_) = job->next_;
    (job->next_ == nullptr ? last_ : job->next_->previous_) = job->previous_;
    job->previous_ = job->next_ = nullptr;
    --size_;
  }
  Job* PopFront() {
    Job* job = first_;
    if (job != nullptr) Remove(job);
    return job;
  }
  Job* PopBack() {
    Job* job = last_;
    if (job != nullptr) Remove(job);
    return job;
  }

 private:
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  int size_ = 0;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_JOB_QUEUE_H_
