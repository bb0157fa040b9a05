#include "common/metric_families.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <locale>
#include <sstream>

#include "prometheus/client_metric.h"
#include "prometheus/metric_type.h"
#include "prometheus/text_serializer.h"

namespace anteroom {
namespace {

prometheus::ClientMetric* AddSeries(MetricFamilies* families, absl::string_view name,
                                    absl::string_view help, prometheus::MetricType type,
                                    const MetricLabels& labels) {
  // From the back: series of one family are nearly always added one after the other.
  auto family = std::find_if(
      families->rbegin(), families->rend(),
      [name](const prometheus::MetricFamily& candidate) { return candidate.name == name; });
  if (family == families->rend()) {
    prometheus::MetricFamily& added = families->emplace_back();
    added.name.assign(name.data(), name.size());
    added.help.assign(help.data(), help.size());
    added.type = type;
    family = families->rbegin();
  }
  prometheus::ClientMetric& metric = family->metric.emplace_back();
  metric.label.reserve(labels.size());
  for (const auto& [label, value] : labels) metric.label.push_back({label, value});
  return &metric;
}

MetricFamilies MergeByName(MetricFamilies families) {
  MetricFamilies merged;
  merged.reserve(families.size());
  for (prometheus::MetricFamily& family : families) {
    const auto same = std::find_if(
        merged.begin(), merged.end(),
        [&family](const prometheus::MetricFamily& other) { return other.name == family.name; });
    if (same == merged.end()) {
      merged.push_back(std::move(family));
    } else {
      std::move(family.metric.begin(), family.metric.end(), std::back_inserter(same->metric));
    }
  }
  return merged;
}

}  // namespace

void AddCounter(MetricFamilies* families, absl::string_view name, absl::string_view help,
                const MetricLabels& labels, double value) {
  AddSeries(families, name, help, prometheus::MetricType::Counter, labels)->counter.value = value;
}

void AddGauge(MetricFamilies* families, absl::string_view name, absl::string_view help,
              const MetricLabels& labels, double value) {
  AddSeries(families, name, help, prometheus::MetricType::Gauge, labels)->gauge.value = value;
}

void AddHistogram(MetricFamilies* families, absl::string_view name, absl::string_view help,
                  const MetricLabels& labels, const HistogramTotals& totals) {
  prometheus::ClientMetric::Histogram& histogram =
      AddSeries(families, name, help, prometheus::MetricType::Histogram, labels)->histogram;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < totals.counts.size(); ++i) {
    cumulative += totals.counts[i];
    const double bound =
        i < totals.bounds.size() ? totals.bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = totals.sum;
}

void AddInfo(MetricFamilies* families, absl::string_view name, absl::string_view help,
             const MetricLabels& labels) {
  AddGauge(families, name, help, labels, 1);
}

std::string SerializeMetrics(const MetricFamilies& families) {
  std::ostringstream page;
  page.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(page, MergeByName(families));
  return std::move(page).str();
}

std::string SerializeMetrics(const std::vector<const prometheus::Collectable*>& sources) {
  MetricFamilies families;
  for (const prometheus::Collectable* source : sources) {
    MetricFamilies collected = source->Collect();
    std::move(collected.begin(), collected.end(), std::back_inserter(families));
  }
  return SerializeMetrics(families);
}

}  // namespace anteroom
