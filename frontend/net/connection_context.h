// What the connections of one loop share. Filled by LoopWorker; loop thread only, but for what says
// otherwise.
#ifndef ANTEROOM_FRONTEND_NET_CONNECTION_CONTEXT_H_
#define ANTEROOM_FRONTEND_NET_CONNECTION_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/request_id.h"
#include "frontend/config.h"
#include "frontend/http/http_date.h"
#include "frontend/metrics.h"
#include "frontend/net/address_table.h"
#include "frontend/net/buffer_count.h"
#include "frontend/net/client_request.h"
#include "frontend/net/loop.h"
#include "frontend/net/output.h"
#include "frontend/net/read_buffer.h"
#include "frontend/settings.h"
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

// A pool as one loop has it.
struct LoopPool {
  LoopPool(std::shared_ptr<const Settings> settings_in, std::shared_ptr<PoolRecord> record_in)
      : settings(std::move(settings_in)), record(std::move(record_in)) {}

  std::shared_ptr<const Settings> settings;  // that its configuration is part of
  const std::shared_ptr<PoolRecord> record;
  std::shared_ptr<Pool> pool;
};

// The routes of one configuration as one loop sees them. A request keeps the one that it was routed
// by. Loop thread only.
struct SiteTable {
  std::shared_ptr<const Settings> settings;
  std::vector<Site> sites;                                 // by route
  std::vector<std::unique_ptr<StaticFiles>> static_files;  // by route, null for pools
  std::vector<std::shared_ptr<LoopPool>> pools;            // by pool
};

class ConnectionOwner {
 public:
  // Destroys the connection, not necessarily at once; nothing else is called on it.
  virtual void Remove(Connection* connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

struct ConnectionContext {
  explicit ConnectionContext(Loop* loop_in) : loop(loop_in) {}

  absl::string_view Date() { return date.Get(std::time(nullptr)); }

  // Counts a connection that is closed before any request, and says so, at most once a second.
  void RefuseProxied(SingleWriterCounter* counter, absl::string_view peer,
                     absl::string_view reason);

  Loop* const loop;
  std::shared_ptr<const SiteTable> table;  // the present one...
  const Config* config = nullptr;          // ...and its configuration
  HttpLimits http_limits;                  // of that; stays where it is, for parsers
  ConnectionOwner* owner = nullptr;        // set by the Acceptor
  FileIo* file_io = nullptr;
  SpoolContext spool;
  SpooledBody::Limits body_limits{};  // of requests
  OutputLimits output_limits;
  StaticCache* static_cache = nullptr;
  Poster poster;
  LoopMetrics* metrics = nullptr;
  std::atomic<uint32_t>* open_connections = nullptr;  // of the process
  AddressTable* addresses = nullptr;                  // of the process
  std::atomic<uint64_t>* buffered_bytes = nullptr;    // of the process: what limits.buffers bounds
  const std::function<void()>* on_memory_short = nullptr;
  bool draining = false;  // answers say `Connection: close`

  ReadBuffer read_buffer;
  BufferCount buffer_count;
  RequestStore requests{http_limits};
  RequestIdSource request_ids;
  TraceparentSource traceparents;
  DateCache date;
  Time warned_of_backend{};
  Time warned_of_proxy{};
  std::string out;  // where heads and small answers are put together before they are written
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_CONNECTION_CONTEXT_H_
