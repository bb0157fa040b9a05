// One stream between this process and one loop of a front end.
#ifndef ANTEROOM_BACKEND_SRC_LINK_H_
#define ANTEROOM_BACKEND_SRC_LINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anteroom/v1/anteroom.pb.h"
#include "backend/src/backend_metrics.h"
#include "backend/src/exchange.h"
#include "backend/src/router.h"
#include "backend/src/worker_pool.h"
#include "common/mutex.h"

namespace anteroom::backend {

// What carries a link's batches. The link calls it from any thread, without a lock.
class LinkTransport {
 public:
  virtual ~LinkTransport() = default;
  // Sends `frames`, which stay untouched until they are written. True: they are already, and
  // nothing more is heard of them. False: Link::OnWritten() will say, from any thread, even before
  // this returns. Never called while a write is in flight.
  virtual bool Write(const v1::BackendFrames& frames) = 0;
  // Ends the stream. The last call, never made while a write is in flight.
  virtual void Close(const absl::Status& status) = 0;
};

// What all links of a process share; outlives them.
struct LinkHost {
  WorkerPool* pool;
  const Router* router;
  BackendMetrics* metrics;
  std::string name;  // BackendHello.backend
  std::string version;
  uint64_t max_request_body;       // bytes
  uint64_t max_streamed_body = 0;  // bytes, for handlers that read piece by piece
};

// Threading: any method from any thread, but OnBatch() and OnReadEnd() not two at a time. Nothing
// in here waits for the peer, but ReportStart(), ReadBody() and WriteBody(), which worker threads
// call.
//
// Frames gather in a pending batch while the previous batch is on its way; whoever adds to it when
// nothing is on its way starts the write, so a worker thread sends its response itself. Bodies
// beyond kChunk bytes take turns, a chunk each, and a batch holds kBodyPerBatch bytes of them at
// most, so a small response waits for no more than that.
//
// Lock order: mu_, then the pool's lock.
class Link final : public Member {
 public:
  static constexpr size_t kChunk = 64 * 1024;
  static constexpr size_t kBodyPerBatch = 256 * 1024;
  // A batch takes nothing more once it holds this; far below gRPC's limit of 4 MiB for a message.
  static constexpr size_t kBatch = 1024 * 1024;
  // What a handler that streams may be ahead of the network.
  static constexpr size_t kStreamBuffer = 128 * 1024;
  // BackendHello.request_window, and so what a streamed request body may take here. At a round trip
  // of 1 ms a body comes in at 1 GB/s.
  static constexpr uint64_t kRequestWindow = 1024 * 1024;

  // `host` outlives the link. Does not write before Open().
  Link(const LinkHost* host, std::shared_ptr<LinkTransport> transport);
  ~Link() override;

  // Joins the pool and says hello. `peer` is for logs.
  void Open(absl::string_view peer);
  // A batch has arrived. Takes what it needs out of `frames`, which is afterwards good for being
  // parsed into again.
  void OnBatch(v1::FrontendFrames* frames);
  // The peer has closed its direction or the stream broke.
  void OnReadEnd();
  // The last write has ended; false: the stream broke.
  void OnWritten(bool ok);

  // Tells the front end and closes once nothing is left.
  void Drain();

  // Member. From the pool.
  void Granted(uint32_t places) override;
  void Returned(const std::vector<Job*>& jobs) override;
  bool ReportStarts(const std::vector<Job*>& jobs, int thread) override;

  // For exchanges, on worker threads.
  void Deliver(Exchange* exchange, uint32_t grants, Job::Send send);
  void Flush() override;
  // Tells the front end that the handler is about to begin and waits until that is on the wire.
  // False: the stream is gone, so the front end may send the request elsewhere, and it must not run
  // here.
  bool ReportStart(Exchange* exchange);
  // The next piece of a body that the handler reads itself, of which there is more to come. Waits
  // for it. Errors: see BodyReader::Read().
  absl::StatusOr<std::string> ReadBody(Exchange* exchange);
  // The handler writes the body of its response piece by piece from here on; `exchange` is complete
  // otherwise. False: nobody wants it.
  bool BeginStream(Exchange* exchange);
  // Waits while kStreamBuffer bytes are unsent. False: nobody wants them any more.
  bool WriteBody(Exchange* exchange, absl::string_view bytes);
  const LinkHost& host() const { return *host_; }

