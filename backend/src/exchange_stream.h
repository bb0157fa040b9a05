// The gRPC call under a link.
#ifndef ANTEROOM_BACKEND_SRC_EXCHANGE_STREAM_H_
#define ANTEROOM_BACKEND_SRC_EXCHANGE_STREAM_H_

#include <atomic>
#include <functional>
#include <memory>

#include "anteroom/v1/anteroom.grpc.pb.h"
#include "backend/src/call_count.h"
#include "backend/src/completion.h"
#include "backend/src/link.h"
#include "grpcpp/grpcpp.h"

namespace anteroom::backend {

// Threading: completions run on I/O threads; Write() and Close() come from any thread, as
// LinkTransport says.
//
// One read is always outstanding, so the end of the stream is noticed at once. The stream keeps
// itself alive until its last operation has come back from the queue.
class ExchangeStream final : public LinkTransport,
                             public std::enable_shared_from_this<ExchangeStream> {
 public:
  using OnOpen = std::function<void(const std::shared_ptr<ExchangeStream>&)>;
  using OnEnd = std::function<void(const std::shared_ptr<ExchangeStream>&)>;

  // Waits for a front end to call. `on_open` runs on the I/O thread when one has, after the hello
  // and before anything is read: it waits for the next. `on_end` runs once after that, when nothing
  // can happen on the stream any more.
  static void Await(v1::Backend::AsyncService* service, grpc::ServerCompletionQueue* queue,
                    const LinkHost* host, CallCount* calls, OnOpen on_open, OnEnd on_end);

  ExchangeStream(const ExchangeStream&) = delete;
  ExchangeStream& operator=(const ExchangeStream&) = delete;

  Link* link() { return link_.get(); }

  // LinkTransport.
  bool Write(const v1::BackendFrames& frames) override;
  void Close(const absl::Status& status) override;

 private:
  ExchangeStream(grpc::ServerCompletionQueue* queue, const LinkHost* host, CallCount* calls,
                 OnOpen on_open, OnEnd on_end);

  void OnCalled(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  // One operation has come back.
  void Done();

  grpc::ServerCompletionQueue* const queue_;
  const LinkHost* const host_;
  const OnOpen on_open_;
  const OnEnd on_end_;
  const CallCount::Token token_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<v1::BackendFrames, v1::FrontendFrames> stream_{&context_};
  Completion called_;
  Completion read_;
  Completion written_;
  Completion finished_;
  v1::FrontendFrames frames_;             // of the one read that is outstanding or being handled
  std::atomic<uint64_t> batches_{0};      // handled
  std::shared_ptr<Link> link_;            // set when called, constant then
  std::atomic<int> outstanding_{1};       // operations in the queue, and the link while it is open
  std::shared_ptr<ExchangeStream> self_;  // while outstanding_ > 0
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_EXCHANGE_STREAM_H_
