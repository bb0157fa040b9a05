// Everything that can be configured, in one struct with units, defaults and reasons, and the loader that turns YAML
// into it or lists every fault at once. docs/CONFIG.md is the same list for users; a test holds the two together.
#ifndef ANTEROOM_FRONTEND_CONFIG_H_
#define ANTEROOM_FRONTEND_CONFIG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "frontend/http/request_parser.h"

namespace anteroom::frontend {

using std::chrono::seconds;
using std::chrono::milliseconds;

struct SocketAddress {
  std::string host;   // IPv4 or IPv6 literal, without brackets; for endpoints also a name
  uint16_t port = 0;  // 0: the kernel chooses (the choice is logged)
  std::string ToString() const;  // "host:port", "[v6]:port"
};

struct ListenerConfig {
  SocketAddress address;
};

struct AdminConfig {
  SocketAddress address{"127.0.0.1", 9901};
};

struct SpoolConfig {
  std::string directory = "/var/tmp";
  uint64_t memory_per_body = 256 * 1024;
  uint64_t total = uint64_t{4} << 30;
};

struct LimitsConfig {
  HttpLimits http;
  // Open client connections of the process. One more is accepted and closed at once, counted.
  uint32_t connections = 15000;
};

// How long a client may take. Each is a plain deadline: trickling bytes does not extend it.
struct TimeoutsConfig {
  Duration header = seconds(10);  // from the first byte of a request to the end of its head
  Duration body = seconds(60);    // from the end of the head to the end of the body
  Duration idle = seconds(60);    // between requests on a kept-alive connection, and before the first
  Duration write = seconds(30);   // without any progress while a response is being sent
};

struct QueueConfig {
  uint32_t requests = 1000;              // waiting requests of this pool, over all loops; one more: 503
  uint64_t bytes = uint64_t{256} << 20;  // their heads and bodies; beyond: 503
  Duration wait = seconds(30);           // longest wait for a place; after it: 503 with Retry-After
};

struct PoolConfig {
  std::string name;
  std::vector<SocketAddress> endpoints;   // either these...
  std::optional<SocketAddress> dns;       // ...or a name whose every address is a backend
  Duration dns_refresh = seconds(2);
  QueueConfig queue;
  Duration timeout = seconds(60);         // from complete request to complete response; after it: 504
};

struct StaticConfig {
  std::string root;                  // absolute directory
  std::string index = "index.html";  // served for a path that ends in '/'
};

enum class RetryPolicy { kNever, kIdempotent, kAlways };

struct RouteConfig {
  std::string host;   // exact, without port, lower case; empty: any
  std::string path;   // prefix, starts with '/'
  std::optional<StaticConfig> static_files;  // exactly one of these two
  std::string pool;
  std::optional<Duration> timeout;           // instead of the pool's
  RetryPolicy retry = RetryPolicy::kIdempotent;  // what may be sent again after a link broke under it
};

enum class CompletionPump { kLoop, kThread };

struct LinksConfig {
  // Who harvests gRPC completions: the loop itself (fewest wake-ups) or a thread beside it (needed for TLS).
  CompletionPump pump = CompletionPump::kLoop;
  Duration connect_timeout = seconds(3);
  Duration backoff_min = milliseconds(50);  // first pause after a failed connect; doubles, with jitter,...
  Duration backoff_max = seconds(1);        // ...up to this, so that a returning backend is used within 2 s
};

struct AccessLogConfig {
  std::string path;             // "-": standard output; empty: off
  uint32_t queue_lines = 8192;  // lines waiting for the writer thread; when full the oldest are dropped and counted
};

struct DrainConfig {
  Duration delay = seconds(0);     // after TERM: not ready, but accepting and serving as before
  Duration timeout = seconds(30);  // then: finish what is under way; what is left after this is cut
};

struct Config {
  std::vector<ListenerConfig> listeners;
  AdminConfig admin;
  uint32_t loops = 0;             // 0 in the file or no entry: the CPUs that affinity and cgroup grant
  uint32_t file_io_threads = 2;   // threads that open and read cold files for all loops
  SpoolConfig spool;
  LimitsConfig limits;
  TimeoutsConfig timeouts;
  LinksConfig links;
  AccessLogConfig access_log;
  std::string log_level = "info";  // trace, debug, info, warn, error
  DrainConfig drain;
  std::vector<PoolConfig> pools;   // in file order
  std::vector<RouteConfig> routes; // in file order: the first match wins
};

struct ConfigFault {
  int line = 0;    // 1-based; 0: the file as a whole
  int column = 0;
  std::string reason;
};

struct ConfigFaults {
  std::string file;
  std::vector<ConfigFault> faults;  // by line
  std::string ToString() const;     // "file:line:column: reason", a line each
};

// Reads and checks `path`, applying ANTEROOM_... environment overrides. Never throws.
std::variant<Config, ConfigFaults> LoadConfig(const std::string& path);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_CONFIG_H_
