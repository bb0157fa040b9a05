// The threads that run handlers, and the queue in front of them.
#ifndef ANTEROOM_BACKEND_SRC_WORKER_POOL_H_
#define ANTEROOM_BACKEND_SRC_WORKER_POOL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "backend/src/admission.h"
#include "backend/src/job_queue.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "common/mutex.h"

namespace anteroom::backend {

// One front end, as the pool sees it. The pool calls it from any thread, without a lock of its own
// held.
class Member : public Admission::Link, public std::enable_shared_from_this<Member> {
 public:
  virtual ~Member() = default;
  // `places` more are reserved for this front end.
  virtual void Granted(uint32_t places) = 0;
  // What was handed over with Job::Send::kLater has waited long enough.
  virtual void Flush() = 0;
  // These were accepted, have not started and never will. They belong to the member again.
  virtual void Returned(const std::vector<Job*>& jobs) = 0;
  // These are about to run on `thread`; tells the front end of those that report their start, and
  // does not wait. True: it is told. False: Job::ReportStart() has to see to it.
  virtual bool ReportStarts(const std::vector<Job*>& jobs, int thread) = 0;
};

// A thread of somebody else's that runs tiny handlers itself instead of waking a worker for them.
// Owned by whoever owns the thread; outlives the thread's calls into the pool, and the Replace() that
// belongs to a Help() which has returned kReplaced.
class Helper {
 public:
  virtual ~Helper() = default;
  // A handler on that thread turns out not to be tiny: somebody else has to do the thread's own
  // work, from now on. Called on another thread, once for each Help() that returns kReplaced.
  virtual void Replace() = 0;
};

// Threading: every method from any thread; none is called with a lock held that Member or Job take
// in their callbacks, but for Update(), see there. Lock order: a link's, then the pool's.
//
// Between min_threads and max_threads threads; the others start when work waits and no thread is
// idle, and end after `idle_timeout`. The thread that became idle last is woken first, so that
// those at the other end can end.
//
// Invariant: no job waits here while a thread is idle and not already woken for it; but for
// handlers so short (20 us on average) that waking a thread takes longer: those are left to the
// threads that are at it, or to the helper that brought them, for at most half a millisecond, and
// for as long an answer may be kept back so that several go out together.
// Invariant: at most max_threads handlers run at any time (running_max() proves it).
class WorkerPool {
 public:
  struct Options {
    int min_threads = 1;
    int max_threads = 1;
    Duration idle_timeout = std::chrono::seconds(60);
    uint64_t max_bytes = uint64_t{1} << 31;
  };
  struct Counters {
    Counter accepted;
    Counter refused;
    Counter granted;
    Counter returned;
    Counter declined;
    Counter expired;    // reservations that ran out
    Counter cancelled;  // accepted, dropped before they started
    Counter helped;     // runs of a helper
    Counter replaced;   // those that took too long
  };
  struct Load {
    int accepted;
    int running;
    int limit;
  };

  explicit WorkerPool(const Options& options);
  // Stop() must have been called if Start() was.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Start();
  // Waits until all threads have ended: for running handlers, not for queued jobs, of which there
  // must be none; and no helper is under way.
  void Stop();

  void Add(Member* member);

  // What one batch of a front end brings, in one turn of the lock.
  struct Arrivals {
    std::vector<Job*>
        jobs;  // in: new requests. out: those that were refused; the rest belongs to the pool.
    std::optional<Duration> want;
    Duration round_trip{};  // as the front end measures it; zero: it does not say
    uint32_t declined = 0;
    uint32_t granted =
        0;  // out: places for the member that brought this; others are told by Granted()
  };
  void Arrive(Member* member, Arrivals* arrivals);

  // The calling thread will call Help() soon after each Arrive(): tiny jobs that arrive on it may
  // be left to it. Null: no more. A helper takes the place and the number of an idle worker
  // meanwhile, so that no more handlers run than there are threads; one helper at a time. It gets
  // nothing when there is only one worker, which thereby is the only thread that handlers ever see,
  // and no Job that needs a worker.
  static void SetHelper(Helper* helper);
  enum class Helped : uint8_t { kDone, kReplaced };
  // Runs what was left to this thread, about 50 us of it, if anything was.
  Helped Help();

  // May be called, and is meant to be, under the lock of the member that the jobs belong to: that
  // keeps them alive. `ready` have been accepted with an incomplete body that is complete now.
  // `cancelled` have been accepted too; out: those that had not started and now belong to the
  // caller. The others are running, or about to leave by themselves. Places that this frees are
  // given by Settle(), to be called without that lock.
  void Update(const std::vector<Job*>& ready, std::vector<Job*>* cancelled);
  void Settle();
  // The member leaves; `unfinished` is as `cancelled` of Update(), and so is the lock.
  void Remove(Member* member, std::vector<Job*>* unfinished);

  // Response bodies that can't be sent yet.
  void HoldBytes(uint64_t bytes);
  // Under any lock; Settle() gives what this makes possible.
  void ReleaseBytes(uint64_t bytes);

  // Accepts and grants nothing more. What has not started goes back to its members with Returned().
  void Drain();
  // Waits until nothing is accepted. False: `deadline` has passed first. Lasting only after
  // Drain().
  bool AwaitIdle(Time deadline);

  Load load() const;  // no lock: a moment's view
  int max_threads() const { return options_.max_threads; }
  int threads() const { return threads_now_.load(std::memory_order_relaxed); }
  int running_max() const { return running_max_.load(std::memory_order_relaxed); }
  int queued() const { return queued_now_.load(std::memory_order_relaxed); }
  Duration round_trip() const;
  Duration mean_service() const;
  const Counters& counters() const { return counters_; }

