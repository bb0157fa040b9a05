#include "bench/slowclients_report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/openloop_report.h"

namespace anteroom::bench {
namespace {

std::string SecondsJson(std::vector<Duration> values) {
  if (values.empty()) return "null";
  std::sort(values.begin(), values.end());
  return absl::StrCat(
      "{\"min\":", ToSeconds(values.front()), ",\"p50\":", ToSeconds(Percentile(values, 50)),
      ",\"p99\":", ToSeconds(Percentile(values, 99)), ",\"max\":", ToSeconds(values.back()), "}");
}

}  // namespace

void CountFailure(const Transfer& transfer, SlowclientsResult* result) {
  switch (transfer.failure()) {
    case Transfer::Failure::kNone:
      return;
    case Transfer::Failure::kStatus:
      ++result->by_status[transfer.status()];
      return;
    case Transfer::Failure::kMismatch:
      ++result->mismatch;
      return;
    case Transfer::Failure::kMalformed:
      ++result->malformed;
      return;
  }
}

std::string ToJson(const SlowclientsOptions& options, const SlowclientsResult& result) {
  const std::string by_status = absl::StrJoin(
      result.by_status, ",", [](std::string* out, const std::pair<const int, uint64_t>& entry) {
        absl::StrAppend(out, "\"", entry.first, "\":", entry.second);
      });
  return absl::StrCat("{\"direction\":\"", options.direction == Direction::kUpload ? "up" : "down",
                      "\",\"count\":", options.count, ",\"bytes\":", options.bytes,
                      ",\"rate\":", options.rate, ",\"completed\":", result.durations.size(),
                      ",\"errors\":{\"status\":{", by_status, "},\"mismatch\":", result.mismatch,
                      ",\"malformed\":", result.malformed, ",\"connection\":", result.connection,
                      ",\"timeout\":", result.timeout,
                      "},\"seconds\":", SecondsJson(result.durations),
                      ",\"lateness_s\":", SecondsJson(result.lateness),
                      ",\"cpu_seconds\":", result.cpu_seconds, "}\n");
}

}  // namespace anteroom::bench
