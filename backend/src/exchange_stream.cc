#include "backend/src/exchange_stream.h"

#include <string>
#include <utility>

#include "grpc/grpc.h"
#include "grpcpp/impl/codegen/completion_queue_tag.h"

namespace anteroom::backend {
namespace {

// A batch that carried more than this is not kept for the next read. A full one is a little more
// than 1 MiB, and with large bodies most of them are full.
constexpr size_t kKeptBatch = 1536 * 1024;

}  // namespace

void ExchangeStream::Await(v1::Backend::AsyncService* service, grpc::ServerCompletionQueue* queue,
                           const LinkHost* host, CallCount* calls, OnOpen on_open, OnEnd on_end) {
  std::shared_ptr<ExchangeStream> stream(
      new ExchangeStream(queue, host, calls, std::move(on_open), std::move(on_end)));
  stream->self_ = stream;
  service->RequestExchange(&stream->context_, &stream->stream_, queue, queue, &stream->called_);
}

ExchangeStream::ExchangeStream(grpc::ServerCompletionQueue* queue, const LinkHost* host,
                               CallCount* calls, OnOpen on_open, OnEnd on_end)
    : queue_(queue),
      host_(host),
      on_open_(std::move(on_open)),
      on_end_(std::move(on_end)),
      token_(calls),
      called_([this](bool ok) { OnCalled(ok); }),
      read_([this](bool ok) { OnRead(ok); }),
      written_([this](bool ok) { OnWritten(ok); }),
      finished_([this](bool) { Done(); }) {}

void ExchangeStream::OnCalled(bool ok) {
  if (!ok) {  // the server shuts down; nobody called
    self_.reset();
    return;
  }
  link_ = std::make_shared<Link>(host_, shared_from_this());
  // The link, until what Close() starts has come back: a thread that is on its way to Write() or
  // Close() holds the stream, but no operation. And the read, which begins after the hello has gone
  // out.
  outstanding_.fetch_add(2);
  link_->Open(context_.peer());
  on_open_(shared_from_this());
  stream_.Read(&frames_, &read_);
  Done();
}

void ExchangeStream::OnRead(bool ok) {
  if (!ok) {
    link_->OnReadEnd();
    Done();
    return;
  }
  // The batch before this one may have been handled on another thread (see Write). gRPC has put one
  // behind the other; this says so where others can see it.
  batches_.load(std::memory_order_acquire);
  const size_t size = frames_.ByteSizeLong();
  link_->OnBatch(&frames_);
  if (size > kKeptBatch) frames_ = v1::FrontendFrames();
  batches_.fetch_add(1, std::memory_order_release);
  stream_.Read(&frames_, &read_);
}

void ExchangeStream::OnWritten(bool ok) {
  link_->OnWritten(ok);
  Done();
}

bool ExchangeStream::Write(const v1::BackendFrames& frames) {
  outstanding_.fetch_add(1);
  // What completes on this thread meanwhile is kept here instead of going through the queue: mostly
  // this very write, which then wakes no I/O thread.
  grpc_completion_queue_thread_local_cache_init(queue_->cq());
  stream_.Write(frames, &written_);
  void* core_tag = nullptr;
  int succeeded = 0;
  if (grpc_completion_queue_thread_local_cache_flush(queue_->cq(), &core_tag, &succeeded) == 0) {
    return false;
  }
  void* tag = nullptr;
  bool ok = succeeded != 0;
  if (!static_cast<grpc::internal::CompletionQueueTag*>(core_tag)->FinalizeResult(&tag, &ok)) {
    return false;
  }
  if (tag != &written_ || !ok) {
    static_cast<Completion*>(tag)->Run(ok);
    return false;
  }
  Done();
  return true;
}

void ExchangeStream::Close(const absl::Status& status) {
  // absl's codes are gRPC's.
  stream_.Finish(
      grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message())),
      &finished_);
}

void ExchangeStream::Done() {
  if (outstanding_.fetch_sub(1) > 1) return;
  const std::shared_ptr<ExchangeStream> self = std::move(self_);
  on_end_(self);
}

}  // namespace anteroom::backend
