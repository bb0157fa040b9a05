#include "frontend/net/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

#include "common/unique_fd.h"
#include "frontend/net/event_handles.h"

namespace anteroom::frontend {
namespace {

event_base* NewBase() {
  event_config* config = event_config_new();
  if (config == nullptr) std::abort();
  // Nothing outside this thread touches the base (Post goes through an eventfd), so libevent's
  // locks are not needed.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  // Not EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST, which tells epoll of a removed watch only when the
  // turn is over. Links watch duplicates of sockets that gRPC holds as well: by then the duplicate
  // is closed, the registration lives on with the other one, and the next owner of the number is
  // woken for it without end.
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (base == nullptr) std::abort();
  return base;
}

}  // namespace

// The eventfd that ends the wait. It is only emptied here; what was posted runs in every turn
// anyway.
class Loop::Wake final : public FdHandler {
 public:
  explicit Wake(Loop* loop) : fd_(NewEventFd()), watch_(loop, fd_.get(), this) {
    watch_.WatchRead(true);
  }

  void Signal() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(fd_.get(), &one, sizeof one);
  }

 private:
  static int NewEventFd() {
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) std::abort();
    return fd;
  }
  void OnReadable() override {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(fd_.get(), &count, sizeof count);
  }
  void OnWritable() override {}

  const UniqueFd fd_;
  FdWatch watch_;
};

void Loop::BaseDeleter::operator()(event_base* base) const { event_base_free(base); }

Loop::Loop()
    : base_(NewBase()),
      common_timeouts_(base_.get()),
      wake_(std::make_unique<Wake>(this)),
      thread_(std::this_thread::get_id()) {}

Loop::~Loop() = default;

void Loop::Run() {
  thread_ = std::this_thread::get_id();
  while (!stop_.load(std::memory_order_acquire)) {
    now_is_fresh_ = false;
    // libevent waits inside this call; with work deferred it only looks.
    event_base_loop(base_.get(), deferred_.empty() ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
    RunPosted();
    RunDeferred();
    RunTurnEnds();
  }
  RunPosted();
  RunDeferred();
  RunTurnEnds();
}

void Loop::Stop() {
  stop_.store(true, std::memory_order_release);
  Post([] {});
}

void Loop::Post(std::function<void()> fn) {
  bool was_empty = false;
  {
    MutexLock lock(&mu_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(fn));
  }
  if (was_empty) wake_->Signal();
}

void Loop::Defer(std::function<void()> fn) {
  assert(OnLoopThread());
  deferred_.push_back(std::move(fn));
}

void Loop::WantTurnEnd(TurnEnd* hook) {
  assert(OnLoopThread());
  if (hook->wanted_) return;
  hook->wanted_ = true;
  turn_ends_.push_back(hook);
}

void Loop::WithdrawTurnEnd(TurnEnd* hook) {
  if (!hook->wanted_) return;
  hook->wanted_ = false;
  std::replace(turn_ends_.begin(), turn_ends_.end(), hook, static_cast<TurnEnd*>(nullptr));
}

void Loop::RunPosted() {
  std::vector<std::function<void()>> batch;
  {
    MutexLock lock(&mu_);
    batch.swap(posted_);
  }
  for (auto& fn : batch) fn();
}

void Loop::RunDeferred() {
  if (deferred_.empty()) return;
  std::vector<std::function<void()>> batch;
  batch.swap(deferred_);
  for (auto& fn : batch) fn();
}

void Loop::RunTurnEnds() {
  // A hook may ask for another one (a flush that finds a broken link requeues its requests): those
  // run too.
  for (size_t i = 0; i < turn_ends_.size(); ++i) {
    TurnEnd* hook = turn_ends_[i];
    if (hook == nullptr) continue;
    hook->wanted_ = false;
    turn_ends_[i] = nullptr;
    hook->OnTurnEnd();
  }
  turn_ends_.clear();
}

}  // namespace anteroom::frontend
