// A link: the lasting relation of one loop with one backend address. Connects, says hello,
// reconnects with backoff when the stream ends; turns exchanges into frames and frames into calls
// to its owner.
//
// What is sent waits in the outbox until the end of the loop's turn, so that one message carries
// all of it; a few requests wait longer, until the next message from a backend that has several
// requests for each of its threads before it. A message carries at most about 1 MiB; large request
// bodies take turns in it, 64 KiB at a time and within their windows, so that an upload never
// delays a small request.
//
// Every frame from the backend is checked. A backend that breaks the protocol loses its link, and
// the exchanges on it end as if it had died.
//
// Threading: loop thread only. Ownership: the owner holds the link and the exchanges; `owner` must
// outlive the link.
#ifndef ANTEROOM_FRONTEND_DISPATCH_LINK_H_
#define ANTEROOM_FRONTEND_DISPATCH_LINK_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "anteroom/v1/anteroom.pb.h"
#include "common/unique_fd.h"
#include "frontend/dispatch/exchange.h"
#include "frontend/dispatch/link_stream.h"
#include "frontend/dispatch/wire_batch.h"
#include "frontend/metrics.h"
#include "frontend/net/event_handles.h"
#include "frontend/net/loop.h"

namespace anteroom::frontend {

// What a link does without being told. Times are shared by all links of a process.
struct LinkOptions {
  LinksConfig config;
  std::string frontend_name;  // for FrontendHello

