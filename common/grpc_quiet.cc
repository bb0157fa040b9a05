#include "common/grpc_quiet.h"

#include <grpc/event_engine/event_engine.h>
#include <grpc/grpc.h>
#include <grpcpp/version_info.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/mutex.h"
#include "common/timer_thread.h"

#if GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR == 51

// Of gRPC's src/core/lib/iomgr/timer_manager.h and timer.h. Weak: null where the library does not
// export them. Starts or stops (and joins) gRPC's timer threads.
__attribute__((weak)) void grpc_timer_manager_set_threading(bool enabled);
// Runs in the calling thread all timers that are due.
__attribute__((weak)) void grpc_timer_manager_tick();
// Makes the next tick of the calling thread look at the timers themselves. Without it a tick trusts
// what the thread saw last time, which does not tell of timers set since, and may skip one.
__attribute__((weak)) void grpc_timer_consume_kick();

namespace anteroom {
namespace {

using grpc_event_engine::experimental::EndpointConfig;
using grpc_event_engine::experimental::EventEngine;
using grpc_event_engine::experimental::MemoryAllocator;
using grpc_event_engine::experimental::MemoryAllocatorFactory;

[[noreturn]] void NotOurs(const char* method) {
  std::fprintf(stderr,
               "EventEngine::%s was called, but only iomgr connects, listens and resolves here\n",
               method);
  std::abort();
}

// gRPC makes and drops these as it likes, also from work that runs on the thread; so the thread is
// not theirs.
class QuietEngine final : public EventEngine {
 public:
  explicit QuietEngine(std::shared_ptr<TimerThread> thread) : thread_(std::move(thread)) {}

  bool IsWorkerThread() override { return thread_->IsCurrent(); }
  void Run(Closure* closure) override {
    thread_->Run([closure] { closure->Run(); });
  }
  void Run(absl::AnyInvocable<void()> closure) override { thread_->Run(std::move(closure)); }
  TaskHandle RunAfter(Duration when, Closure* closure) override {
    return RunAfter(when, [closure] { closure->Run(); });
  }
  TaskHandle RunAfter(Duration when, absl::AnyInvocable<void()> closure) override {
    const Time now = Now();
    const Time at = when < Time::max() - now ? now + when : Time::max();
    const TimerThread::Handle handle = thread_->RunAt(at, std::move(closure));
    return {{static_cast<intptr_t>(handle.when.time_since_epoch().count()),
             static_cast<intptr_t>(handle.number)}};
  }
  bool Cancel(TaskHandle handle) override {
    return thread_->Cancel(
        {Time(Time::duration(handle.keys[0])), static_cast<uint64_t>(handle.keys[1])});
  }

  absl::StatusOr<std::unique_ptr<Listener>> CreateListener(
      Listener::AcceptCallback /*on_accept*/,
      absl::AnyInvocable<void(absl::Status)> /*on_shutdown*/, const EndpointConfig& /*config*/,
      std::unique_ptr<MemoryAllocatorFactory> /*f*/) override {
    NotOurs("CreateListener");
  }
  ConnectionHandle Connect(OnConnectCallback /*on_connect*/, const ResolvedAddress& /*address*/,
                           const EndpointConfig& /*config*/, MemoryAllocator /*allocator*/,
                           Duration /*timeout*/) override {
    NotOurs("Connect");
  }
  bool CancelConnect(ConnectionHandle /*handle*/) override { NotOurs("CancelConnect"); }
  std::unique_ptr<DNSResolver> GetDNSResolver(
      const DNSResolver::ResolverOptions& /*options*/) override {
    NotOurs("GetDNSResolver");
  }

 private:
  static_assert(sizeof(intptr_t) >= sizeof(int64_t), "a TaskHandle holds a time and a number");

  const std::shared_ptr<TimerThread> thread_;
};

bool CanTick() {
  return grpc_timer_manager_set_threading != nullptr && grpc_timer_manager_tick != nullptr &&
         grpc_timer_consume_kick != nullptr;
}

}  // namespace

class QuietGrpc::Impl {
 public:
  Impl() : thread_(std::make_shared<TimerThread>("grpc-quiet")), ticks_(CanTick()) {
    // Before gRPC starts, so that it never makes an engine of its own.
    grpc_event_engine::experimental::SetEventEngineFactory(
        [thread = thread_] { return std::make_unique<QuietEngine>(thread); });
    // Without a reference gRPC would end, and begin again with its own thread, whenever the last
    // channel goes and the next one comes.
    grpc_init();
    if (!CanTick()) return;
    grpc_timer_manager_set_threading(false);
    ScheduleTick();
  }

  ~Impl() {
    if (CanTick()) {
      {
        MutexLock lock(&mu_);
        ticks_ = false;
      }
      grpc_timer_manager_set_threading(true);
    }
    // Engines made from here on are gRPC's own.
    grpc_event_engine::experimental::EventEngineFactoryReset();
    // May end gRPC altogether, which may want to run something on the thread.
    grpc_shutdown();
    thread_->Stop();
  }

 private:
  void ScheduleTick() {
    thread_->RunAt(Now() + kTimerPeriod, [this] { Tick(); });
  }

  void Tick() {
    // Held meanwhile, so that no tick runs on while gRPC is being shut down.
    MutexLock lock(&mu_);
    if (!ticks_) return;
    grpc_timer_consume_kick();
    grpc_timer_manager_tick();
    ScheduleTick();
  }

  const std::shared_ptr<TimerThread> thread_;
  Mutex mu_;
  bool ticks_ ABSL_GUARDED_BY(mu_);
};

QuietGrpc::QuietGrpc() : impl_(std::make_unique<Impl>()) {}

bool QuietGrpc::Possible() { return CanTick(); }

}  // namespace anteroom

#else

namespace anteroom {

class QuietGrpc::Impl {};

QuietGrpc::QuietGrpc() = default;

bool QuietGrpc::Possible() { return false; }

}  // namespace anteroom

#endif

namespace anteroom {

QuietGrpc::~QuietGrpc() = default;

}  // namespace anteroom
