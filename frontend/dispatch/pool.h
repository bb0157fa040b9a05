// A pool as one loop sees it: its links, its queue, and the ledger of what may be sent again. Joins
// the dispatcher, which decides, with the links, which carry.
//
// The ledger (docs/ARCHITECTURE.md, "What is sent again"):
//   not sent, refused, returned      always, elsewhere
//   sent, not started, and the       always, elsewhere
//     backend ended the link cleanly
//   sent, and the link broke         if it may run again (MayRunAgain), at most kMaxBroken times
//   answered with a byte or more     never
//
// Threading: loop thread only. Ownership: exchanges are the connections'; everything passed to the
// constructor must outlive the pool.
#ifndef ANTEROOM_FRONTEND_DISPATCH_POOL_H_
#define ANTEROOM_FRONTEND_DISPATCH_POOL_H_

#include <memory>
#include <optional>
#include <vector>

#include "frontend/config.h"
#include "frontend/dispatch/dispatcher.h"
#include "frontend/dispatch/drain_rate.h"
#include "frontend/dispatch/exchange.h"
#include "frontend/dispatch/link.h"
#include "frontend/metrics.h"
#include "frontend/outcome.h"

namespace anteroom::frontend {

class Pool final : private Dispatcher::Transport, private Link::Owner {
 public:
  // A request under which this many links broke has probably broken them.
  static constexpr uint32_t kMaxBroken = 3;

  Pool(Loop* loop, CompletionSource* source, const PoolConfig* config,
       const LinkOptions* link_options, PoolShared* shared, PoolMetrics* metrics,
       int* streams_alive);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  const PoolConfig& config() const { return *config_; }
  // From now on another one; it must outlive the pool, or the next call.
  void SetConfig(const PoolConfig* config) { config_ = config; }

  // The addresses of all backends. New ones are connected to, missing ones left once they have
  // answered what they have; the rest is not touched.
  void SetBackends(const std::vector<SocketAddress>& addresses);

  // Takes a complete request; its client hears of it later, never from inside this call. Returns
  // kQueueFull, and takes nothing, when there is no room to wait.
  std::optional<Outcome> Submit(Exchange* exchange);

  // The answer is no longer wanted. Forgets the exchange at once, wherever it is.
  void Cancel(Exchange* exchange);

  // `bytes` of the answer's body have left for the client: the backend may send as much more.
  void Consumed(Exchange* exchange, uint64_t bytes);

  // When a refused client had better come back: the time the queue takes to drain at its present
  // rate.
  int RetryAfterSeconds() const;
  // What the BodySource of an exchange was asked to fetch is there.
  void OnBodyReadable(Exchange* exchange);

 private:
  // Dispatcher::Transport
  void Send(Dispatcher::BackendId backend, Ticket* ticket) override;
  void Decline(Dispatcher::BackendId backend, uint32_t places) override;
  void Want(Dispatcher::BackendId backend, Duration oldest_wait) override;
  // Link::Owner
  void OnLinkUp(Link* link, uint32_t limit) override;
  void OnLinkDown(Link* link, const std::vector<Exchange*>& exchanges, absl::string_view reason,
                  bool clean) override;
  void OnLinkDraining(Link* link) override;
  void OnRefused(Link* link, Exchange* exchange) override;
  void OnReturned(Link* link, Exchange* exchange) override;
  void OnAborted(Link* link, Exchange* exchange, absl::string_view reason) override;
  void OnResponse(Link* link, Exchange* exchange, v1::Response* response) override;
  void OnBody(Link* link, Exchange* exchange, absl::string_view data, bool last) override;
  void OnGrants(Link* link, uint32_t places) override;
  void OnLoad(Link* link, const v1::Load& load) override;
  void OnBatchEnd(Link* link) override;

  void Requeue(Exchange* exchange);
  // Whether an exchange that has entered the queue may stay. If not, the pool has forgotten it.
  bool Admit(Exchange* exchange);
  void EnterQueue(Exchange* exchange);
  void LeaveQueue(Exchange* exchange);
  void LeaveBackend(Link* link, Exchange* exchange);
  void LeavePlace(Link* link, Exchange* exchange);
  void BackFromBackend(Exchange* exchange);
  void Done(Exchange* exchange);
  void RemoveRetired();

  Loop* const loop_;
  CompletionSource* const source_;
  const PoolConfig* config_;
  const LinkOptions* const link_options_;
  PoolShared* const shared_;
  PoolMetrics* const metrics_;
  int* const streams_alive_;

  Dispatcher dispatcher_;
  DrainRate drain_rate_;
  std::vector<std::unique_ptr<Link>>
      links_;  // by Dispatcher::BackendId; null where one has been retired
  // Says to functions that wait in the loop that the pool is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_POOL_H_
