// From numbers to a Prometheus page. A component's Collect() reads its counters (common/metrics.h),
// sums them over its loops and adds them here under their names; nothing is registered anywhere and
// nothing is kept between scrapes.
//
// Names follow Prometheus' conventions: `anteroom_<part>_<noun>_<unit>`, base units (seconds,
// bytes), `_total` on counters. Help is one sentence without line breaks.
//
// Pure; any thread, one at a time for one vector.
#ifndef ANTEROOM_COMMON_METRIC_FAMILIES_H_
#define ANTEROOM_COMMON_METRIC_FAMILIES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/metrics.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace anteroom {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Each adds one time series to the family of that name, which it makes if need be. The same name
// must always come with the same type.
void AddCounter(MetricFamilies* families, absl::string_view name, absl::string_view help,
                const MetricLabels& labels, double value);
void AddGauge(MetricFamilies* families, absl::string_view name, absl::string_view help,
              const MetricLabels& labels, double value);
void AddHistogram(MetricFamilies* families, absl::string_view name, absl::string_view help,
                  const MetricLabels& labels, const HistogramTotals& totals);

// A gauge that is always 1 and whose labels are the news: versions and the like.
void AddInfo(MetricFamilies* families, absl::string_view name, absl::string_view help,
             const MetricLabels& labels);

// The text exposition format, which every Prometheus reads, and its media type. Families of the
// same name from several sources come out as one.
inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";
std::string SerializeMetrics(const MetricFamilies& families);
std::string SerializeMetrics(const std::vector<const prometheus::Collectable*>& sources);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_METRIC_FAMILIES_H_
