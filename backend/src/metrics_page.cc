#include "backend/src/metrics_page.h"

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/metric_families.h"

namespace anteroom::backend {
namespace {

void AddRoute(const RouteMetrics& metrics, const std::string& method, const std::string& pattern,
              MetricFamilies* out) {
  for (size_t status_class = 1; status_class < metrics.by_class.size(); ++status_class) {
    const uint64_t requests = metrics.by_class[status_class].value();
    if (requests == 0) continue;
    AddCounter(
        out, "anteroom_backend_requests_total",
        "Requests that a handler answered, by the class of the status.",
        {{"method", method}, {"handler", pattern}, {"status", absl::StrCat(status_class, "xx")}},
        static_cast<double>(requests));
  }
  const MetricLabels labels = {{"method", method}, {"handler", pattern}};
  HistogramTotals totals;
  metrics.duration.AddTo(&totals);
  AddHistogram(out, "anteroom_backend_handler_duration_seconds", "How long handlers ran.", labels,
               totals);
  AddCounter(out, "anteroom_backend_handler_exceptions_total",
             "Exceptions that left a handler; each was answered 500.", labels,
             static_cast<double>(metrics.exceptions.value()));
}

}  // namespace

std::string MetricsPage(const WorkerPool& pool, const Router& router, const BackendMetrics& metrics,
                        absl::string_view version) {
  MetricFamilies out;
  const auto counter = [&out](absl::string_view name, absl::string_view help,
                              const Counter& value) {
    AddCounter(&out, name, help, {}, static_cast<double>(value.value()));
  };
  const auto gauge = [&out](absl::string_view name, absl::string_view help, double value) {
    AddGauge(&out, name, help, {}, value);
  };
  AddInfo(&out, "anteroom_build_info", "The release that runs.",
          {{"version", std::string(version)}, {"tier", "backend"}});

  for (const auto& route : router.routes())
    AddRoute(route->metrics, route->method, route->pattern, &out);
  AddRoute(metrics.unmatched, "", "none", &out);
  HistogramTotals wait;
  metrics.queue_wait.AddTo(&wait);
  AddHistogram(&out, "anteroom_backend_queue_wait_seconds",
               "From a request's arrival to the start of its handler.", {}, wait);

  const WorkerPool::Load load = pool.load();
  gauge("anteroom_backend_threads", "Worker threads that exist.", pool.threads());
  gauge("anteroom_backend_threads_limit", "Worker threads that may exist.", pool.max_threads());
  gauge("anteroom_backend_running", "Handlers that run.", load.running);
  gauge("anteroom_backend_running_max", "The most handlers that ever ran at once.",
        pool.running_max());
  gauge("anteroom_backend_accepted", "Requests accepted and not finished.", load.accepted);
  gauge("anteroom_backend_accepted_limit",
        "Requests that are accepted at most: threads and prefetch.", load.limit);
  gauge("anteroom_backend_queued", "Requests accepted that wait for a thread.", pool.queued());
  gauge("anteroom_backend_round_trip_seconds",
        "Between a front end and here and back, as front ends report it, moving average.",
        ToSeconds(pool.round_trip()));
  gauge("anteroom_backend_service_seconds", "How long a handler runs, moving average.",
        ToSeconds(pool.mean_service()));

  const WorkerPool::Counters& pool_counters = pool.counters();
  counter("anteroom_backend_accepted_total", "Requests accepted.", pool_counters.accepted);
  counter("anteroom_backend_refused_total", "Requests refused for want of a place.",
          pool_counters.refused);
  counter("anteroom_backend_granted_total", "Places granted to front ends that waited.",
          pool_counters.granted);
  counter("anteroom_backend_declined_total", "Granted places that were not needed.",
          pool_counters.declined);
  counter("anteroom_backend_reservations_expired_total",
          "Granted places that nobody used or declined.", pool_counters.expired);
  counter("anteroom_backend_returned_total", "Requests accepted and given back unstarted.",
          pool_counters.returned);
  counter("anteroom_backend_cancelled_total",
          "Requests accepted and cancelled before they started.", pool_counters.cancelled);
  counter("anteroom_backend_io_runs_total", "Times that an I/O thread ran short handlers itself.",
          pool_counters.helped);
  counter("anteroom_backend_io_replaced_total",
          "Those in which a handler took so long that another thread went on reading.",
          pool_counters.replaced);
  counter("anteroom_backend_responses_discarded_total",
          "Responses that nobody waited for any more.", metrics.discarded);

  gauge("anteroom_backend_links", "Open links, one for each loop of each front end.",
        static_cast<double>(metrics.links.value()));
  counter("anteroom_backend_links_total", "Links ever opened.", metrics.links_total);
  counter("anteroom_backend_link_breaches_total",
          "Links closed because a front end broke the protocol.", metrics.breaches);
  counter("anteroom_backend_batches_received_total", "Batches of frames received.",
          metrics.batches_in);
  counter("anteroom_backend_batches_sent_total", "Batches of frames sent.", metrics.batches_out);
  counter("anteroom_backend_request_body_bytes_total", "Bytes of request bodies given to handlers.",
          metrics.body_bytes_in);
  counter("anteroom_backend_request_bodies_streamed_total",
          "Handlers that read a body of more than 64 KiB as it came.", metrics.bodies_streamed);
  counter("anteroom_backend_request_bodies_unread_total",
          "Those that have not read all of it: early answers, clients that left, deadlines.",
          metrics.bodies_unread);
  counter("anteroom_backend_request_bodies_too_large_total",
          "Requests answered 413 for the size of their body.", metrics.bodies_too_large);
  counter("anteroom_backend_response_body_bytes_total", "Bytes of response bodies sent.",
          metrics.body_bytes_out);
  AddCounter(&out, "anteroom_backend_log_lines_dropped_total",
             "Log lines dropped since nobody took them.", {},
             static_cast<double>(DroppedLogLines()));
  return SerializeMetrics(out);
}

}  // namespace anteroom::backend
