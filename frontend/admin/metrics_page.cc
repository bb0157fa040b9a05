#include "frontend/admin/metrics_page.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/version.h"

namespace anteroom::frontend {
namespace {

using Workers = std::vector<std::unique_ptr<LoopWorker>>;

template <typename Read>
double Sum(const Workers& workers, Read read) {
  double sum = 0;
  for (const auto& worker : workers) sum += static_cast<double>(read(*worker));
  return sum;
}

void AddConnections(const Workers& workers, MetricFamilies* families) {
  AddGauge(families, "anteroom_frontend_connections", "Open client connections.", {},
           Sum(workers, [](const LoopWorker& w) { return w.metrics().connections.value(); }));
  AddCounter(
      families, "anteroom_frontend_connections_accepted_total", "Client connections accepted.", {},
      Sum(workers, [](const LoopWorker& w) { return w.metrics().connections_accepted.value(); }));
  AddCounter(
      families, "anteroom_frontend_connections_refused_total",
      "Client connections closed at once, above limits.connections.", {},
      Sum(workers, [](const LoopWorker& w) { return w.metrics().connections_refused.value(); }));
  AddCounter(families, "anteroom_frontend_connections_refused_by_address_total",
             "Client connections closed at once, above limits.connections_per_address.", {},
             Sum(workers, [](const LoopWorker& w) {
               return w.metrics().connections_refused_by_address.value();
             }));
  const auto refused = [&](const char* reason,
                           SingleWriterCounter ProxyProtocolCounters::*counter) {
    AddCounter(families, "anteroom_frontend_proxy_protocol_refused_total",
               "Connections closed before any request, by listeners with the PROXY protocol.",
               {{"reason", reason}}, Sum(workers, [counter](const LoopWorker& w) {
                 return (w.metrics().proxy_protocol.*counter).value();
               }));
  };
  refused("untrusted", &ProxyProtocolCounters::untrusted);
  refused("malformed", &ProxyProtocolCounters::malformed);
  refused("late", &ProxyProtocolCounters::late);
  AddCounter(families, "anteroom_frontend_accept_errors_total",
             "Failures to accept a connection, for want of descriptors for instance.", {},
             Sum(workers, [](const LoopWorker& w) { return w.metrics().accept_errors.value(); }));
  AddCounter(families, "anteroom_frontend_received_bytes_total", "Bytes received from clients.", {},
             Sum(workers, [](const LoopWorker& w) { return w.metrics().bytes_in.value(); }));
  AddCounter(families, "anteroom_frontend_sent_bytes_total", "Bytes sent to clients.", {},
             Sum(workers, [](const LoopWorker& w) { return w.metrics().bytes_out.value(); }));
}

void AddExchanges(const Workers& workers, MetricFamilies* families) {
  AddCounter(families, "anteroom_frontend_requests_total",
             "Requests whose head was read, or refused.", {},
             Sum(workers, [](const LoopWorker& w) { return w.metrics().requests.value(); }));
  for (size_t i = 0; i < kOutcomes; ++i) {
    AddCounter(families, "anteroom_frontend_exchanges_total", "Exchanges that ended, by outcome.",
               {{"outcome", Info(static_cast<Outcome>(i)).word}},
               Sum(workers, [i](const LoopWorker& w) { return w.metrics().outcomes[i].value(); }));
  }
  for (size_t i = 0; i < 6; ++i) {
    if (i == 1) continue;
    AddCounter(
        families, "anteroom_frontend_responses_total",
        "Exchanges that ended, by the class of the status sent; none: nothing was sent.",
        {{"class", i == 0 ? std::string("none") : absl::StrCat(i, "xx")}},
        Sum(workers, [i](const LoopWorker& w) { return w.metrics().status_classes[i].value(); }));
  }
  AddCounter(families, "anteroom_frontend_fields_dropped_total",
             "Fields of requests that were left out, see limits.underscores.",
             {{"reason", "underscore"}},
             Sum(workers, [](const LoopWorker& w) { return w.metrics().fields_dropped.value(); }));
  const auto redirects = [&](const char* result, SingleWriterCounter RedirectCounters::*counter) {
    AddCounter(families, "anteroom_frontend_internal_redirects_total",
               "Answers of handlers that named a file (X-Accel-Redirect), by what became of them.",
               {{"result", result}}, Sum(workers, [counter](const LoopWorker& w) {
                 return (w.metrics().redirects.*counter).value();
               }));
  };
  redirects("sent", &RedirectCounters::sent);
  redirects("missing", &RedirectCounters::missing);
  redirects("failed", &RedirectCounters::failed);
  redirects("refused", &RedirectCounters::refused);
}

void AddPool(const PoolRecord& pool, MetricFamilies* families) {
  const MetricLabels labels = {{"pool", pool.name}};
  const auto sum = [&](auto read) {
    double all = 0;
    for (const auto& loop : pool.loops) all += static_cast<double>(read(*loop).value());
    return all;
  };
  AddGauge(families, "anteroom_pool_waiting_requests", "Requests waiting for a place in a backend.",
           labels, sum([](const PoolMetrics& m) -> auto& { return m.waiting; }));
  AddGauge(families, "anteroom_pool_in_flight_requests", "Requests at backends.", labels,
           sum([](const PoolMetrics& m) -> auto& { return m.in_flight; }));
  AddGauge(families, "anteroom_pool_links", "Links to backends that are up, over all loops.",
           labels, sum([](const PoolMetrics& m) -> auto& { return m.links_up; }));
  AddCounter(families, "anteroom_pool_queue_full_total",
             "Requests refused since the queue was full.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.queue_full; }));
  AddCounter(families, "anteroom_pool_redone_total",
             "Requests sent again after a link broke under them.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.redone; }));
  AddCounter(families, "anteroom_link_connects_total", "Attempts to connect to a backend.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.connects; }));
  AddCounter(families, "anteroom_link_connect_failures_total", "Attempts that failed.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.connect_failures; }));
  AddCounter(families, "anteroom_link_lost_total", "Links that ended after they had been up.",
             labels, sum([](const PoolMetrics& m) -> auto& { return m.links.lost; }));
  AddCounter(families, "anteroom_link_breaches_total",
             "Links closed since the backend broke the protocol.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.breaches; }));
  AddCounter(families, "anteroom_link_sent_batches_total", "Messages sent to backends.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.batches_out; }));
  AddCounter(families, "anteroom_link_received_batches_total", "Messages received from backends.",
             labels, sum([](const PoolMetrics& m) -> auto& { return m.links.batches_in; }));
  AddCounter(families, "anteroom_link_sent_requests_total",
             "Requests sent to backends, redone ones too.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.sent; }));
  AddCounter(families, "anteroom_link_refused_requests_total",
             "Requests that a backend had no place for.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.refused; }));
  AddCounter(families, "anteroom_link_returned_requests_total",
             "Requests that a backend gave back unstarted.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.returned; }));
  AddCounter(families, "anteroom_link_grants_total", "Places granted by backends.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.grants; }));
  AddCounter(families, "anteroom_link_declined_total",
             "Granted places that were not needed any more.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.declined; }));
  AddCounter(families, "anteroom_link_late_replies_total",
             "Frames for exchanges that were over; dropped.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.late_replies; }));
  AddCounter(families, "anteroom_link_silent_harvests_total",
             "Completions found without readiness having been reported; should stay 0.", labels,
             sum([](const PoolMetrics& m) -> auto& { return m.links.silent_harvests; }));
  HistogramTotals wait;
  HistogramTotals duration;
  for (const auto& loop : pool.loops) {
    loop->wait.AddTo(&wait);
    loop->duration.AddTo(&duration);
  }
  AddHistogram(families, "anteroom_pool_wait_seconds",
               "Time from complete request to being sent to a backend.", labels, wait);
  AddHistogram(families, "anteroom_pool_duration_seconds",
               "Time from complete request to complete answer.", labels, duration);
}

void AddStatic(const Workers& workers, const StaticCacheConfig& cache, const FileIo& file_io,
               MetricFamilies* families) {
  const auto sum = [&](auto read) {
    return Sum(workers, [&](const LoopWorker& w) { return read(w.static_counters()).value(); });
  };
  AddCounter(families, "anteroom_static_hits_total", "Static requests answered from the cache.", {},
             sum([](const StaticCounters& c) -> auto& { return c.hits; }));
  AddCounter(families, "anteroom_static_misses_total",
             "Static requests that waited for a file-I/O thread.", {},
             sum([](const StaticCounters& c) -> auto& { return c.misses; }));
  AddCounter(families, "anteroom_static_revalidations_total",
             "Cached files that were looked at again.", {},
             sum([](const StaticCounters& c) -> auto& { return c.revalidations; }));
  AddCounter(families, "anteroom_static_evictions_total", "Cache entries that left for room.", {},
             sum([](const StaticCounters& c) -> auto& { return c.evictions; }));
  AddCounter(families, "anteroom_static_cold_reads_total",
             "Parts of files that had to be read from the disk.", {},
             sum([](const StaticCounters& c) -> auto& { return c.cold_reads; }));
  AddCounter(families, "anteroom_static_refused_total",
             "Static requests refused since the file-I/O queue was full.", {},
             sum([](const StaticCounters& c) -> auto& { return c.refused; }));
  const auto add_compressions = [&](const char* result, auto read) {
    AddCounter(families, "anteroom_static_compressions_total",
               "Static files compressed here, or not for want of time or use.",
               {{"result", result}}, sum(read));
  };
  add_compressions(
      "done", [](const StaticCounters& c) -> auto& { return c.compressions; });
  add_compressions(
      "useless", [](const StaticCounters& c) -> auto& { return c.compressions_useless; });
  add_compressions(
      "refused", [](const StaticCounters& c) -> auto& { return c.compressions_refused; });
  AddCounter(families, "anteroom_static_compression_in_bytes_total",
             "Sizes of the files that were made smaller.", {},
             sum([](const StaticCounters& c) -> auto& { return c.compression_bytes_in; }));
  AddCounter(families, "anteroom_static_compression_out_bytes_total",
             "What they were made smaller to.", {},
             sum([](const StaticCounters& c) -> auto& { return c.compression_bytes_out; }));
  AddCounter(families, "anteroom_static_listings_cut_total",
             "Listings made that do not show every entry.", {},
             sum([](const StaticCounters& c) -> auto& { return c.listings_cut; }));
  AddGauge(families, "anteroom_static_cached_bytes",
           "Memory taken by cached files, over all loops.", {},
           sum([](const StaticCounters& c) -> auto& { return c.cached_bytes; }));
  AddGauge(families, "anteroom_static_cached_entries", "Entries in the caches of all loops.", {},
           sum([](const StaticCounters& c) -> auto& { return c.cached_entries; }));
  AddGauge(families, "anteroom_static_cached_descriptors", "Descriptors kept open by the caches.",
           {}, sum([](const StaticCounters& c) -> auto& { return c.cached_descriptors; }));
  AddGauge(families, "anteroom_static_cached_bytes_limit", "static_cache.memory.", {},
           static_cast<double>(cache.memory));
  AddGauge(families, "anteroom_static_cached_descriptors_limit",
           "static_cache.files, or less where there are not so many descriptors.", {},
           static_cast<double>(cache.files));
  const FileIo::Counts counts = file_io.counts();
  AddGauge(families, "anteroom_file_io_waiting", "Work waiting for a file-I/O thread.", {},
           static_cast<double>(counts.waiting));
  AddCounter(families, "anteroom_file_io_done_total", "Work done by file-I/O threads.", {},
             static_cast<double>(counts.done));
}

void AddSpool(const SpoolQuota& spool, MetricFamilies* families) {
  AddGauge(families, "anteroom_spool_bytes", "Bytes in spool files, or about to be.", {},
           static_cast<double>(spool.bytes()));
  AddGauge(families, "anteroom_spool_files", "Open spool files.", {},
           static_cast<double>(spool.files()));
  AddGauge(families, "anteroom_spool_bytes_limit", "spool.total.", {},
           static_cast<double>(spool.max_bytes()));
  AddGauge(families, "anteroom_spool_files_limit", "spool.files.", {},
           static_cast<double>(spool.max_files()));
  AddCounter(families, "anteroom_spool_written_bytes_total", "Bytes written to spool files.", {},
             static_cast<double>(spool.bytes_written.value()));
  AddCounter(families, "anteroom_spool_refused_total", "Writes refused for want of room.", {},
             static_cast<double>(spool.refused.value()));
  AddCounter(families, "anteroom_spool_disk_failures_total",
             "Spool files that could not be made, written or read.", {},
             static_cast<double>(spool.disk_failures.value()));
}

}  // namespace

MetricFamilies CollectMetrics(const MetricSources& sources) {
  const auto& [settings, shared, workers, file_io, reloads, reloads_failed] = sources;
  const AccessLog* const access_log = settings->access_log.get();
  MetricFamilies families;
  AddInfo(&families, "anteroom_build_info", "The release that runs.",
          {{"version", kVersion}, {"tier", "frontend"}});
  AddGauge(&families, "anteroom_frontend_loops", "Event loops.", {},
           static_cast<double>(workers.size()));
  AddConnections(workers, &families);
  AddGauge(&families, "anteroom_frontend_buffered_bytes",
           "Heads, bodies and what is read ahead, in memory.", {},
           static_cast<double>(shared.buffered_bytes.load(std::memory_order_relaxed)));
  AddExchanges(workers, &families);
  for (const std::shared_ptr<PoolRecord>& pool : settings->pools) AddPool(*pool, &families);
  AddStatic(workers, settings->config.static_cache, file_io, &families);
  AddSpool(shared.spool, &families);
  AddCounter(&families, "anteroom_config_reloads_total", "Reloads of the configuration.",
             {{"result", "ok"}}, static_cast<double>(reloads.value()));
  AddCounter(&families, "anteroom_config_reloads_total", "Reloads of the configuration.",
             {{"result", "failed"}}, static_cast<double>(reloads_failed.value()));
  AddCounter(&families, "anteroom_log_dropped_lines_total",
             "Process log lines dropped since nobody read them.", {},
             static_cast<double>(DroppedLogLines()));
  AddCounter(&families, "anteroom_access_log_dropped_lines_total", "Access log lines dropped.", {},
             access_log == nullptr ? 0 : static_cast<double>(access_log->dropped()));
  return families;
}

}  // namespace anteroom::frontend
