// What a run of slow clients found, and its JSON.
#ifndef ANTEROOM_BENCH_SLOWCLIENTS_REPORT_H_
#define ANTEROOM_BENCH_SLOWCLIENTS_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/slowclients_options.h"
#include "bench/transfer.h"
#include "common/clock.h"

namespace anteroom::bench {

struct SlowclientsResult {
  std::vector<Duration> durations;    // of the transfers that succeeded, from connect to last byte
  std::map<int, uint64_t> by_status;  // answers other than 200
  uint64_t mismatch = 0;              // the answer was not what the request asks for
  uint64_t malformed = 0;             // it was no answer that this program understands
  uint64_t connection = 0;            // refused, reset, closed early
  uint64_t timeout = 0;
  // How late this program itself served its clients. When this nears their period, the clients are
  // slower than they were to be.
  std::vector<Duration> lateness;
  double cpu_seconds = 0;  // of this program
};

void CountFailure(const Transfer& transfer, SlowclientsResult* result);

std::string ToJson(const SlowclientsOptions& options, const SlowclientsResult& result);

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_SLOWCLIENTS_REPORT_H_
