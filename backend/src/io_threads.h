// The threads that wait on gRPC's completion queues.
#ifndef ANTEROOM_BACKEND_SRC_IO_THREADS_H_
#define ANTEROOM_BACKEND_SRC_IO_THREADS_H_

#include <memory>
#include <thread>
#include <vector>

#include "backend/src/worker_pool.h"
#include "common/mutex.h"
#include "grpcpp/grpcpp.h"

namespace anteroom::backend {

// One thread for each queue, and one to spare. A thread runs tiny handlers itself when its queue
// has brought them (see WorkerPool::Help). When one of those turns out to take its time, the spare
// thread goes on with the queue, and the other is the spare one when it is done.
//
// Threading: Start() and Join() from the owner's thread.
class IoThreads {
 public:
  // `pool` outlives this.
  explicit IoThreads(WorkerPool* pool);
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  // `queues` give Completions, and stay until Join() has returned.
  void Start(const std::vector<grpc::ServerCompletionQueue*>& queues);
  // Waits until every queue has been shut down and is empty. May be called twice.
  void Join();

 private:
  class Queue;

  void Run(int number);
  // Waits for a queue that nobody waits on. Null: all have ended.
  Queue* AwaitQueue();
  void HandOver(Queue* queue);

  WorkerPool* const pool_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::vector<std::thread> threads_;

  Mutex mu_;
  CondVar changed_;
  std::vector<Queue*> unattended_ ABSL_GUARDED_BY(mu_);
  size_t open_ ABSL_GUARDED_BY(mu_) = 0;  // queues that have not ended
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_IO_THREADS_H_
