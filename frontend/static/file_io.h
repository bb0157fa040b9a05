// The few threads that do what may wait for a disk: open, stat, read and close, for all loops.
//
// Threading: every function may be called on any thread, except Shutdown, which is called once and
// not on a file-I/O thread. Work runs on a file-I/O thread and hands its result to a loop by
// posting.
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_IO_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_IO_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "common/mutex.h"

namespace anteroom::frontend {

// Runs a function on a loop, in order, later. Safe to call from any thread.
using Poster = std::function<void(std::function<void()>)>;

class FileIo {
 public:
  using Work = absl::AnyInvocable<void()>;

  // kQuick is for what the kernel most likely answers from memory (a second look at a hot file). It
  // is taken first, and with two threads or more one of them does nothing else, so that hot files
  // never wait behind cold ones. kCompute is for what takes a processor for milliseconds
  // (compression); it takes turns with the slow work, so that neither waits for all of the other.
  enum class Lane { kQuick, kSlow, kCompute };

  // What may wait in kCompute. A cold file waits for one of these at a time, but whoever waits for
  // the last of them waits for all.
  static constexpr size_t kComputeLimit = 32;

  // `queue_limit` bounds the work that waits in each of the other lanes.
  FileIo(uint32_t threads, size_t queue_limit);
  // Calls Shutdown when that has not been done.
  ~FileIo();
  FileIo(const FileIo&) = delete;
  FileIo& operator=(const FileIo&) = delete;

  // False, and `work` is dropped, when the lane is full or after Shutdown. Work that begins an
  // answer comes this way: refused, it becomes a 503.
  [[nodiscard]] bool Submit(Lane lane, Work work);
  // For the next piece of a transfer that has begun. Not refused, since each transfer has at most one
  // such piece waiting and connections are bounded. Takes turns with kSlow and kCompute, so that none
  // waits for all of another. False after Shutdown.
  [[nodiscard]] bool SubmitContinuation(Work work);
  // Closes `fd` on a file-I/O thread; after Shutdown at once.
  void Close(int fd);

  // Lets running work end, drops what waits, closes what is to be closed and joins the threads.
  // Loops must still be able to take posts. The object stays usable: it refuses everything.
  void Shutdown();

  struct Counts {
    uint64_t done = 0;
    uint64_t refused = 0;  // Submit said no since the lane was full
    size_t waiting = 0;
  };
  Counts counts() const;

 private:
  void Run();
  bool RunnableLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Work TakeSlowLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t queue_limit_;
  const uint32_t slow_limit_;  // threads that may do slow work at the same time

  mutable Mutex mu_;
  CondVar wake_;
  std::deque<Work> quick_ ABSL_GUARDED_BY(mu_);
  std::deque<Work> slow_ ABSL_GUARDED_BY(mu_);
  std::deque<Work> continuations_ ABSL_GUARDED_BY(mu_);
  std::deque<Work> compute_ ABSL_GUARDED_BY(mu_);
  size_t turn_ ABSL_GUARDED_BY(mu_) = 0;  // which of the three above comes next
  std::vector<int> to_close_ ABSL_GUARDED_BY(mu_);
  uint32_t slow_running_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t done_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t refused_ ABSL_GUARDED_BY(mu_) = 0;

  std::vector<std::thread> threads_;  // constant between construction and Shutdown
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_IO_H_
