#include "frontend/static/file_io.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace anteroom::frontend {

FileIo::FileIo(uint32_t threads, size_t queue_limit)
    : queue_limit_(queue_limit), slow_limit_(std::max<uint32_t>(threads, 2) - 1) {
  threads = std::max<uint32_t>(threads, 1);
  threads_.reserve(threads);
  for (uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
    const std::string name = "file-io-" + std::to_string(i);
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

FileIo::~FileIo() { Shutdown(); }

bool FileIo::Submit(Lane lane, Work work) {
  MutexLock lock(&mu_);
  std::deque<Work>& queue = lane == Lane::kQuick ? quick_ : lane == Lane::kSlow ? slow_ : compute_;
  if (stopping_) return false;
  if (queue.size() >= (lane == Lane::kCompute ? kComputeLimit : queue_limit_)) {
    ++refused_;
    return false;
  }
  queue.push_back(std::move(work));
  wake_.NotifyOne();
  return true;
}

bool FileIo::SubmitContinuation(Work work) {
  MutexLock lock(&mu_);
  if (stopping_) return false;
  continuations_.push_back(std::move(work));
  wake_.NotifyOne();
  return true;
}

void FileIo::Close(int fd) {
  {
    MutexLock lock(&mu_);
    if (!stopping_) {
      to_close_.push_back(fd);
      wake_.NotifyOne();
      return;
    }
  }
  close(fd);
}

bool FileIo::RunnableLocked() const {
  if (stopping_ || !quick_.empty()) return true;
  return slow_running_ < slow_limit_ &&
         (!slow_.empty() || !continuations_.empty() || !compute_.empty() || !to_close_.empty());
}

FileIo::Work FileIo::TakeSlowLocked() {
  std::deque<Work>* const queues[] = {&slow_, &continuations_, &compute_};
  const size_t size = slow_.size() + continuations_.size() + compute_.size();
  while (queues[turn_]->empty()) turn_ = (turn_ + 1) % std::size(queues);
  std::deque<Work>& queue = *queues[turn_];
  if (queue.size() < size) turn_ = (turn_ + 1) % std::size(queues);
  Work work = std::move(queue.front());
  queue.pop_front();
  return work;
}

// A thread looks at all queues again before it waits, so one wake-up for each piece of work is
// enough, even when it reaches a thread that may not take that piece: the thread that has the last
// slow place is busy and will look.
void FileIo::Run() {
  while (true) {
    Work work;
    std::vector<int> to_close;
    bool slow = false;
    {
      MutexLock lock(&mu_);
      while (!RunnableLocked()) wake_.Wait(&mu_);
      if (stopping_) return;
      if (!quick_.empty()) {
        work = std::move(quick_.front());
        quick_.pop_front();
      } else {
        slow = true;
        ++slow_running_;
        to_close.swap(to_close_);
        if (to_close.empty()) work = TakeSlowLocked();
      }
    }
    for (const int fd : to_close) close(fd);
    if (work) work();
    // Dropped without the lock: what the work holds may end here and come back to Close().
    const bool counted = static_cast<bool>(work);
    work = Work();
    MutexLock lock(&mu_);
    if (slow) --slow_running_;
    if (counted) ++done_;
  }
}

void FileIo::Shutdown() {
  std::deque<Work> quick;
  std::deque<Work> slow;
  std::deque<Work> continuations;
  std::deque<Work> compute;
  std::vector<int> to_close;
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    quick.swap(quick_);
    slow.swap(slow_);
    continuations.swap(continuations_);
    compute.swap(compute_);
    to_close.swap(to_close_);
    wake_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const int fd : to_close) close(fd);
}

FileIo::Counts FileIo::counts() const {
  MutexLock lock(&mu_);
  return {done_, refused_, quick_.size() + slow_.size() + continuations_.size() + compute_.size()};
}

}  // namespace anteroom::frontend
