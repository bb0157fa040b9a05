#include "frontend/dispatch/completion_source.h"

#include <fcntl.h>
#include <grpcpp/completion_queue.h>
#include <pthread.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "common/unique_fd.h"
#include "frontend/net/event_handles.h"
#include "frontend/net/loop.h"

namespace anteroom::frontend {
namespace {

using NextStatus = grpc::CompletionQueue::NextStatus;

// --- Loop pump

class LoopQueue final : public StreamQueue, private FdHandler {
 public:
  LoopQueue(Loop* loop, int fd, Stream* stream)
      : loop_(loop),
        stream_(stream),
        fd_(fcntl(fd, F_DUPFD_CLOEXEC, 0)),
        watch_(loop, fd_.get(), this) {
    // Without a descriptor to spare the stream never hears anything and is closed by its connect
    // time-out.
    if (fd_.valid()) watch_.WatchRead(true);
  }

  ~LoopQueue() override {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) std::abort();  // an operation outlived its stream
  }

  bool tells_readiness() const override { return true; }
  grpc::CompletionQueue* queue() override { return &queue_; }

  int Harvest() override {
    int completed = 0;
    while (Next()) ++completed;
    if (stream_->writing()) WatchForRoom();
    return completed;
  }

  void HarvestWrite() override {
    while (stream_->writing() && Next()) {
    }
    if (stream_->writing()) WatchForRoom();
  }

 private:
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC)) != NextStatus::GOT_EVENT)
      return false;
    static_cast<CompletionTag*>(tag)->Complete(ok);
    return true;
  }

  // A write that is not through waits for room in the socket, which is told here, or for the
  // backend's HTTP/2 window, which comes as something to read. Only the edge tells the one from the
  // other: with a closed window the socket is writable all the time. It has a descriptor of its
  // own, since reading is watched by level, and stays on: the kernel reports room only after it has
  // run out.
  void WatchForRoom() {
    if (room_watch_ || !fd_.valid()) return;
    room_fd_.Reset(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!room_fd_.valid()) return;
    room_watch_.emplace(loop_, room_fd_.get(), static_cast<FdHandler*>(this),
                        FdWatch::Trigger::kEdge);
    room_watch_->WatchWrite(true);
  }

  void OnReadable() override {
    // First gRPC takes what the socket has, then the stream may begin to read it.
    Harvest();
    stream_->OnReadiness();
  }
  void OnWritable() override { Harvest(); }

  Loop* const loop_;
  Stream* const stream_;
  grpc::CompletionQueue queue_;
  const UniqueFd fd_;
  FdWatch watch_;
  UniqueFd room_fd_;
  std::optional<FdWatch> room_watch_;  // from the first write on that was not through at once
};

class LoopSource final : public CompletionSource {
 public:
  explicit LoopSource(Loop* loop) : loop_(loop) {}
  std::unique_ptr<StreamQueue> NewQueue(int fd, StreamQueue::Stream* stream) override {
    return std::make_unique<LoopQueue>(loop_, fd, stream);
  }

 private:
  Loop* const loop_;
};

// --- Thread pump

// All streams of the loop share the queue of the one thread.
class SharedQueue final : public StreamQueue {
 public:
  explicit SharedQueue(grpc::CompletionQueue* queue) : queue_(queue) {}
  bool tells_readiness() const override { return false; }
  grpc::CompletionQueue* queue() override { return queue_; }
  int Harvest() override { return 0; }
  void HarvestWrite() override {}

 private:
  grpc::CompletionQueue* const queue_;
};

class ThreadSource final : public CompletionSource {
 public:
  explicit ThreadSource(Loop* loop) : loop_(loop), thread_([this] { Run(); }) {
    pthread_setname_np(thread_.native_handle(), "grpc-pump");
  }

  ~ThreadSource() override {
    queue_.Shutdown();
    thread_.join();
  }

  std::unique_ptr<StreamQueue> NewQueue(int /*fd*/, StreamQueue::Stream* /*stream*/) override {
    return std::make_unique<SharedQueue>(&queue_);
  }

 private:
  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      loop_->Post([tag, ok] { static_cast<CompletionTag*>(tag)->Complete(ok); });
    }
  }

  Loop* const loop_;
  grpc::CompletionQueue queue_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<CompletionSource> NewCompletionSource(CompletionPump kind, Loop* loop) {
  switch (kind) {
    case CompletionPump::kLoop:
      return std::make_unique<LoopSource>(loop);
    case CompletionPump::kThread:
      return std::make_unique<ThreadSource>(loop);
  }
  std::abort();
}

void PrepareGrpc() {
  // The loop pump is not safe with any other strategy, so this is not left to the environment.
  setenv("GRPC_POLL_STRATEGY", "poll", /*overwrite=*/1);
}

}  // namespace anteroom::frontend
