// The front-end process: the workers, what they share, discovery and the admin port; start, drain
// and stop.
//
// Threading: one thread (main) calls everything; ready() and the admin pages may be read from
// others.
#ifndef ANTEROOM_FRONTEND_FRONTEND_SERVER_H_
#define ANTEROOM_FRONTEND_FRONTEND_SERVER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "common/admin_server.h"
#include "frontend/access_log.h"
#include "frontend/config.h"
#include "frontend/dispatch/discovery.h"
#include "frontend/loop_worker.h"
#include "frontend/net/unix_socket.h"
#include "frontend/router.h"
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

  // The access log's file has been moved away: goes on in a new one.
  void ReopenLogs();
  // Not ready any more, but serving as before, except that answers say `Connection: close`: by the
  // time that connections are closed, clients that keep theirs busy have left them.
  void StopBeingReady();
  // Accepts nothing new and lets what is under way end. `drained` is called, on some other thread,
  // when nothing is left.
  void Drain(const std::function<void()>& drained);
  // Cuts what is left and ends all threads.
  void Stop();

 private:
  absl::Status OpenListeners();
  absl::Status OpenUnixListener(const ListenerConfig& listener);
  absl::Status StartAdmin();
  std::string StatusPage() const;
  // For want of memory; on any thread.
  void CloseIdleConnections();

  const Config config_;
  const Router router_;
  const Time started_;
  std::atomic<bool> ready_{false};
  std::atomic<size_t> draining_workers_{0};
  std::atomic<int64_t> idle_closed_at_{0};  // monotonic nanoseconds; 0: never

  // In the order of construction; torn down in reverse.
  ProcessShared shared_;
  std::unique_ptr<AccessLog> access_log_;
  FileIo file_io_;
  std::vector<std::unique_ptr<LoopWorker>> workers_;
  std::vector<std::unique_ptr<SocketFile>> socket_files_;
  Discovery discovery_;
  AdminServer admin_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_FRONTEND_SERVER_H_
