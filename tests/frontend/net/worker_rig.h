// One loop with everything on it, as the process has it, and clients on real sockets.
#ifndef ANTEROOM_TESTS_FRONTEND_NET_WORKER_RIG_H_
#define ANTEROOM_TESTS_FRONTEND_NET_WORKER_RIG_H_

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "common/unique_fd.h"
#include "frontend/access_log.h"
#include "frontend/config.h"
#include "frontend/loop_worker.h"
#include "frontend/net/socket.h"
#include "frontend/settings.h"
#include "frontend/static/file_io.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {

// Blocking, with a time-out that fails the test.
class TestSocket {
 public:
  explicit TestSocket(const SocketAddress& address, int receive_buffer = 0) {
    sockaddr_storage storage{};
    const socklen_t length = address.ToSockaddr(&storage);
    fd_.Reset(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const timeval patience{20, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ = connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  }

  bool connected() const { return connected_; }
  void Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) {
        ADD_FAILURE() << "send: " << strerror(errno);
        return;
      }
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // As much as goes without waiting longer than `patience` for room; returns how much that was.
  size_t SendUntilStuck(absl::string_view bytes, int patience_ms) {
    size_t sent = 0;
    pollfd waiting{fd_.get(), POLLOUT, 0};
    while (!bytes.empty() && poll(&waiting, 1, patience_ms) == 1) {
      const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      sent += static_cast<size_t>(n);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return sent;
  }
  void FinishSending() { shutdown(fd_.get(), SHUT_WR); }
  // Reads until what has come ends with `end`, or the connection does.
  std::string ReadUntil(absl::string_view end) {
    std::string all;
    char byte;
    while (all.size() < end.size() || all.substr(all.size() - end.size()) != end) {
      const ssize_t n = recv(fd_.get(), &byte, 1, 0);
      if (n < 0) ADD_FAILURE() << "recv: " << strerror(errno) << " after: " << all;
      if (n <= 0) break;
      all.push_back(byte);
    }
    return all;
  }
  std::string ReadHead() { return ReadUntil("\r\n\r\n"); }
  std::string ReadToEnd() {
    std::string all;
    std::vector<char> buffer(1 << 16);
    for (;;) {
      const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (n < 0) ADD_FAILURE() << "recv: " << strerror(errno) << " after " << all.size();
      if (n <= 0) return all;
      all.append(buffer.data(), static_cast<size_t>(n));
    }
  }

 private:
  UniqueFd fd_;
  bool connected_ = false;
};

class WorkerRig {
 public:
  WorkerRig() {
    config.pools.resize(1);
    config.pools[0].name = "pool";
    RouteConfig route;
    route.path = "/";
    route.pool = "pool";
    config.routes.push_back(route);
    config.links.backoff_min = std::chrono::milliseconds(5);
  }
  // Nothing may be left over.
  ~WorkerRig() {
    file_io_.Shutdown();
    if (worker_ == nullptr) return;
    worker_->Stop();
    EXPECT_EQ(shared.open_connections.load(), 0u);
    EXPECT_EQ(shared.buffered_bytes.load(), 0u);
    EXPECT_EQ(pool_->shared.waiting.load(), 0u);
    EXPECT_EQ(pool_->shared.waiting_bytes.load(), 0u);
    EXPECT_EQ(worker_->metrics().connections.value(), 0);
    EXPECT_EQ(pool_metrics().in_flight.value(), 0);
    EXPECT_EQ(pool_metrics().links.silent_harvests.value(), 0u);
  }

  // `config` may be changed before.
  void Prepare(std::vector<SocketAddress> backends) {
    shared.SetLimits(config);
    pool_ = std::make_shared<PoolRecord>("pool", 1);
    auto settings = std::make_shared<Settings>(config);
    settings->pools.push_back(pool_);
    settings->access_log = access_log;
    worker_ = std::make_unique<LoopWorker>(0, config.links, &file_io_, &shared);
    absl::StatusOr<LoopUpdate> update = worker_->Prepare(settings);
    EXPECT_TRUE(update.ok()) << update.status();
    worker_->Apply(*std::move(update));
    auto socket = ListenTcp({"127.0.0.1", 0});
    EXPECT_TRUE(socket.ok()) << socket.status();
    address_ = LocalAddress(socket->get());
    worker_->Listen(*std::move(socket), listener);
    worker_->SetBackends("pool", std::move(backends));
  }
  void Start(std::vector<SocketAddress> backends) {
    Prepare(std::move(backends));
    worker_->Start();
  }
  const SocketAddress& address() const { return address_; }
  LoopWorker& worker() { return *worker_; }
  const PoolMetrics& pool_metrics() const { return *pool_->loops[0]; }

  // Looks now and then; the counters may be read from any thread.
  static bool Await(const char* what, const std::function<bool()>& condition) {
    const Time deadline = Now() + std::chrono::seconds(30);
    while (!condition()) {
      if (Now() >= deadline) {
        ADD_FAILURE() << "waited 30 s for: " << what;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // between two looks
    }
    return true;
  }
  uint64_t Outcomes(Outcome outcome) const {
    return worker_->metrics().outcomes[static_cast<size_t>(outcome)].value();
  }

  Config config;
  ListenerConfig listener;
  ProcessShared shared;
  std::shared_ptr<AccessLog> access_log;

 private:
  FileIo file_io_{1, 64};
  std::shared_ptr<PoolRecord> pool_;
  SocketAddress address_;
  std::unique_ptr<LoopWorker> worker_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_NET_WORKER_RIG_H_