 private:
  // What to do once the lock has been let go.
  struct Action {
    std::shared_ptr<LinkTransport> transport;   // null: nothing
    const v1::BackendFrames* frames = nullptr;  // null: close
    absl::Status status;
    bool settle = false;
  };

  // --- What comes in: link_decode.cc
  absl::Status DecodeLocked(v1::FrontendFrames* frames, Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status DecodeHelloLocked(const v1::FrontendFrames& frames)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status DecodeRequestLocked(v1::Request* request, Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The rest of the body follows in chunks.
  void AwaitBodyLocked(Exchange* exchange, bool streamed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status DecodeBodyLocked(v1::BodyChunk* chunk) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // `bytes` of the body need no room here any more; tells the front end when it is worth while.
  void CreditLocked(Exchange* exchange, uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DecodeCancelLocked(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status DecodeWindowLocked(const v1::WindowUpdate& update)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- What goes out: link_encode.cc
  void RespondLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  v1::Response* AddHeadLocked(const Exchange& exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FillWithBodiesLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The handler has written everything, or failed to.
  void EndStreamLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeTurnLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds what credit and turn allow. True: that was the end of the response.
  bool AddPieceLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- State: link.cc
  // Tells the front end of places that are now its own.
  void GrantLocked(uint32_t places) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds the frame, unless it is on its way already.
  void AddStartedLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Exchange* FindLocked(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::unique_ptr<Exchange> TakeSpareLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The exchange is over.
  void ForgetLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The same for one that the pool has not accepted.
  void ForgetNewLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The handler is done with the body of its request.
  void ReleaseRequestLocked(Exchange* exchange) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReleaseLocked(uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CloseLocked(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // What the state calls for now: a write, a close or nothing.
  Action NextLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Action AfterWrite(bool ok) ABSL_LOCKS_EXCLUDED(mu_);
  void Perform(Action action) ABSL_LOCKS_EXCLUDED(mu_);

  const LinkHost* const host_;

  // Used by OnBatch() only.
  WorkerPool::Arrivals arrivals_;
  std::vector<Job*> ready_;
  std::vector<Job*> cancelled_;

  Mutex mu_;
  std::shared_ptr<LinkTransport> transport_ ABSL_GUARDED_BY(mu_);  // null once it has been closed
  std::string peer_ ABSL_GUARDED_BY(mu_);
  bool greeted_ ABSL_GUARDED_BY(mu_) = false;  // the front end's hello has come
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;  // nothing is read or added any more
  bool settle_ ABSL_GUARDED_BY(mu_) = false;   // places may have become free
  absl::Status close_status_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, std::unique_ptr<Exchange>> exchanges_ ABSL_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<Exchange>> spare_ ABSL_GUARDED_BY(mu_);
  size_t spare_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  JobQueue bodies_ ABSL_GUARDED_BY(mu_);  // responses that have something to send and credit for it

  // The batch that gathers and the one on its way; swapped for each write, so that both keep their
  // memory.
  std::unique_ptr<v1::BackendFrames> pending_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<v1::BackendFrames> writing_ ABSL_GUARDED_BY(mu_);
  bool write_in_flight_ ABSL_GUARDED_BY(mu_) = false;
  bool dirty_ ABSL_GUARDED_BY(mu_) = false;  // pending_ has to be sent
  // While the pool decides on what has arrived, grants wait here: one that overtook the refusal
  // which it makes good would be declined, for want of a request, and no other would follow.
  bool refusing_ ABSL_GUARDED_BY(mu_) = false;
  uint32_t held_grants_ ABSL_GUARDED_BY(mu_) = 0;
  size_t pending_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  size_t writing_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t batches_begun_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t batches_written_ ABSL_GUARDED_BY(mu_) = 0;
  int start_waiters_ ABSL_GUARDED_BY(mu_) = 0;
  CondVar written_;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_LINK_H_
