// One request on its way through a pool: what the dispatcher and the links need to know of it, and
// who waits for the answer. The connection owns it and keeps it, and everything it points to, until
// the exchange is over.
//
// Threading: loop thread only.
#ifndef ANTEROOM_FRONTEND_DISPATCH_EXCHANGE_H_
#define ANTEROOM_FRONTEND_DISPATCH_EXCHANGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "frontend/config.h"
#include "frontend/dispatch/body_source.h"
#include "frontend/dispatch/dispatcher.h"
#include "frontend/http/header_rules.h"
#include "frontend/http/request_head.h"
#include "frontend/outcome.h"

namespace anteroom::v1 {
class Response;
}

namespace anteroom::frontend {

class Link;

// The side that waits for the answer. After OnFailure, after the last OnBody or an OnResponse that
// is `last`, and after Pool::Cancel, the pool has forgotten the exchange.
class ExchangeClient {
 public:
  // The head, and the first bytes of the body. `response` may be taken apart; it is valid during
  // the call.
  virtual void OnResponse(v1::Response* response) = 0;
  virtual void OnBody(absl::string_view data, bool last) = 0;
  // It is in the queue again: no backend took it, or its link broke.
  virtual void OnQueuedAgain() = 0;
  // No answer, or none that is complete. `reason` is for the log.
  virtual void OnFailure(Outcome outcome, absl::string_view reason) = 0;

 protected:
  ~ExchangeClient() = default;
};

// Where an exchange stands, seen from the pool.
enum class ExchangeState {
  kIdle,       // not in a pool
  kWaiting,    // in the queue
  kSent,       // at a backend, nothing heard
  kStarted,    // a thread there has begun
  kAnswering,  // the head has come; never sent again from here on
};

struct Exchange : Ticket {
  static constexpr uint64_t kResponseWindow = 256 * 1024;
  // For want of memory. What fits in goes along with its head.
  static constexpr uint64_t kSmallResponseWindow = 64 * 1024;

  // --- What is asked. Set by the connection; constant from Submit on.
  const RequestHead* head = nullptr;
  BodySource* body = nullptr;
  uint64_t memory = 0;                      // bytes that head and body take while it waits
  absl::string_view peer;                   // the address that the request came from
  PeerTrust trust = PeerTrust::kUntrusted;  // whether that is a proxy of ours
  size_t client_hops = 0;                   // proxies of ours between that and the client
  absl::string_view traceparent;            // empty: the one that came with the request goes on
  absl::string_view request_id;
  Time deadline;                               // of the whole answer
  uint64_t response_window = kResponseWindow;  // bytes of the answer's body that may come unasked
  RetryPolicy retry = RetryPolicy::kIdempotent;
  ExchangeClient* client = nullptr;

  // --- How it goes. Set by the pool and its links.
  ExchangeState state = ExchangeState::kIdle;
  uint32_t attempt = 0;           // how often it has been sent
  uint32_t broken = 0;            // how often a link broke under it
  Link* link = nullptr;           // where it is; null while it waits
  uint64_t id = 0;                // on that link
  bool takes_place = false;       // a thread of its backend's is, or will be, busy with it
  bool encoded = false;           // its Request frame has been handed to gRPC
  bool takes_queue_room = false;  // counted in the bounds of the pool's queue
  bool admitted = false;          // let into the queue, and so not turned away from it any more
  uint64_t body_sent = 0;         // bytes of the body handed to gRPC
  bool fetching = false;          // the next bytes of the body are on their way from a disk
  uint64_t request_credit = 0;   // bytes of the body that may still be sent, beyond the inline part
  uint64_t response_credit = 0;  // bytes of the answer's body that the backend may still send
  // Bytes of the answer's body still to come, if it announced them.
  std::optional<uint64_t> response_left;

  // --- What the log says about it.
  std::shared_ptr<const std::string> backend;  // the last one that had it
  Time sent_at;                                // the last time
  std::optional<Time> answered_at;             // when the head of a backend's answer came
  // When it last entered the queue anew: when submitted, and after a link broke.
  Time waiting_since;
  uint32_t thread = 0;
  uint64_t queued_us = 0;
  uint64_t run_us = 0;
};

// May run twice by its nature (RFC 9110, section 9.2.2), because its sender says so
// (Idempotency-Key) or because the route does.
bool MayRunAgain(const Exchange& exchange);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_EXCHANGE_H_
