// The gRPC server: one port, its I/O threads, the links on it and the health service.
#ifndef ANTEROOM_BACKEND_SRC_SERVICE_H_
#define ANTEROOM_BACKEND_SRC_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "anteroom/v1/anteroom.grpc.pb.h"
#include "backend/src/call_count.h"
#include "backend/src/exchange_stream.h"
#include "backend/src/health.h"
#include "backend/src/io_threads.h"
#include "backend/src/link.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "grpcpp/grpcpp.h"

namespace anteroom::backend {

// Threading: Start() and Stop() from the owner's thread, the rest from any.
//
// Why completion queues and not gRPC's callback API: on Linux gRPC 1.51 serves that from threads
// which wake up every second and may sleep 100 ms at a time on work that is there. Ours block in
// Next() without a deadline: an idle process doesn't run at all, and a batch is decoded the moment
// it arrives.
class Service {
 public:
  // `host` outlives the service.
  explicit Service(const LinkHost* host) : host_(host), io_threads_(host->pool) {}
  ~Service() { Stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Unavailable when the address can't be listened on.
  absl::Status Start(const std::string& address, int io_threads);
  int port() const { return port_; }

  // Not healthy any more; every link is told, and closes once nothing is left on it.
  void Drain();
  // Waits until no link is left. False: `deadline` has passed first.
  bool AwaitNoLinks(Time deadline);
  // Cuts what is left and joins the threads. May be called twice.
  void Stop();

 private:
  using Streams = absl::flat_hash_set<std::shared_ptr<ExchangeStream>>;

  void AwaitStream(grpc::ServerCompletionQueue* queue);
  void OnOpen(const std::shared_ptr<ExchangeStream>& stream);
  void OnEnd(const std::shared_ptr<ExchangeStream>& stream);

  const LinkHost* const host_;
  v1::Backend::AsyncService backend_;
  CallCount calls_;
  Health health_{&calls_};
  int port_ = 0;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  IoThreads io_threads_;

  Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  Streams streams_ ABSL_GUARDED_BY(mu_);
  CondVar streams_changed_;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_SERVICE_H_
