// What an open-loop run found, and its JSON.
#ifndef ANTEROOM_BENCH_OPENLOOP_REPORT_H_
#define ANTEROOM_BENCH_OPENLOOP_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/openloop_options.h"
#include "bench/stall_watch.h"
#include "common/clock.h"

namespace anteroom::bench {

// One request that was answered with 2xx.
struct Sample {
  Duration due{};      // since the start of the run
  Duration latency{};  // from `due`, not from when the bytes went out
  size_t kind = 0;
};

struct KindErrors {
  std::map<int, uint64_t> by_status;  // answers other than 2xx
  uint64_t connection = 0;            // refused, reset, closed early, malformed answer
  uint64_t unanswered = 0;            // nothing complete when the grace was over
};

struct OpenloopResult {
  Time start;
  uint64_t sent = 0;
  uint64_t connections_opened = 0;
  std::vector<Sample> samples;
  std::vector<KindErrors> errors;  // by kind
  // How late this program itself started requests. When this grows, the numbers speak about the
  // generator.
  std::vector<Duration> lateness;
  std::vector<Stall> stalls;  // when they were watched for
  Duration stolen{};          // by the host meanwhile, as StolenTime() has it
};

// The smallest value that at least `percent` of all values don't exceed (nearest rank). `sorted`
// isn't empty.
Duration Percentile(const std::vector<Duration>& sorted, double percent);

std::string ToJson(const OpenloopOptions& options, const OpenloopResult& result);

// "due_us kind latency_us", one line a request. False when the file can't be written.
bool WriteSamples(const std::string& path, const OpenloopOptions& options,
                  const std::vector<Sample>& samples);

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_OPENLOOP_REPORT_H_
