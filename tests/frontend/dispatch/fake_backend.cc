#include "tests/frontend/dispatch/fake_backend.h"

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "anteroom/v1/anteroom.grpc.pb.h"
#include "common/clock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {

using Stream = grpc::ServerReaderWriter<v1::BackendFrames, v1::FrontendFrames>;

class FakeBackend::Service final : public v1::Backend::Service {
 public:
  explicit Service(const FakeBackendOptions& options) : options_(options) {}

  grpc::Status Exchange(grpc::ServerContext* context, Stream* stream) override {
    Open(context, stream);
    v1::FrontendFrames frames;
    if (options_.reads) {
      while (stream->Read(&frames)) Note(frames, context, stream);
    } else {
      stream->Read(&frames);
      AwaitCancelled(context);
    }
    Close(context, stream);
    return grpc::Status::OK;
  }

  // Writes are serialised by mu_; a stream is not used once Close() has had it.
  void Send(const v1::BackendFrames& frames) {
    MutexLock lock(&mu_);
    if (newest_ != nullptr) newest_->Write(frames);
  }

  void CutStreams() {
    MutexLock lock(&mu_);
    for (grpc::ServerContext* context : contexts_) context->TryCancel();
    changed_.NotifyAll();
  }

  bool Await(absl::string_view what, const std::function<bool(const Received&)>& condition) {
    const Time deadline = anteroom::Now() + std::chrono::seconds(20);
    MutexLock lock(&mu_);
    while (!condition(received_)) {
      if (!changed_.WaitUntil(&mu_, deadline) && !condition(received_)) {
        ADD_FAILURE() << "waited for: " << what << "; " << received_.streams << " streams, "
                      << received_.batches << " batches, " << received_.requests.size()
                      << " requests, " << received_.cancels.size() << " cancels, "
                      << received_.declined << " declined, " << received_.wants << " wants";
        return false;
      }
    }
    return true;
  }

  Received Copy() {
    MutexLock lock(&mu_);
    return received_;
  }

 private:
  void Open(grpc::ServerContext* context, Stream* stream) {
    MutexLock lock(&mu_);
    contexts_.insert(context);
    newest_ = stream;
    ++received_.streams;
    ++received_.open_streams;
    received_.bodies.clear();
    received_.complete.clear();
    received_.credit.clear();
    v1::BackendFrames frames;
    if (options_.says_hello) {
      frames.mutable_hello()->set_protocol(options_.protocol);
      frames.mutable_hello()->set_backend("fake");
      frames.mutable_hello()->set_threads(options_.threads);
      frames.mutable_hello()->set_request_window(options_.request_window);
    }
    stream->Write(frames);
    changed_.NotifyAll();
  }

  void Close(grpc::ServerContext* context, Stream* stream) {
    MutexLock lock(&mu_);
    contexts_.erase(context);
    if (newest_ == stream) newest_ = nullptr;
    --received_.open_streams;
    changed_.NotifyAll();
  }

  void AwaitCancelled(grpc::ServerContext* context) {
    MutexLock lock(&mu_);
    while (!context->IsCancelled()) {
      changed_.WaitUntil(&mu_, anteroom::Now() + std::chrono::milliseconds(10));
    }
  }

  void Note(const v1::FrontendFrames& frames, grpc::ServerContext* context, Stream* stream) {
    MutexLock lock(&mu_);
    ++received_.batches;
    if (frames.requests_size() > 0) {
      received_.batch_sizes.push_back(static_cast<size_t>(frames.requests_size()));
    }
    v1::BackendFrames reply;
    for (const v1::Request& request : frames.requests()) {
      received_.requests.push_back(request);
      received_.bodies[request.id()] = request.body();
      received_.complete[request.id()] = request.body().size() == request.body_size();
      if (options_.dies_of_requests) context->TryCancel();
      if (options_.answers_all) {
        v1::Response* response = reply.add_responses();
        response->set_id(request.id());
        response->set_status(200);
        response->set_last(true);
      }
    }
    for (const v1::BodyChunk& chunk : frames.body()) {
      received_.bodies[chunk.id()] += chunk.data();
      received_.largest_chunk = std::max(received_.largest_chunk, chunk.data().size());
      if (chunk.last()) received_.complete[chunk.id()] = true;
    }
    for (const v1::Cancel& cancel : frames.cancels()) received_.cancels.push_back(cancel.id());
    for (const v1::WindowUpdate& update : frames.windows()) {
      received_.credit[update.id()] += update.bytes();
    }
    received_.declined += frames.declined();
    if (frames.has_want()) ++received_.wants;
    if (frames.has_ping()) {
      ++received_.pings;
      if (options_.answers_pings) reply.mutable_pong()->set_number(frames.ping().number());
    }
    if (reply.ByteSizeLong() > 0) stream->Write(reply);
    changed_.NotifyAll();
  }