 private:
  struct Worker {
    std::thread thread;
    CondVar wake;
    bool alive = false;      // its number is taken
    bool signalled = false;  // was taken off idle_ to look at the queue
    bool lent = false;       // was taken off idle_ because a helper runs in its place
    bool overslept = false;  // while it was lent it could have ended
    // The member for which it has kept back an answer, while it runs the next job of the same
    // member, which keeps it alive; and since when.
    Member* keeps_back = nullptr;
    Time keeps_back_since{};
    std::atomic<bool> handed_over{true};  // that answer has reached the member
  };
  // What a turn of the lock decided and is said to members after it.
  struct Decisions {
    std::vector<std::pair<std::shared_ptr<Member>, uint32_t>> grants;
    std::vector<Job*> returned;
    std::vector<std::shared_ptr<Member>> flushes;
    Helper* replaced = nullptr;
  };

  void Work(int number);
  void RunTimer();
  // Waits for work. Null: the thread ends.
  Job* AwaitWork(int number) ABSL_LOCKS_EXCLUDED(mu_);
  // Runs `job` and then what the queue has; a helper stops at its time.
  void RunJobs(Job* job, int number, std::optional<Time> helper_until) ABSL_LOCKS_EXCLUDED(mu_);
  // `job` has left its queue and runs from now on.
  void BeginLocked(Job* job, Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Null: the queue is empty.
  Job* TakeLocked(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EnqueueLocked(Job* job, Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Picks as many threads as there are jobs that nobody is on his way to. The caller notifies them
  // once it has let go of the lock, so that they don't run into it.
  // Tiny jobs are left to the threads that are at it, for kTinyWait at most.
  using Wakes = absl::InlinedVector<CondVar*, 8>;
  void WakeLocked(Time now, Wakes* wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WakeUpToLocked(int most, Wakes* wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<Time> NextTimerLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool StartThreadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // True: the job was unstarted and is the caller's now.
  bool WithdrawLocked(Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReturnAllLocked(Decisions* decisions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void GrantLocked(Time now, Decisions* decisions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // When the oldest job for which no thread is on its way joined the queue.
  std::optional<Time> OldestUnattendedLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimerLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PublishLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // `own` gets its grants in the return value instead of by Granted().
  uint32_t Announce(Decisions* decisions, const Member* own) ABSL_LOCKS_EXCLUDED(mu_);

  // --- Tiny handlers: worker_pool_tiny.cc
  // Whether handlers take less time than waking a thread for them.
  bool TinyLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // How many threads should be on their way to the queue.
  int WantedWakesLocked(Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // What becomes of a worker's answer for `member`, when it goes on with `next`: several tiny ones
  // for one front end go out together, the last one takes them along.
  Job::Send SendLocked(Worker* self, Member* member, const Job* next, Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Leaves tiny jobs to the calling thread if it is a helper.
  void LendLocked(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The helper's first job, or the next after a pause; null: none that it may run. `starting` is
  // the caller's room for those whose start is reported together.
  Job* BeginForHelper(int number, std::vector<Job*>* starting) ABSL_LOCKS_EXCLUDED(mu_);
  // What it has set aside, and until `until` what the queue has.
  Job* TakeForHelperLocked(Time now, Time until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes about kTinyShare of work off the queue, whose first job reports its start.
  void SetAsideLocked(std::vector<Job*>* jobs) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes room for the helper's jobs in the queue again, before all others.
  void PutBackLocked(Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The timer thread sees to what is left to busy threads, or kept back by them.
  void LookLaterLocked(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndTinyWaitsLocked(Time now, Decisions* decisions, Wakes* wakes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  Counters counters_;

  // Written under mu_, read anywhere.
  std::atomic<int> accepted_now_{0};
  std::atomic<int> running_now_{0};
  std::atomic<int> limit_now_{0};
  std::atomic<int> threads_now_{0};
  std::atomic<int> queued_now_{0};
  std::atomic<int> running_max_{0};

  mutable Mutex mu_;
  Admission admission_ ABSL_GUARDED_BY(mu_);
  JobQueue queue_ ABSL_GUARDED_BY(mu_);  // ready to run, in the order of arrival
  JobQueue held_ ABSL_GUARDED_BY(mu_);   // accepted, body incomplete
  std::vector<std::unique_ptr<Worker>> workers_ ABSL_GUARDED_BY(mu_);  // by number
  std::vector<int> idle_ ABSL_GUARDED_BY(mu_);                         // a stack
  int alive_ ABSL_GUARDED_BY(mu_) = 0;
  int waking_ ABSL_GUARDED_BY(mu_) = 0;  // woken or starting, not yet looking at the queue
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  Helper* helper_ ABSL_GUARDED_BY(mu_) = nullptr;  // runs jobs, or is about to
  Time helper_since_ ABSL_GUARDED_BY(mu_){};
  bool helper_coming_ ABSL_GUARDED_BY(mu_) = false;  // counted in waking_
  bool helper_replaced_ ABSL_GUARDED_BY(mu_) = false;
  JobQueue aside_ ABSL_GUARDED_BY(mu_);  // the helper runs these next: their front end is told
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Time last_taken_ ABSL_GUARDED_BY(mu_){};             // when a thread last took a job
  Time tiny_look_ ABSL_GUARDED_BY(mu_) = Time::max();  // when EndTinyWaitsLocked() is due
  bool taken_since_look_ ABSL_GUARDED_BY(mu_) = false;
  int done_waiters_ ABSL_GUARDED_BY(mu_) = 0;
  CondVar all_done_;  // for AwaitIdle()

  std::thread timer_;
  CondVar timer_wake_;
  Time timer_armed_ ABSL_GUARDED_BY(mu_) = Time::max();  // when the timer thread looks next
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_WORKER_POOL_H_