  // A link with exchanges on it that has been silent this long is harvested without having been
  // told of anything. It should never find something; what it finds is counted.
  Duration harvest_after = std::chrono::milliseconds(100);
  // Silent this long: pinged. A ping without an answer for this long: the backend, or the way to
  // it, is gone.
  Duration ping_after = std::chrono::seconds(1);
  Duration ping_timeout = std::chrono::seconds(3);
  // How long a small batch waits at most for a backend that has plenty to do.
  Duration longest_hold = std::chrono::milliseconds(1);
};

class Link final : private LinkStream::Handler,
                   private FdHandler,
                   private TimerHandler,
                   private Loop::TurnEnd {
 public:
  class Owner {
   public:
    virtual void OnLinkUp(Link* link, uint32_t limit) = 0;
    // The exchanges that were on it, in the order they were sent. Each is off the link already.
    // `clean`: those that are only kSent have certainly not started.
    virtual void OnLinkDown(Link* link, const std::vector<Exchange*>& exchanges,
                            absl::string_view reason, bool clean) = 0;
    virtual void OnLinkDraining(Link* link) = 0;
    // Off the link when these are called:
    virtual void OnRefused(Link* link, Exchange* exchange) = 0;
    virtual void OnReturned(Link* link, Exchange* exchange) = 0;
    virtual void OnAborted(Link* link, Exchange* exchange, absl::string_view reason) = 0;
    // Off the link when this is the last the backend says of it:
    virtual void OnResponse(Link* link, Exchange* exchange, v1::Response* response) = 0;
    virtual void OnBody(Link* link, Exchange* exchange, absl::string_view data, bool last) = 0;
    virtual void OnGrants(Link* link, uint32_t places) = 0;
    virtual void OnLoad(Link* link, const v1::Load& load) = 0;
    // After all frames of a batch.
    virtual void OnBatchEnd(Link* link) = 0;

   protected:
    ~Owner() = default;
  };

  Link(Loop* loop, CompletionSource* source, Owner* owner, uint32_t id, SocketAddress address,
       const LinkOptions* options, LinkCounters* counters, int* streams_alive);
  ~Link() override;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void Start();

  uint32_t id() const { return id_; }
  const SocketAddress& address() const { return address_; }
  bool up() const { return state_ == State::kUp; }
  size_t in_flight() const { return exchanges_.size(); }

  // --- All of these only while up. They take effect at the end of the turn.
  void Send(Exchange* exchange);
  // The exchange is forgotten at once; the backend is told, if it knows of it.
  void Cancel(Exchange* exchange);
  // What BodySource::Fetch() asked for is there.
  void OnBodyReadable(Exchange* exchange);
  // Allows `bytes` more of the response's body.
  void AddCredit(Exchange* exchange, uint64_t bytes);
  void Decline(uint32_t places);
  void Want(Duration oldest_wait);

  // Ends the link when the last exchange on it is over; it does not come back. The owner may
  // destroy it once retired() is true.
  void Retire();
  bool retiring() const { return retiring_; }
  bool retired() const { return state_ == State::kRetired; }

 private:
  // Ends the time for which a small batch is held back.
  class HeldBatch final : private TimerHandler {
   public:
    HeldBatch(Loop* loop, Link* link, Duration longest)
        : link_(link), longest_(longest), timer_(loop, this) {}
    bool pending() const { return timer_.pending(); }
    void Begin() { timer_.SetAfter(longest_); }
    void End() { timer_.Clear(); }

   private:
    void OnTimer() override { link_->Flush(); }
    Link* const link_;
    const Duration longest_;
    Timer timer_;
  };

  enum class State { kIdle, kConnecting, kGreeting, kUp, kWaiting, kRetired };

  // LinkStream::Handler
  size_t OnBatch(v1::BackendFrames* batch) override;
  bool ExpectsMore() const override { return state_ != State::kUp || !exchanges_.empty(); }
  void OnWritten() override;
  void OnStreamEnd(absl::string_view reason, bool clean) override { Down(reason, clean); }
  // FdHandler, while connecting
  void OnReadable() override {}
  void OnWritable() override;
  // TimerHandler: connect time-out, backoff, or the watch over a silent link
  void OnTimer() override;
  // Loop::TurnEnd: what has gathered goes out
  void OnTurnEnd() override;

  void Connect();
  void Down(absl::string_view reason, bool clean = false);
  void WatchSilence();

  // Both return the rule that was broken, or nothing.
  absl::string_view HandleHello(const v1::BackendFrames& batch);
  absl::string_view HandleFrames(v1::BackendFrames* batch);
  absl::string_view HandleResponse(v1::Response* response);
  absl::string_view HandleBody(const v1::BodyChunk& chunk);
  // The exchange of that id; null for one that is over, which is counted, and with `*breach` set
  // for one never sent.
  Exchange* Find(uint64_t id, bool* breach);
  void Forget(Exchange* exchange);
  // The fault is one answer's, not the link's.
  void RejectAnswer(Exchange* exchange);
  void ObserveRoundTrip(const Exchange& exchange);

  void WantFlush() { loop_->WantTurnEnd(this); }
  void Flush();
  bool NothingButRequests() const;
  bool NothingToSend() const { return outbox_.empty() && NothingButRequests(); }
  bool MayWait() const;
  size_t EncodeRequest(Exchange* exchange);
  size_t EncodeNextChunk();
  // What body->Peek() has just returned, to what was just added to the batch.
  void AttachBytes(BodySource* body, absl::string_view bytes);

  Loop* const loop_;
  CompletionSource* const source_;
  Owner* const owner_;
  const uint32_t id_;
  const SocketAddress address_;
  const LinkOptions* const options_;
  LinkCounters* const counters_;
  int* const streams_alive_;

  State state_ = State::kIdle;
  bool greeted_ = false;  // our hello has been written
  bool greeted_by_backend_ = false;
  bool retiring_ = false;
  Timer timer_;
  Duration backoff_{};
  UniqueFd connecting_;
  std::unique_ptr<FdWatch> connect_watch_;
  LinkStream* stream_ = nullptr;
  std::shared_ptr<const std::string> backend_;  // its name, for logs
  size_t threads_ = 0;                          // of the backend
  size_t answering_ = 0;  // exchanges whose head has come: they need no thread there any more
  bool heard_in_turn_ = false;
  HeldBatch held_batch_;
  uint64_t request_window_ = 0;
  Duration round_trip_{};  // moving average, without the time at the backend
  Time up_since_;
  Time last_heard_;
  std::optional<Time> pinged_at_;  // and not answered yet
  uint64_t ping_number_ = 0;
  bool ping_due_ = false;

  std::minstd_rand random_{std::random_device{}()};

  uint64_t next_id_ = 1;
  size_t batch_bytes_ = 0;  // of bodies, in the batch being handled
  absl::flat_hash_map<uint64_t, Exchange*> exchanges_;
  std::deque<Exchange*> outbox_;  // not encoded yet
  std::deque<Exchange*>
      with_body_;  // encoded, with more body to send and credit for it; they take turns
  std::vector<uint64_t> cancels_;
  std::vector<std::pair<uint64_t, uint64_t>> credits_;
  uint32_t declined_ = 0;
  std::optional<Duration> want_;
  WireBatch out_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_LINK_H_
