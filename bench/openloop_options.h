// The command line of anteroom-bench-openloop.
#ifndef ANTEROOM_BENCH_OPENLOOP_OPTIONS_H_
#define ANTEROOM_BENCH_OPENLOOP_OPTIONS_H_

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/arrivals.h"

namespace anteroom::bench {

// One kind of request of the mix.
struct Kind {
  std::string name;  // as the report calls it
  double weight = 1;
  std::string path;
};

struct OpenloopOptions {
  std::vector<sockaddr_in> addresses;
  std::vector<Kind> kinds;
  Spread spread = Spread::kRoundRobin;
  double rate = 0;      // requests a second
  double seconds = 10;  // arrivals are due within this time
  double grace = 10;    // how long to wait for answers after the last arrival, seconds
  uint64_t seed = 1;
  // Leaves what was measured across a longer stall of the processor out of a second account (see
  // stall_watch.h), milliseconds; 0: doesn't watch.
  double stalls = 0;
  std::string samples;  // a file for one line a request; empty: none
};

extern const char kOpenloopUsage[];

// No value on anything that isn't understood.
std::optional<OpenloopOptions> ParseOpenloopOptions(int argc, char** argv);

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_OPENLOOP_OPTIONS_H_
