// Everything that can be configured, in one struct with units and defaults; each default is written
// here and nowhere else. config_loader.h turns YAML into it. docs/CONFIG.md is the same list for
// users, with the reasons; a test holds the two together. A plain value: constant and shared
// between threads once loaded.
#ifndef ANTEROOM_FRONTEND_CONFIG_H_
#define ANTEROOM_FRONTEND_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/socket_address.h"
#include "frontend/http/content_coding.h"
#include "frontend/http/limits.h"
#include "frontend/http/trusted_proxies.h"

namespace anteroom::frontend {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ListenerConfig {
  // Exactly one of these two.
  SocketAddress address;    // an IP literal
  std::string unix_path{};  // of a socket's file, absolute
  uint32_t mode = 0660;     // of that file
  // Whether each connection begins with a header of the PROXY protocol, which only trusted_proxies
  // may send.
  bool proxy_protocol = false;

  bool is_unix() const { return !unix_path.empty(); }
  bool SamePlace(const ListenerConfig& other) const {
    return address == other.address && unix_path == other.unix_path;
  }
};

struct AdminConfig {
  SocketAddress address{"127.0.0.1", 9901};  // an IP literal
};

// Bodies larger than memory_per_body live in unlinked files. Sizes in bytes.
struct SpoolConfig {
  std::string directory = "/var/tmp";
  uint64_t memory_per_body = 256 * 1024;  // one body, before it moves to a file
  uint64_t total = uint64_t{4} << 30;     // all files of the process; beyond: 507
  uint32_t files = 4096;                  // open at the same time; beyond: 507
};

struct LimitsConfig {
  HttpLimits http;
  // Open client connections of the process. One more is accepted and closed at once, counted.
  uint32_t connections = 15000;
  // Bytes of request bodies that the process holds, over all loops. A body that would go beyond is
  // answered 503.
  uint64_t buffers = uint64_t{1} << 30;
  // Open connections of one client address; 0: no bound of its own.
  uint32_t connections_per_address = 0;
  // Bytes read ahead of a connection while its request is being answered.
  uint64_t look_ahead = 16 * 1024;
  // Requests that one connection may bring; the last answer says `Connection: close`.
  uint32_t requests_per_connection = 1000;
  // Bytes of a request a second, on average since its head and after timeouts.body_grace; slower
  // ones are answered 408. 0: no bound.
  uint64_t body_rate = 240;
};

// How long a client may take. Each is a plain deadline: trickling bytes does not extend it.
struct TimeoutsConfig {
  Duration header = seconds(10);          // from the first byte of a request to the end of its head
  Duration body = std::chrono::hours(1);  // from the end of the head to the end of the body
  Duration body_grace = seconds(5);       // after which limits.body_rate holds
  Duration connection = std::chrono::hours(1);  // age at which an answer says `Connection: close`
  Duration idle = seconds(60);   // between requests of a connection, and before its first
  Duration write = seconds(30);  // without any progress while a response is being sent
  // After an answer that ends the connection, for what the client is still sending: without a byte,
  // and in all.
  Duration linger_pause = seconds(2);
  Duration linger = seconds(15);
  Duration disk = seconds(30);  // for one piece of a body or file, to be written or read
};

// Waiting requests of one pool, over all loops. Beyond any of the three: 503 with Retry-After.
struct QueueConfig {
  uint32_t requests = 1000;
  uint64_t bytes = uint64_t{256} << 20;  // of their heads and bodies
  Duration wait = seconds(30);           // for a place in a backend
};

struct PoolConfig {
  std::string name;
  std::vector<SocketAddress> endpoints;  // either these...
  std::optional<SocketAddress> dns;      // ...or a name whose every address is a backend
  Duration dns_refresh = seconds(2);
  QueueConfig queue;
  Duration timeout = seconds(60);  // from complete request to complete response; after it: 504
};

// Files that are compressed as they are asked for; the result is kept in memory.
struct CompressConfig {
  CodingSet codings;  // kBrotli and kGzip; empty: off
  // Media types in lower case, without parameters; "text/*" stands for all of text.
  std::vector<std::string> types = {
      "text/*",           "application/json",      "application/ld+json",
      "application/xml",  "application/xhtml+xml", "application/atom+xml",
      "application/wasm", "application/rss+xml",   "application/manifest+json",
      "image/svg+xml",    "application/geo+json",  "font/ttf"};
  uint64_t min_size = 1024;   // bytes; smaller files are sent as they are
  uint32_t gzip_level = 6;    // of zlib
  uint32_t brotli_level = 5;  // "quality", as brotli calls it
};

// What is kept of static files. The bounds are of the process, in equal parts for its loops.
struct StaticCacheConfig {
  uint64_t memory = uint64_t{64} << 20;  // bytes: small files, as they are sent, and bookkeeping
  uint64_t largest =
      64 * 1024;                // bytes of a file in memory; larger ones are sent from a descriptor
  uint32_t files = 1024;        // descriptors kept open
  uint32_t names = 2048;        // that are no file: missing ones, and directories without a slash
  Duration fresh = seconds(1);  // for which an answer is given without another look
};

// Whether symbolic links below a static root are followed: not at all, or where they lead to something
// below the root. Never out of it.
enum class SymlinkPolicy { kNone, kWithin };

// Names of the user's choice and what they stand for, in file order.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct StaticConfig {
  std::string root;                  // a directory; in a file, relative to where the file is
  std::string index = "index.html";  // served for a path that ends in '/'
  // Whether `name.br`, `name.zst` and `name.gz` beside a file `name` are sent in its place.
  CodingSet precompressed;
  CompressConfig compress;
  std::string cache_control;        // the field's value; empty: no such field
  std::optional<Duration> expires;  // instead of it: Cache-Control: max-age, in whole seconds
  bool nosniff = true;              // X-Content-Type-Options: nosniff
  NamedTexts headers;               // more fields of every answer with a file, by name
  NamedTexts types;                 // extension (no dot) to Content-Type, before the table's
  SymlinkPolicy symlinks = SymlinkPolicy::kNone;
  bool hidden = false;     // whether names that begin with a dot are served
  std::string fallback;    // file below the root, served for missing names; empty: none
  NamedTexts error_pages;  // status to file below the root
  bool listing = false;    // a page with its entries for a directory without index
  std::string route;       // the path of the route, for that page; not a key of its own
};