  const FakeBackendOptions options_;
  Mutex mu_;
  CondVar changed_;
  Received received_ ABSL_GUARDED_BY(mu_);
  std::set<grpc::ServerContext*> contexts_ ABSL_GUARDED_BY(mu_);
  Stream* newest_ ABSL_GUARDED_BY(mu_) = nullptr;
};

class FakeBackend::Server {
 public:
  Server(Service* service, int port, int* bound) {
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(64 << 20);
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                             bound);
    builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    EXPECT_NE(server_, nullptr);
  }
  ~Server() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

 private:
  std::unique_ptr<grpc::Server> server_;
};

FakeBackend::FakeBackend(FakeBackendOptions options)
    : options_(options),
      service_(std::make_unique<Service>(options)),
      server_(std::make_unique<Server>(service_.get(), options.port, &port_)) {}

FakeBackend::~FakeBackend() = default;

bool FakeBackend::Await(absl::string_view what,
                        const std::function<bool(const Received&)>& condition) {
  return service_->Await(what, condition);
}

v1::Request FakeBackend::AwaitRequest(size_t index) {
  const bool came = Await(absl::StrCat("request ", index), [index](const Received& received) {
    return received.requests.size() > index;
  });
  return came ? Now().requests[index] : v1::Request();
}

FakeBackend::Received FakeBackend::Now() { return service_->Copy(); }

void FakeBackend::Send(const v1::BackendFrames& frames) { service_->Send(frames); }

void FakeBackend::Answer(uint64_t id, absl::string_view body, uint32_t status) {
  v1::BackendFrames frames;
  v1::Response* response = frames.add_responses();
  response->set_id(id);
  response->set_status(status);
  response->set_body(body.data(), body.size());
  response->set_body_size(body.size());
  response->set_size_known(true);
  response->set_last(true);
  Send(frames);
}

void FakeBackend::Start(uint64_t id) {
  v1::BackendFrames frames;
  frames.add_started()->set_id(id);
  Send(frames);
}

void FakeBackend::Refuse(uint64_t id) {
  v1::BackendFrames frames;
  frames.add_refused()->set_id(id);
  Send(frames);
}

void FakeBackend::Return(uint64_t id) {
  v1::BackendFrames frames;
  frames.add_returned()->set_id(id);
  Send(frames);
}

void FakeBackend::Abort(uint64_t id, absl::string_view reason) {
  v1::BackendFrames frames;
  v1::Abort* abort = frames.add_aborts();
  abort->set_id(id);
  abort->set_reason(std::string(reason));
  Send(frames);
}

void FakeBackend::Grant(uint32_t places) {
  v1::BackendFrames frames;
  frames.set_grants(places);
  Send(frames);
}

void FakeBackend::Head(uint64_t id, uint64_t body_size, bool size_known) {
  v1::BackendFrames frames;
  v1::Response* response = frames.add_responses();
  response->set_id(id);
  response->set_status(200);
  response->set_body_size(body_size);
  response->set_size_known(size_known);
  Send(frames);
}

void FakeBackend::Chunk(uint64_t id, absl::string_view data, bool last) {
  v1::BackendFrames frames;
  v1::BodyChunk* chunk = frames.add_body();
  chunk->set_id(id);
  chunk->set_data(data.data(), data.size());
  chunk->set_last(last);
  Send(frames);
}

void FakeBackend::CutStreams() { service_->CutStreams(); }

}  // namespace anteroom::frontend
