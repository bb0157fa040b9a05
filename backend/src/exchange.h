// One request and its response, on the backend's side.
#ifndef ANTEROOM_BACKEND_SRC_EXCHANGE_H_
#define ANTEROOM_BACKEND_SRC_EXCHANGE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anteroom/cancellation.h"
#include "anteroom/response.h"
#include "anteroom/v1/anteroom.pb.h"
#include "backend/src/incoming_body.h"
#include "backend/src/job_queue.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace anteroom::backend {

class Link;

// Threading: the fields of a group belong to whoever holds the exchange in that stage of its life:
// the link while the request comes in, one worker thread while the handler runs, the link again
// (under its lock) while the response goes out. Only `cancellation` is shared, and what belongs to
// `incoming`, which is under the link's lock for as long as it is there.
struct Exchange final : public Job {
  void ReportStart(int thread) override;
  bool Run(int thread) override;
  void Deliver(uint32_t grants, Send send) override;

  // Without what `incoming` brings.
  absl::string_view body() const { return large_body.empty() ? wire.body() : large_body; }

  bool cancelled() const { return cancellation.cancelled(); }

  // Keeps the link alive until the pool and the link are both done with this.
  std::shared_ptr<Link> link;
  Cancellation cancellation;

  // Request.
  v1::Request
      wire;  // swapped out of the batch, so its strings keep their memory from one use to the next
  std::string large_body;  // the whole body, when it did not come with the head
  std::unique_ptr<IncomingBody>
      incoming;         // the rest of the body in its place, when the handler reads it itself
  uint64_t window = 0;  // bytes of body that the front end may still send
  uint64_t start_batch =
      0;                    // the link's batch that reports its start; 0: none does. Under its lock
  uint64_t uncredited = 0;  // bytes received (and read) that no WindowUpdate has given back yet
  Time arrived{};
  Time deadline = Time::max();

  // Response.
  Response response;
  uint32_t thread = 0;
  Duration queued{0};
  Duration run{0};
  absl::Status stream_status;  // how a streamed body ended

  // The response on its way out, when it is not sent in one piece. Under the link's lock.
  bool sending = false;
  bool streaming = false;  // the handler still adds to response.body
  bool size_known = true;
  bool in_turn = false;  // stands in the link's queue of bodies
  bool head_sent = false;
  size_t sent = 0;      // bytes of response.body handed to the wire
  uint64_t credit = 0;  // bytes of body that the front end has room for
  uint64_t held = 0;    // bytes of body that the pool counts
  CondVar room;         // some of response.body has gone, or will never go

  // Ready for the next request; keeps memory, but not much of it beside that of wire.body().
  void Reset();
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_EXCHANGE_H_
