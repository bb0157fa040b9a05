// What a backend process counts, apart from what the worker pool counts itself.
#ifndef ANTEROOM_BACKEND_SRC_BACKEND_METRICS_H_
#define ANTEROOM_BACKEND_SRC_BACKEND_METRICS_H_

#include "backend/src/route_metrics.h"
#include "common/metrics.h"

namespace anteroom::backend {

// Threading: updated by any thread with relaxed atomics, read at a scrape.
struct BackendMetrics {
  Histogram<kHandlerSeconds> queue_wait;  // from arrival to the handler's start
  RouteMetrics unmatched;                 // 404 and 405 without a handler
  Gauge links;
  Counter links_total;
  Counter breaches;  // links ended since the front end broke the protocol
  Counter batches_in;
  Counter batches_out;
  Counter body_bytes_in;     // of requests that ran, as far as they were read
  Counter body_bytes_out;    // of responses handed to the wire
  Counter bodies_streamed;   // handlers that read a body as it came
  Counter bodies_unread;     // those that have not read all of it
  Counter bodies_too_large;  // requests refused for the size of their body
  Counter discarded;         // responses that nobody wanted any more
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_BACKEND_METRICS_H_
