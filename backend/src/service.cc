#include "backend/src/service.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace anteroom::backend {
namespace {

// Batches are 1 MiB at most, see Link::kBatch; a front end may use the same bound.
constexpr int kMaxMessage = 4 * 1024 * 1024;
// Received ahead of what we have read. Bodies are under windows of their own, so gRPC's may be wide
// open; without the bandwidth probe (which costs pings) this is where it stays.
constexpr int kLookahead = 8 * 1024 * 1024;
// Bytes of a socket in one piece of memory: with gRPC's 8 KiB a large body costs a tenth more.
constexpr int kReadChunk = 64 * 1024;

}  // namespace

absl::Status Service::Start(const std::string& address, int io_threads) {
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&backend_);
  builder.RegisterService(health_.service());
  builder.SetMaxReceiveMessageSize(kMaxMessage);
  builder.SetMaxSendMessageSize(kMaxMessage);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kLookahead);
  builder.AddChannelArgument(GRPC_ARG_TCP_READ_CHUNK_SIZE, kReadChunk);
  // Front ends ping as they like; gRPC's own defence would cut them off.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 100);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  for (int i = 0; i < io_threads; ++i) queues_.push_back(builder.AddCompletionQueue());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) {
    server_ = nullptr;
    for (const auto& queue : queues_) {
      queue->Shutdown();
      void* tag;
      bool ok;
      while (queue->Next(&tag, &ok)) {
      }
    }
    queues_.clear();
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address, " (in use?)"));
  }
  health_.Serve(queues_.front().get());
  std::vector<grpc::ServerCompletionQueue*> queues;
  for (const auto& queue : queues_) {
    AwaitStream(queue.get());
    queues.push_back(queue.get());
  }
  io_threads_.Start(queues);
  return absl::OkStatus();
}

void Service::AwaitStream(grpc::ServerCompletionQueue* queue) {
  ExchangeStream::Await(
      &backend_, queue, host_, &calls_,
      [this, queue](const std::shared_ptr<ExchangeStream>& stream) {
        AwaitStream(queue);
        OnOpen(stream);
      },
      [this](const std::shared_ptr<ExchangeStream>& stream) { OnEnd(stream); });
}

void Service::OnOpen(const std::shared_ptr<ExchangeStream>& stream) {
  host_->metrics->links.Add(1);
  host_->metrics->links_total.Add();
  bool draining;
  {
    MutexLock lock(&mu_);
    streams_.insert(stream);
    draining = draining_;
  }
  if (draining) stream->link()->Drain();
}

void Service::OnEnd(const std::shared_ptr<ExchangeStream>& stream) {
  host_->metrics->links.Add(-1);
  MutexLock lock(&mu_);
  streams_.erase(stream);
  streams_changed_.NotifyAll();
}

void Service::Drain() {
  health_.SetServing(false);
  std::vector<std::shared_ptr<ExchangeStream>> streams;
  {
    MutexLock lock(&mu_);
    draining_ = true;
    streams.assign(streams_.begin(), streams_.end());
  }
  for (const auto& stream : streams) stream->link()->Drain();
}

bool Service::AwaitNoLinks(Time deadline) {
  MutexLock lock(&mu_);
  while (!streams_.empty()) {
    if (!streams_changed_.WaitUntil(&mu_, deadline)) return streams_.empty();
  }
  return true;
}

void Service::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  calls_.AwaitNone();
  for (const auto& queue : queues_) queue->Shutdown();
  io_threads_.Join();
  server_ = nullptr;
}

}  // namespace anteroom::backend
