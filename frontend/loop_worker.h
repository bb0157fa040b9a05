// One loop with all that lives on it: listeners, connections, static files, pools and their links.
// Workers share nothing but what they are given here.
//
// Threading: made and destroyed by the main thread; between Start() and the end of Stop()
// everything inside belongs to the worker's own thread, and the public functions post to it.
#ifndef ANTEROOM_FRONTEND_LOOP_WORKER_H_
#define ANTEROOM_FRONTEND_LOOP_WORKER_H_

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/unique_fd.h"
#include "frontend/config.h"
#include "frontend/dispatch/completion_source.h"
#include "frontend/dispatch/link.h"
#include "frontend/dispatch/pool.h"
#include "frontend/metrics.h"
#include "frontend/net/acceptor.h"
#include "frontend/net/connection_context.h"
#include "frontend/net/loop.h"
#include "frontend/settings.h"
#include "frontend/spool/spool_quota.h"

namespace anteroom::frontend {

// What the workers of a process have in common.
struct ProcessShared {
  // The bounds of `config`. Before the first worker is made, and at each reload.
  void SetLimits(const Config& config);

  // limits.buffers is nearly used up. Any thread; set before the first worker starts.
  std::function<void()> on_memory_short;
  std::atomic<uint32_t> open_connections{0};
  std::atomic<uint64_t> buffered_bytes{0};  // what limits.buffers bounds
  SpoolQuota spool{0, 0};
  AddressTable addresses;
};

// What a loop needs to go over to other settings; made, and if need be given back, by the main thread.
struct LoopUpdate {
  std::shared_ptr<const Settings> settings;
  std::vector<std::unique_ptr<StaticFiles>> static_files;  // by route, null for pools
};

class LoopWorker {
 public:
  // Everything must outlive the worker. Of `links` the pump stays as it is.
  LoopWorker(size_t index, const LinksConfig& links, FileIo* file_io, ProcessShared* shared);
  ~LoopWorker();
  LoopWorker(const LoopWorker&) = delete;
  LoopWorker& operator=(const LoopWorker&) = delete;

  // Opens what blocks. Fails when a static root cannot be served.
  absl::StatusOr<LoopUpdate> Prepare(std::shared_ptr<const Settings> settings);
  // Goes over to these settings: requests that come from now on. The others, and their pools, keep
  // those that they began with. Once before Start(). The result is ready when the loop has done so.
  std::future<void> Apply(LoopUpdate update);
  // An update that is not applied after all.
  void Discard(LoopUpdate update);
  void Listen(UniqueFd socket, const ListenerConfig& listener);

  void Start();
  void SetBackends(std::string pool, std::vector<SocketAddress> addresses);
  // From now on answers say `Connection: close`.
  void AnnounceClose();
  // Connections that wait for a request.
  void CloseIdle();
  // Lets connections end; `drained` is called on the worker's thread when the last one is gone.
  void Drain(std::function<void()> drained);
  // Cuts connections and links, ends the thread and joins it.
  void Stop();

  // Whether the loop still turns: asks it, and judges by whether it has answered what was asked
  // before. Any one thread.
  bool Alive();

  const LoopMetrics& metrics() const { return metrics_; }
  const StaticCounters& static_counters() const { return static_cache_.counters(); }

 private:
  // On the loop's thread once that runs.
  void Do(std::function<void()> fn);
  void ApplyOnLoop(LoopUpdate* update);
  std::shared_ptr<LoopPool> PoolFor(const std::shared_ptr<const Settings>& settings, size_t pool);
  void StopOnLoop();
  void EndWhenStreamsAreGone();

  const size_t index_;
  ProcessShared* const shared_;
  LoopMetrics metrics_;
  LinkOptions link_options_;
  int streams_alive_ = 0;

  // In the order of construction; torn down in reverse.
  Loop loop_;
  const std::unique_ptr<CompletionSource> completions_;
  StaticCache static_cache_;
  ConnectionContext context_;
  Acceptor acceptor_;
  CallbackTimer end_timer_;
  Time end_by_;
  std::thread thread_;

  std::atomic<int64_t> asked_at_{0};  // monotonic nanoseconds; 0: nothing is outstanding
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_LOOP_WORKER_H_
