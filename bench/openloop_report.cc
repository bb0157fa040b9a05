#include "bench/openloop_report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace anteroom::bench {
namespace {

std::string LatencyJson(std::vector<Duration> values) {
  if (values.empty()) return "null";
  std::sort(values.begin(), values.end());
  return absl::StrCat(
      "{\"min\":", ToMicros(values.front()), ",\"p50\":", ToMicros(Percentile(values, 50)),
      ",\"p90\":", ToMicros(Percentile(values, 90)), ",\"p99\":", ToMicros(Percentile(values, 99)),
      ",\"p999\":", ToMicros(Percentile(values, 99.9)), ",\"max\":", ToMicros(values.back()), "}");
}

// Of what no stall had a part in.
std::vector<Duration> Undisturbed(const OpenloopResult& result, size_t kind) {
  std::vector<Duration> latencies;
  for (const Sample& sample : result.samples) {
    const Time due = result.start + sample.due;
    if (sample.kind == kind && !Stalled(result.stalls, due, due + sample.latency)) {
      latencies.push_back(sample.latency);
    }
  }
  return latencies;
}

std::string StallsJson(const OpenloopResult& result) {
  Duration total{};
  for (const Stall& stall : result.stalls) total += stall.end - stall.begin;
  return absl::StrCat("{\"count\":", result.stalls.size(), ",\"ms\":", ToMillis(total),
                      ",\"stolen_ms\":", ToMillis(result.stolen), "}");
}

std::string ErrorsJson(const KindErrors& errors) {
  const std::string by_status = absl::StrJoin(
      errors.by_status, ",", [](std::string* out, const std::pair<const int, uint64_t>& entry) {
        absl::StrAppend(out, "\"", entry.first, "\":", entry.second);
      });
  return absl::StrCat("{\"status\":{", by_status, "},\"connection\":", errors.connection,
                      ",\"unanswered\":", errors.unanswered, "}");
}

}  // namespace

Duration Percentile(const std::vector<Duration>& sorted, double percent) {
  // 99.9 is not exactly 99.9: its error must not be rounded up to the next rank.
  const double rank = std::ceil(percent * static_cast<double>(sorted.size()) / 100 - 1e-9);
  const size_t index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

std::string ToJson(const OpenloopOptions& options, const OpenloopResult& result) {
  std::vector<std::string> kinds;
  for (size_t kind = 0; kind < options.kinds.size(); ++kind) {
    std::vector<Duration> latencies;
    for (const Sample& sample : result.samples) {
      if (sample.kind == kind) latencies.push_back(sample.latency);
    }
    const std::vector<Duration> undisturbed = Undisturbed(result, kind);
    kinds.push_back(absl::StrCat(
        "{\"name\":\"", options.kinds[kind].name, "\",\"ok\":", latencies.size(),
        ",\"errors\":", ErrorsJson(result.errors[kind]), ",\"latency_us\":", LatencyJson(latencies),
        ",\"undisturbed\":", undisturbed.size(), ",\"undisturbed_us\":", LatencyJson(undisturbed),
        "}"));
  }
  return absl::StrCat(
      "{\"seed\":", options.seed, ",\"rate\":", options.rate, ",\"seconds\":", options.seconds,
      ",\"sent\":", result.sent, ",\"connections_opened\":", result.connections_opened,
      ",\"lateness_us\":", LatencyJson(result.lateness), ",\"stalls\":", StallsJson(result),
      ",\"kinds\":[", absl::StrJoin(kinds, ","), "]}\n");
}

bool WriteSamples(const std::string& path, const OpenloopOptions& options,
                  const std::vector<Sample>& samples) {
  std::ofstream file(path);
  for (const Sample& sample : samples) {
    file << ToMicros(sample.due) << ' ' << options.kinds[sample.kind].name << ' '
         << ToMicros(sample.latency) << '\n';
  }
  file.close();
  return file.good();
}

}  // namespace anteroom::bench
