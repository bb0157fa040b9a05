// What the front end counts. Each loop has a LoopMetrics of its own, written by that loop alone; a
// scrape sums them.
#ifndef ANTEROOM_FRONTEND_METRICS_H_
#define ANTEROOM_FRONTEND_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "frontend/outcome.h"

namespace anteroom::frontend {

struct LinkCounters {
  SingleWriterCounter connects;
  SingleWriterCounter connect_failures;
  SingleWriterCounter lost;      // links that had been up
  SingleWriterCounter breaches;  // of the protocol, by a backend
  SingleWriterCounter batches_out;
  SingleWriterCounter batches_in;
  SingleWriterCounter sent;  // requests, redone ones too
  SingleWriterCounter refused;
  SingleWriterCounter returned;
  SingleWriterCounter grants;
  SingleWriterCounter declined;
  SingleWriterCounter late_replies;     // to exchanges that were over
  SingleWriterCounter silent_harvests;  // the safety net found something: readiness had been lost
};

// One pool on one loop.
struct alignas(64) PoolMetrics {
  LinkCounters links;
  SingleWriterCounter redone;  // sent again after a link broke
  SingleWriterCounter queue_full;
  SingleWriterGauge waiting;  // in this loop's queue
  SingleWriterGauge links_up;
  SingleWriterGauge in_flight;                      // at backends
  SingleWriterHistogram<kLatencySeconds> wait;      // in the queue, of requests that were sent
  SingleWriterHistogram<kLatencySeconds> duration;  // from complete request to complete answer
};

// The bounds of one pool's queue, for all loops of the process.
struct PoolShared {
  std::atomic<uint32_t> waiting{0};
  std::atomic<uint64_t> waiting_bytes{0};
};

// Connections to listeners with the PROXY protocol that were closed without an answer.
struct ProxyProtocolCounters {
  SingleWriterCounter untrusted;  // the peer is none of trusted_proxies
  SingleWriterCounter malformed;  // what it sent first is no header
  SingleWriterCounter late;       // no whole header within timeouts.header
};

// Answers of handlers that named a file (X-Accel-Redirect), by what became of them.
struct RedirectCounters {
  SingleWriterCounter sent;     // an answer with the file, or a 304, began
  SingleWriterCounter missing;  // no such file
  SingleWriterCounter failed;   // it could not be read, or not in time
  SingleWriterCounter refused;  // the handler's answer names nothing that may be sent
};

struct alignas(64) LoopMetrics {
  SingleWriterCounter connections_accepted;
  SingleWriterCounter connections_refused;             // above limits.connections
  SingleWriterCounter connections_refused_by_address;  // above limits.connections_per_address
  ProxyProtocolCounters proxy_protocol;
  SingleWriterCounter accept_errors;  // no descriptor to be had, for instance
  SingleWriterCounter requests;
  SingleWriterCounter bytes_in;
  SingleWriterCounter bytes_out;
  std::array<SingleWriterCounter, kOutcomes> outcomes;
  std::array<SingleWriterCounter, 6>
      status_classes;                  // [1] is 1xx ... [5] is 5xx; [0]: none was sent
  SingleWriterCounter fields_dropped;  // from requests, because of an underscore in the name
  RedirectCounters redirects;
  SingleWriterGauge connections;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_METRICS_H_
