// The front end's numbers as Prometheus families: the counters of all loops, summed.
//
// Threading: any one thread; the counters may be written meanwhile.
#ifndef ANTEROOM_FRONTEND_ADMIN_METRICS_PAGE_H_
#define ANTEROOM_FRONTEND_ADMIN_METRICS_PAGE_H_

#include <memory>
#include <vector>

#include "common/metric_families.h"
#include "frontend/access_log.h"
#include "frontend/loop_worker.h"
#include "frontend/settings.h"
#include "frontend/static/file_io.h"

namespace anteroom::frontend {

struct MetricSources {
  std::shared_ptr<const Settings> settings;
  const ProcessShared& shared;
  const std::vector<std::unique_ptr<LoopWorker>>& workers;
  const FileIo& file_io;
  const Counter& reloads;
  const Counter& reloads_failed;
};

MetricFamilies CollectMetrics(const MetricSources& sources);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_ADMIN_METRICS_PAGE_H_
