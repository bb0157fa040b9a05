// grpc.health.v1.Health, for kubelets, load balancers and front ends.
#ifndef ANTEROOM_BACKEND_SRC_HEALTH_H_
#define ANTEROOM_BACKEND_SRC_HEALTH_H_

#include <memory>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "backend/src/call_count.h"
#include "common/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace anteroom::backend {

// Threading: any method from any thread. Answers on the I/O thread, so however busy the workers
// are.
//
// Knows the services "" (the process) and "anteroom.v1.Backend"; both serve until
// SetServing(false). Other names are NOT_FOUND for Check and SERVICE_UNKNOWN for Watch, as the
// protocol has it.
class Health {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // `calls` outlives this.
  explicit Health(CallCount* calls) : calls_(calls) {}
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // To be registered with the server.
  grpc::Service* service() { return &service_; }
  // Begins to answer on that queue; once the server has started.
  void Serve(grpc::ServerCompletionQueue* queue);
  // Tells everybody who watches.
  void SetServing(bool serving);

 private:
  class Check;
  class Watch;

  static bool IsKnown(absl::string_view name);
  Status StatusOf(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);

  CallCount* const calls_;
  grpc::health::v1::Health::AsyncService service_;
  Mutex mu_;
  bool serving_ ABSL_GUARDED_BY(mu_) = true;
  absl::flat_hash_set<std::shared_ptr<Watch>> watches_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_HEALTH_H_
