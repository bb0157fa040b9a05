// What the connections of one loop share. Filled by LoopWorker; loop thread only, but for what says
// otherwise.
#ifndef ANTEROOM_FRONTEND_NET_CONNECTION_CONTEXT_H_
#define ANTEROOM_FRONTEND_NET_CONNECTION_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "common/request_id.h"
#include "frontend/config.h"
#include "frontend/http/http_date.h"
#include "frontend/metrics.h"
#include "frontend/net/address_table.h"
#include "frontend/net/client_request.h"
#include "frontend/net/loop.h"
#include "frontend/net/output.h"
#include "frontend/router.h"
#include "frontend/spool/spool_file.h"
#include "frontend/static/static_cache.h"
#include "frontend/static/static_files.h"

namespace anteroom::frontend {

class AccessLog;
class Connection;
class FileIo;
class Pool;

// A route as one loop sees it: exactly one of `files` and `pool` is set.
struct Site {
  const RouteConfig* route = nullptr;
  StaticFiles* files = nullptr;
  Pool* pool = nullptr;
};

class ConnectionOwner {
 public:
  // Destroys the connection, not necessarily at once; nothing else is called on it.
  virtual void Remove(Connection* connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

struct ConnectionContext {
  ConnectionContext(Loop* loop_in, const Config* config_in, const Router* router_in)
      : loop(loop_in), config(config_in), router(router_in), requests(config_in->limits.http) {}

  absl::string_view Date() { return date.Get(std::time(nullptr)); }

  // Counts a connection that is closed before any request, and says so, at most once a second.
  void RefuseProxied(SingleWriterCounter* counter, absl::string_view peer,
                     absl::string_view reason);

  Loop* const loop;
  const Config* const config;
  const Router* const router;
  ConnectionOwner* owner = nullptr;  // set by the Acceptor
  std::vector<Site> sites;           // by route
  FileIo* file_io = nullptr;
  SpoolContext spool;
  OutputLimits output_limits;
  StaticCache* static_cache = nullptr;
  Poster poster;
  AccessLog* access_log = nullptr;  // null: off
  LoopMetrics* metrics = nullptr;
  std::atomic<uint32_t>* open_connections = nullptr;  // of the process
  AddressTable* addresses = nullptr;                  // of the process
  std::atomic<uint64_t>* buffered_bytes = nullptr;    // of the process: bodies in memory
  const std::function<void()>* on_memory_short = nullptr;
  bool draining = false;  // answers say `Connection: close`

  RequestStore requests;
  RequestIdSource request_ids;
  TraceparentSource traceparents;
  DateCache date;
  Time warned_of_backend{};
  Time warned_of_proxy{};
  std::string out;  // where heads and small answers are put together before they are written
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_CONNECTION_CONTEXT_H_
