// The metrics of a backend process, by name. docs/METRICS.md lists them.
#ifndef ANTEROOM_BACKEND_SRC_METRICS_PAGE_H_
#define ANTEROOM_BACKEND_SRC_METRICS_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "backend/src/backend_metrics.h"
#include "backend/src/router.h"
#include "backend/src/worker_pool.h"

namespace anteroom::backend {

// Any thread.
std::string MetricsPage(const WorkerPool& pool, const Router& router, const BackendMetrics& metrics,
                        absl::string_view version);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_METRICS_PAGE_H_