// What may be sent again after a link broke under it.
enum class RetryPolicy { kNever, kIdempotent, kAlways };

struct RouteConfig {
  // Exact or "*.example.com" (any name below, not example.com itself); without port, lower case,
  // IPv6 in brackets. Empty: any.
  std::string host;
  std::string path;  // prefix, starts with '/'; router.h says what it covers
  // Exactly one of these two.
  std::optional<StaticConfig> static_files;
  std::string pool;
  std::optional<Duration> timeout;  // instead of the pool's
  RetryPolicy retry = RetryPolicy::kIdempotent;
  // With static_files only: no client reaches it; handlers name its files (X-Accel-Redirect).
  bool internal = false;
};

// Who harvests gRPC completions: the loop itself (fewest wake-ups) or a thread beside it (needed
// for TLS).
enum class CompletionPump { kLoop, kThread };

struct LinksConfig {
  CompletionPump pump = CompletionPump::kLoop;
  Duration connect_timeout = seconds(3);
  // First pause after a failed connect. It doubles, with jitter, up to the second, which is short
  // enough that a backend that came back is used within 2 s.
  Duration backoff_min = milliseconds(50);
  Duration backoff_max = seconds(1);
};

enum class AccessLogFormat { kJson, kCombined };

struct AccessLogConfig {
  std::string path;  // "-": standard output; empty: off
  AccessLogFormat format = AccessLogFormat::kJson;
  // Lines waiting for the writer thread. When full, the oldest are dropped and counted.
  uint32_t queue_lines = 8192;
};

struct DrainConfig {
  Duration delay = seconds(0);     // after TERM: not ready, but accepting and serving as before
  Duration timeout = seconds(30);  // then: finish what is under way; what is left after this is cut
  Duration close = seconds(1);  // of that: accepting still, every answer says `Connection: close`
};

struct Config {
  std::vector<ListenerConfig> listeners;
  TrustedProxies trusted_proxies;
  AdminConfig admin;
  uint32_t loops = 0;            // 0: the CPUs that affinity and cgroup grant
  uint32_t file_io_threads = 2;  // threads that open and read cold files for all loops
  SpoolConfig spool;
  StaticCacheConfig static_cache;
  LimitsConfig limits;
  TimeoutsConfig timeouts;
  LinksConfig links;
  AccessLogConfig access_log;
  std::string log_level = "info";  // trace, debug, info, warn, error
  DrainConfig drain;
  std::vector<PoolConfig> pools;    // in file order
  std::vector<RouteConfig> routes;  // in file order: the first match wins
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_CONFIG_H_
