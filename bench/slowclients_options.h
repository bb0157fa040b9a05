// The command line of anteroom-bench-slowclients.
#ifndef ANTEROOM_BENCH_SLOWCLIENTS_OPTIONS_H_
#define ANTEROOM_BENCH_SLOWCLIENTS_OPTIONS_H_

#include <netinet/in.h>

#include <cstddef>
#include <optional>
#include <string>

#include "bench/transfer.h"

namespace anteroom::bench {

struct SlowclientsOptions {
  sockaddr_in address{};
  Direction direction = Direction::kUpload;
  std::string path;
  size_t count = 1;          // clients, each with a connection of its own and one transfer
  size_t bytes = 0;          // of each body
  double rate = 0;           // bytes a second of each client
  bool check = true;         // that the answer is right, not only as long as it has to be
  double ramp = 0;           // seconds over which the clients start
  double timeout = 600;      // seconds that one transfer may take
  int period_ms = 100;       // each client moves bytes once in this time
  int receive_buffer = 0;    // SO_RCVBUF, bytes; 0: the kernel's choice
  int max_segment_size = 0;  // TCP_MAXSEG, bytes; 0: the kernel's choice
};

extern const char kSlowclientsUsage[];

// No value on anything that isn't understood.
std::optional<SlowclientsOptions> ParseSlowclientsOptions(int argc, char** argv);

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_SLOWCLIENTS_OPTIONS_H_
