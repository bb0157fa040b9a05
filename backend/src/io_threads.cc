#include "backend/src/io_threads.h"

#include <pthread.h>

#include "absl/strings/str_cat.h"
#include "backend/src/completion.h"

namespace anteroom::backend {

class IoThreads::Queue final : public Helper {
 public:
  Queue(IoThreads* threads, grpc::ServerCompletionQueue* queue)
      : threads_(threads), queue_(queue) {}

  // Until the queue has ended (true), or another thread has gone on with it (false).
  bool Serve(WorkerPool* pool) {
    WorkerPool::SetHelper(this);
    void* tag;
    bool ok;
    while (queue_->Next(&tag, &ok)) {
      static_cast<Completion*>(tag)->Run(ok);
      if (pool->Help() == WorkerPool::Helped::kReplaced) return false;
    }
    return true;
  }

  void Replace() override { threads_->HandOver(this); }

 private:
  IoThreads* const threads_;
  grpc::ServerCompletionQueue* const queue_;
};

IoThreads::IoThreads(WorkerPool* pool) : pool_(pool) {}

IoThreads::~IoThreads() { Join(); }

void IoThreads::Start(const std::vector<grpc::ServerCompletionQueue*>& queues) {
  MutexLock lock(&mu_);
  open_ = queues.size();
  for (grpc::ServerCompletionQueue* queue : queues) {
    queues_.push_back(std::make_unique<Queue>(this, queue));
    unattended_.push_back(queues_.back().get());
  }
  for (size_t i = 0; i <= queues.size(); ++i) {
    threads_.emplace_back([this, i] { Run(static_cast<int>(i)); });
  }
}

void IoThreads::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void IoThreads::Run(int number) {
  pthread_setname_np(pthread_self(), absl::StrCat("io-", number).c_str());
  while (Queue* queue = AwaitQueue()) {
    if (!queue->Serve(pool_)) continue;
    MutexLock lock(&mu_);
    if (--open_ == 0) changed_.NotifyAll();
  }
}

IoThreads::Queue* IoThreads::AwaitQueue() {
  MutexLock lock(&mu_);
  while (unattended_.empty() && open_ > 0) changed_.Wait(&mu_);
  if (unattended_.empty()) return nullptr;
  Queue* queue = unattended_.back();
  unattended_.pop_back();
  return queue;
}

void IoThreads::HandOver(Queue* queue) {
  MutexLock lock(&mu_);
  unattended_.push_back(queue);
  changed_.NotifyOne();
}

}  // namespace anteroom::backend
