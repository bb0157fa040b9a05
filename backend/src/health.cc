#include "backend/src/health.h"

#include <utility>
#include <vector>

#include "backend/src/completion.h"

namespace anteroom::backend {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Owns itself: from the wait for a call until its answer is on the wire.
class Health::Check {
 public:
  static void Await(Health* health, grpc::ServerCompletionQueue* queue) {
    Check* call = new Check(health, queue);
    health->service_.RequestCheck(&call->context_, &call->request_, &call->writer_, queue, queue,
                                  &call->called_);
  }

 private:
  Check(Health* health, grpc::ServerCompletionQueue* queue)
      : health_(health),
        queue_(queue),
        called_([this](bool ok) { OnCalled(ok); }),
        finished_([this](bool) { delete this; }) {}

  void OnCalled(bool ok) {
    if (!ok) {  // the server shuts down
      delete this;
      return;
    }
    Await(health_, queue_);
    if (!IsKnown(request_.service())) {
      writer_.FinishWithError(grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service"),
                              &finished_);
      return;
    }
    HealthCheckResponse response;
    response.set_status(health_->StatusOf(request_.service()));
    writer_.Finish(response, grpc::Status::OK, &finished_);
  }

  Health* const health_;
  grpc::ServerCompletionQueue* const queue_;
  const CallCount::Token token_{health_->calls_};
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncResponseWriter<HealthCheckResponse> writer_{&context_};
  Completion called_;
  Completion finished_;
};

// Writes the status now and after each change, until the client leaves. Shared between the
// operations in the queue
// (`self_`) and the set of watches.
class Health::Watch : public std::enable_shared_from_this<Watch> {
 public:
  static void Await(Health* health, grpc::ServerCompletionQueue* queue) {
    std::shared_ptr<Watch> call(new Watch(health, queue));
    call->self_ = call;
    call->context_.AsyncNotifyWhenDone(&call->left_);
    health->service_.RequestWatch(&call->context_, &call->request_, &call->writer_, queue, queue,
                                  &call->called_);
  }

  void Update() {
    MutexLock lock(&mu_);
    if (!writing_ && !ended_) WriteLocked();
  }

 private:
  Watch(Health* health, grpc::ServerCompletionQueue* queue)
      : health_(health),
        queue_(queue),
        called_([this](bool ok) { OnCalled(ok); }),
        left_([this](bool) { OnLeft(); }),
        written_([this](bool ok) { OnWritten(ok); }),
        finished_([this](bool) { Done(); }) {}

  void OnCalled(bool ok) {
    if (!ok) {  // the server shuts down; `left_` does not come then
      self_.reset();
      return;
    }
    Await(health_, queue_);
    {
      MutexLock lock(&health_->mu_);
      health_->watches_.insert(shared_from_this());
    }
    {
      MutexLock lock(&mu_);
      outstanding_ = 2;  // this and `left_`
    }
    Update();
    Done();
  }

  void OnWritten(bool ok) {
    {
      MutexLock lock(&mu_);
      writing_ = false;
      if (!ok) ended_ = true;
      if (!ended_) WriteLocked();
      FinishIfEndedLocked();
    }
    Done();
  }

  void OnLeft() {
    {
      MutexLock lock(&health_->mu_);
      health_->watches_.erase(shared_from_this());
    }
    {
      MutexLock lock(&mu_);
      ended_ = true;
      FinishIfEndedLocked();
    }
    Done();
  }

  void WriteLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const Status status = health_->StatusOf(request_.service());
    if (told_ && status == response_.status()) return;
    told_ = true;
    response_.set_status(status);
    writing_ = true;
    ++outstanding_;
    writer_.Write(response_, &written_);
  }

  void FinishIfEndedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!ended_ || writing_ || finishing_) return;
    finishing_ = true;
    ++outstanding_;
    writer_.Finish(grpc::Status::CANCELLED, &finished_);
  }

  void Done() {
    bool last;
    {
      MutexLock lock(&mu_);
      last = --outstanding_ == 0;
    }
    if (last) self_.reset();
  }

  Health* const health_;
  grpc::ServerCompletionQueue* const queue_;
  const CallCount::Token token_{health_->calls_};
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer_{&context_};
  Completion called_;
  Completion left_;
  Completion written_;
  Completion finished_;
  std::shared_ptr<Watch> self_;

  Mutex mu_;
  HealthCheckResponse response_ ABSL_GUARDED_BY(mu_);
  bool told_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  int outstanding_ ABSL_GUARDED_BY(mu_) = 0;
};

void Health::Serve(grpc::ServerCompletionQueue* queue) {
  Check::Await(this, queue);
  Watch::Await(this, queue);
}

void Health::SetServing(bool serving) {
  std::vector<std::shared_ptr<Watch>> watches;
  {
    MutexLock lock(&mu_);
    serving_ = serving;
    watches.assign(watches_.begin(), watches_.end());
  }
  for (const auto& watch : watches) watch->Update();
}

bool Health::IsKnown(absl::string_view name) {
  return name.empty() || name == "anteroom.v1.Backend";
}

Health::Status Health::StatusOf(absl::string_view name) {
  if (!IsKnown(name)) return HealthCheckResponse::SERVICE_UNKNOWN;
  MutexLock lock(&mu_);
  return serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace anteroom::backend
