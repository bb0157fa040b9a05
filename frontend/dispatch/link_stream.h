// One gRPC stream over one socket: reads batches, writes batches, tells when it is over. Knows gRPC
// and nothing of what the batches say.
//
// Threading: loop thread only. Ownership: a stream has operations inside gRPC that point to it, so
// it cannot simply be destroyed: Close() cuts it off from its handler, and it deletes itself when
// gRPC has given everything back.
#ifndef ANTEROOM_FRONTEND_DISPATCH_LINK_STREAM_H_
#define ANTEROOM_FRONTEND_DISPATCH_LINK_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/unique_fd.h"
#include "frontend/dispatch/completion_source.h"
#include "frontend/net/event_handles.h"

namespace anteroom::v1 {
class BackendFrames;
}  // namespace anteroom::v1

namespace anteroom::frontend {

class WireBatch;

class LinkStream final : private StreamQueue::Stream, private TimerHandler {
 public:
  class Handler {
   public:
    // Returns about how many bytes the batch carried.
    virtual size_t OnBatch(v1::BackendFrames* batch) = 0;
    // Whether something is outstanding, so that the next batch is awaited.
    virtual bool ExpectsMore() const = 0;
    virtual void OnWritten() = 0;  // the next batch may be written
    // The stream is over, for whatever reason; nothing else follows. The handler calls Close().
    // `clean`: the backend ended it with OK, and so has started nothing that it did not report.
    virtual void OnStreamEnd(absl::string_view reason, bool clean) = 0;

   protected:
    ~Handler() = default;
  };

  // Takes over a connected socket. `alive` counts the streams that exist, Close()d ones too, and is
  // what a loop waits for before it ends. `source`, `handler` (until Close) and `alive` must
  // outlive the stream.
  static LinkStream* Open(Loop* loop, CompletionSource* source, UniqueFd socket, Handler* handler,
                          int* alive);

  // Only when none is in flight. The batch may be used again afterwards.
  void Write(const WireBatch& batch);
  bool writing() const override { return writing_; }

  // Asks for completions without having been told of any; returns how many there were. The safety
  // net of Link.
  int Harvest() { return queue_->Harvest(); }

  // No more callbacks; the stream is cancelled unless it is over, and deletes itself.
  void Close();

 private:
  struct Rpc;  // the gRPC objects
  // One operation gRPC has in hand. Each kind is in flight at most once.
  class Operation final : public CompletionTag {
   public:
    Operation(LinkStream* stream, void (LinkStream::*done)(bool)) : stream_(stream), done_(done) {}
    void Complete(bool ok) override;
    bool pending() const { return pending_; }
    void* Start() {
      pending_ = true;
      return static_cast<CompletionTag*>(this);
    }

   private:
    LinkStream* const stream_;
    void (LinkStream::*const done_)(bool);
    bool pending_ = false;
  };

  LinkStream(Loop* loop, CompletionSource* source, UniqueFd socket, Handler* handler, int* alive);
  ~LinkStream();

  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWrite(bool ok);
  void OnFinish(bool ok);
  // StreamQueue::Stream
  void OnReadiness() override { ReadIfLate(); }
  // TimerHandler: a late read is due
  void OnTimer() override;
  void Read();
  void ReadIfLate();
  void Finish();
  void DeleteWhenIdle();

  Loop* const loop_;
  Handler* handler_;
  int* const alive_;
  bool writing_ = false;
  bool finishing_ = false;
  bool finished_ = false;
  bool deleting_ = false;
  bool read_is_late_ = false;  // the next read waits for a reason, see OnRead
  Timer late_timer_;
  Operation start_, read_, write_, finish_;
  std::unique_ptr<StreamQueue> queue_;
  std::unique_ptr<Rpc> rpc_;  // before queue_ in destruction
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_LINK_STREAM_H_
