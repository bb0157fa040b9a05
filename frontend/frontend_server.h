// The front-end process: the workers, what they share, discovery and the admin port; start, reload,
// drain and stop.
//
// Threading: one thread (main) calls everything; ready() and the admin pages may be read from
// others.
#ifndef ANTEROOM_FRONTEND_FRONTEND_SERVER_H_
#define ANTEROOM_FRONTEND_FRONTEND_SERVER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/admin_server.h"
#include "common/mutex.h"
#include "frontend/access_log.h"
#include "frontend/config.h"
#include "frontend/dispatch/discovery.h"
#include "frontend/loop_worker.h"
#include "frontend/net/unix_socket.h"
#include "frontend/settings.h"
#include "frontend/static/file_io.h"

namespace anteroom::frontend {

class FrontendServer {
 public:
  explicit FrontendServer(Config config);
  ~FrontendServer();  // stops
  FrontendServer(const FrontendServer&) = delete;
  FrontendServer& operator=(const FrontendServer&) = delete;

  // Opens everything, then starts. An error (a port in use, a root that cannot be served) leaves
  // nothing running.
  absl::Status Start();

  // Goes over to another configuration, for all requests that come from now on; connections and what
  // is under way stay. Everything that can fail is done first: after an error (a port in use, a root
  // that cannot be served, a setting that needs a restart) nothing has changed.
  absl::Status Reload(Config config);
  // A configuration that could not be read at all: it counts.
  void OnBadReload() { reloads_failed_.Add(); }

  // The access log's file has been moved away: goes on in a new one.
  void ReopenLogs();
  // Not ready any more, but serving as before.
  void StopBeingReady();
  // From now on answers say `Connection: close`: clients that keep their connections busy leave them.
  void AnnounceClose();
  // Open client connections.
  uint32_t connections() const { return shared_.open_connections.load(); }
  // Accepts nothing new and lets what is under way end. `drained` is called, on some other thread,
  // when nothing is left.
  void Drain(const std::function<void()>& drained);
  // Cuts what is left and ends all threads.
  void Stop();

 private:
  // A listener that has been opened for all workers, and is not theirs yet.
  struct OpenListener {
    ListenerConfig config;
    std::vector<UniqueFd> sockets;     // by worker
    std::unique_ptr<SocketFile> file;  // of a Unix socket
  };
  absl::Status TryReload(Config config);
  absl::StatusOr<OpenListener> Open(const ListenerConfig& listener) const;
  void Listen(OpenListener listener);
  void CloseListenersBut(const std::vector<ListenerConfig>& kept);

  // Settings for `config`, with what `before` (which may be null) has and they can keep.
  absl::StatusOr<std::shared_ptr<const Settings>> MakeSettings(Config config,
                                                               const Settings* before) const;
  void StartDiscovery();
  std::shared_ptr<const Settings> settings() const;

  absl::Status StartAdmin();
  std::string StatusPage() const;
  // For want of memory; on any thread.
  void CloseIdleConnections();

  const size_t loops_;
  const Time started_;
  mutable Mutex mu_;
  std::shared_ptr<const Settings> settings_ ABSL_GUARDED_BY(mu_);
  std::atomic<bool> ready_{false};
  std::atomic<size_t> draining_workers_{0};
  std::atomic<int64_t> idle_closed_at_{0};  // monotonic nanoseconds; 0: never

  // In the order of construction; torn down in reverse.
  ProcessShared shared_;
  Counter reloads_;
  Counter reloads_failed_;
  // Those that loops may still write to: the last one of them must not go on a loop, which would
  // have to wait for the disk.
  std::vector<std::shared_ptr<AccessLog>> access_logs_;
  FileIo file_io_;
  std::vector<std::unique_ptr<LoopWorker>> workers_;
  std::vector<std::pair<ListenerConfig, std::unique_ptr<SocketFile>>> listeners_;
  std::unique_ptr<Discovery> discovery_;
  AdminServer admin_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_FRONTEND_SERVER_H_
