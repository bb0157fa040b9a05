#include "frontend/dispatch/link_stream.h"

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "anteroom/v1/anteroom.pb.h"
#include "frontend/dispatch/wire_batch.h"
#include "frontend/net/loop.h"

namespace grpc {

template <>
class SerializationTraits<anteroom::frontend::WireBatch, void> {
 public:
  static Status Serialize(const anteroom::frontend::WireBatch& batch, ByteBuffer* to,
                          bool* own_buffer) {
    batch.Serialize(to);
    *own_buffer = true;
    return Status::OK;
  }
};

}  // namespace grpc

namespace anteroom::frontend {
namespace {

// A batch is at most about 1 MiB (both sides gather no more); the rest is room for one frame too
// many.
constexpr int kMaxMessage = 8 << 20;
constexpr Duration kLateRead = std::chrono::milliseconds(10);
constexpr Duration kLateEnd = std::chrono::milliseconds(100);
constexpr size_t kKeptBatch = 512 * 1024;
// gRPC's own flow control must never be what holds a link up: exchanges have windows of their own.
// Its window is fixed, since estimating one costs pings.
constexpr int kStreamWindow = 4 << 20;
// The generated stub would take v1::FrontendFrames only.
constexpr char kMethod[] = "/anteroom.v1.Backend/Exchange";

std::shared_ptr<grpc::Channel> NewChannel(UniqueFd socket) {
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(kMaxMessage);
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindow);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Channels and their sub-channels are otherwise kept and shared by target name.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomInsecureChannelFromFd("anteroom", socket.Release(), args);
}

}  // namespace

struct LinkStream::Rpc {
  explicit Rpc(UniqueFd socket) : channel(NewChannel(std::move(socket))), stub(channel) {}

  // In the order of construction; the stream goes first.
  const std::shared_ptr<grpc::Channel> channel;
  grpc::TemplatedGenericStub<WireBatch, v1::BackendFrames> stub;
  grpc::ClientContext context;
  grpc::Status status;
  v1::BackendFrames in;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<WireBatch, v1::BackendFrames>> stream;
};

LinkStream* LinkStream::Open(Loop* loop, CompletionSource* source, UniqueFd socket,
                             Handler* handler, int* alive) {
  return new LinkStream(loop, source, std::move(socket), handler, alive);
}

LinkStream::LinkStream(Loop* loop, CompletionSource* source, UniqueFd socket, Handler* handler,
                       int* alive)
    : loop_(loop),
      handler_(handler),
      alive_(alive),
      late_timer_(loop, this),
      start_(this, &LinkStream::OnStarted),
      read_(this, &LinkStream::OnRead),
      write_(this, &LinkStream::OnWrite),
      finish_(this, &LinkStream::OnFinish),
      queue_(source->NewQueue(socket.get(), this)),
      rpc_(std::make_unique<Rpc>(std::move(socket))) {
  ++*alive_;
  rpc_->stream = rpc_->stub.PrepareCall(&rpc_->context, kMethod, queue_->queue());
  rpc_->stream->StartCall(start_.Start());
  writing_ = true;  // nothing else may be written before the call has started
  // Completions must not reach the handler before it knows its stream.
  loop_->Defer([this] {
    if (!deleting_) queue_->Harvest();
  });
}

LinkStream::~LinkStream() { --*alive_; }

void LinkStream::Operation::Complete(bool ok) {
  pending_ = false;
  (stream_->*done_)(ok);
  stream_->DeleteWhenIdle();
}

void LinkStream::OnStarted(bool ok) {
  writing_ = false;
  if (!ok) return Finish();
  Read();
  if (handler_ != nullptr) handler_->OnWritten();
}

void LinkStream::Read() { rpc_->stream->Read(&rpc_->in, read_.Start()); }

void LinkStream::OnRead(bool ok) {
  if (!ok) {
    Finish();
    // The end of the stream is there already; it is not when a message could not be read.
    late_timer_.SetAfter(kLateEnd);
    return;
  }
  const size_t bytes = handler_ == nullptr ? 0 : handler_->OnBatch(&rpc_->in);
  // Clear() keeps the capacity of messages and strings, which is the point; but not that of an
  // exceptional batch.
  if (bytes > kKeptBatch) rpc_->in = v1::BackendFrames();
  // A read that begins before its data makes gRPC give HTTP/2 credit at once, in a packet of its
  // own that wakes the backend for nothing. When nothing is outstanding, the read can wait until
  // something has come; or, since gRPC may hold another batch already, for a moment.
  if (handler_ != nullptr && queue_->tells_readiness() && !handler_->ExpectsMore()) {
    read_is_late_ = true;
    late_timer_.SetAfter(kLateRead);
    return;
  }
  Read();
}

void LinkStream::OnTimer() {
  if (!finishing_) return ReadIfLate();
  if (finished_) return;
  rpc_->context.TryCancel();
  queue_->Harvest();
}

void LinkStream::ReadIfLate() {
  if (!std::exchange(read_is_late_, false)) return;
  late_timer_.Clear();
  Read();
  queue_->Harvest();
}

void LinkStream::Write(const WireBatch& batch) {
  writing_ = true;
  rpc_->stream->Write(batch, write_.Start());
  queue_->HarvestWrite();
}

void LinkStream::OnWrite(bool ok) {
  writing_ = false;
  // When a write fails the read fails too, and that is where the end is noticed.
  if (ok && handler_ != nullptr) handler_->OnWritten();
}

void LinkStream::Finish() {
  if (finishing_) return;
  finishing_ = true;
  rpc_->stream->Finish(&rpc_->status, finish_.Start());
  // Harvested by whoever is harvesting now; a caller from elsewhere does so itself.
}

void LinkStream::OnFinish(bool /*ok*/) {
  finished_ = true;
  if (handler_ == nullptr) return;
  const grpc::Status& status = rpc_->status;
  handler_->OnStreamEnd(status.ok() ? "closed by the backend"
                                    : absl::StrCat(status.error_message(), " (code ",
                                                   static_cast<int>(status.error_code()), ")"),
                        status.ok());
}

void LinkStream::Close() {
  handler_ = nullptr;
  ReadIfLate();  // for the end to be noticed
  if (!finished_) rpc_->context.TryCancel();
  // Off the stack: this may well be one of our own callbacks.
  loop_->Defer([this] {
    if (deleting_) return;
    queue_->Harvest();
    DeleteWhenIdle();
  });
}

void LinkStream::DeleteWhenIdle() {
  if (handler_ != nullptr || deleting_ || !finished_) return;
  if (start_.pending() || read_.pending() || write_.pending()) return;
  deleting_ = true;
  loop_->Defer([this] { delete this; });
}

}  // namespace anteroom::frontend
