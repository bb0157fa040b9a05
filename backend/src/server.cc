#include "anteroom/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backend/src/backend_metrics.h"
#include "backend/src/grpc_log.h"
#include "backend/src/link.h"
#include "backend/src/metrics_page.h"
#include "backend/src/router.h"
#include "backend/src/server_access.h"
#include "backend/src/service.h"
#include "backend/src/worker_pool.h"
#include "common/admin_server.h"
#include "common/allocator.h"
#include "common/clock.h"
#include "common/cpu_count.h"
#include "common/grpc_quiet.h"
#include "common/log.h"
#include "common/metric_families.h"
#include "common/mutex.h"
#include "common/signals.h"
#include "common/socket_address.h"
#include "spdlog/spdlog.h"

namespace anteroom {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h

std::string HostAndProcess() {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, ":", getpid());
}

ServerOptions Complete(ServerOptions options) {
  if (options.max_threads == 0) options.max_threads = static_cast<int>(GrantedCpus());
  options.min_threads = std::min(options.min_threads, options.max_threads);
  if (options.max_streamed_body == 0) options.max_streamed_body = options.max_request_body;
  if (options.name.empty()) options.name = HostAndProcess();
  return options;
}

// The address with the port that it really got.
std::string Bound(const std::string& address, int port) {
  absl::StatusOr<SocketAddress> parsed = ParseSocketAddress(address);
  if (!parsed.ok()) return address;
  parsed->port = static_cast<uint16_t>(port);
  return parsed->ToString();
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(const ServerOptions& options)
      : given_options_(options),
        options_(Complete(options)),
        pool_({.min_threads = options_.min_threads,
               .max_threads = options_.max_threads,
               .idle_timeout = options_.idle_thread_timeout,
               .max_bytes = options_.max_buffered_bytes}),
        host_{&pool_,
              &router_,
              &metrics_,
              options_.name,
              ANTEROOM_VERSION,
              options_.max_request_body,
              options_.max_streamed_body},
        service_(&host_) {}

  void Handle(absl::string_view method, absl::string_view pattern, backend::AnyHandler handler,
              bool check) {
    const absl::Status status = router_.Add(method, pattern, std::move(handler), check);
    if (!status.ok()) route_faults_.emplace_back(status.message());
  }

  absl::Status Start() {
    if (absl::Status status = given_options_.Validate(); !status.ok()) return status;
    if (!route_faults_.empty())
      return absl::InvalidArgumentError(absl::StrJoin(route_faults_, "; "));
    backend::ForwardGrpcLog();
    if (options_.sole_user_of_grpc) quiet_grpc_.emplace();
    pool_.Start();
    started_ = true;
    if (absl::Status status = service_.Start(options_.listen, options_.io_threads); !status.ok())
      return status;
    if (absl::Status status = StartAdmin(); !status.ok()) return status;
    ready_.store(true);
    spdlog::info("listening grpc={} admin={} threads={} version={}",
                 Bound(options_.listen, service_.port()),
                 options_.admin.empty() ? "none" : admin_.address().ToString(),
                 options_.max_threads, ANTEROOM_VERSION);
    return absl::OkStatus();
  }

  int port() const { return service_.port(); }
  int admin_port() const { return admin_.address().port; }
  const ServerOptions& options() const { return options_; }

  void Drain() {
    if (draining_.exchange(true)) return;
    ready_.store(false);
    service_.Drain();
    pool_.Drain();
  }

  bool AwaitDrained(Time deadline) {
    return service_.AwaitNoLinks(deadline) && pool_.AwaitIdle(deadline);
  }

  void Shutdown() {
    if (!started_) return;
    started_ = false;
    Drain();
    service_.Stop();
    pool_.Stop();
    admin_.Stop();
  }

 private:
  absl::Status StartAdmin() {
    if (options_.admin.empty()) return absl::OkStatus();
    admin_.Handle("/livez", [](const AdminRequest&) { return AdminResponse{.body = "ok\n"}; });
    admin_.Handle("/readyz", [this](const AdminRequest&) {
      return ready_.load() ? AdminResponse{.body = "ok\n"}
                           : AdminResponse{.status = 503, .body = "draining\n"};
    });
    admin_.Handle("/metrics", [this](const AdminRequest&) {
      return AdminResponse{
          .content_type = kMetricsContentType,
          .body = backend::MetricsPage(pool_, router_, metrics_, ANTEROOM_VERSION)};
    });
    return admin_.Start(*ParseSocketAddress(options_.admin));
  }

  const ServerOptions given_options_;
  const ServerOptions options_;
  std::vector<std::string> route_faults_;
  bool started_ = false;
  std::atomic<bool> ready_{false};
  std::atomic<bool> draining_{false};

  // In the order of dependence; torn down the other way round.
  std::optional<QuietGrpc> quiet_grpc_;
  backend::BackendMetrics metrics_;
  backend::Router router_;
  backend::WorkerPool pool_;
  backend::LinkHost host_;
  backend::Service service_;
  AdminServer admin_;
};

Server::Server(const ServerOptions& options) {
  BlockSignals();
  impl_ = std::make_unique<Impl>(options);
}

Server::~Server() { impl_->Shutdown(); }

void Server::Handle(absl::string_view method, absl::string_view pattern, Handler handler) {
  impl_->Handle(method, pattern, std::move(handler), true);
}

void Server::HandleStreaming(absl::string_view method, absl::string_view pattern,
                             StreamingHandler handler) {
  impl_->Handle(method, pattern, std::move(handler), true);
}

absl::Status Server::Start() { return impl_->Start(); }
int Server::port() const { return impl_->port(); }
int Server::admin_port() const { return impl_->admin_port(); }
void Server::Drain() { impl_->Drain(); }
bool Server::AwaitDrained(std::chrono::milliseconds timeout) {
  return impl_->AwaitDrained(Now() + timeout);
}
void Server::Shutdown() { impl_->Shutdown(); }

int Server::Run() {
  KeepFreedMemory();
  if (const absl::Status status = Start(); !status.ok()) {
    spdlog::error("cannot start: {}", std::string(status.message()));
    return absl::IsInvalidArgument(status) ? kExitConfiguration : kExitFailure;
  }
  while (true) {
    const Signal signal = WaitForSignal();
    if (signal != Signal::kTerminate && signal != Signal::kQuit && signal != Signal::kInterrupt)
      continue;
    spdlog::info("draining signal={}", std::string(SignalName(signal)));
    break;
  }
  Drain();

  std::atomic<bool> drained{false};
  std::thread waiter([this, &drained] {
    drained.store(AwaitDrained(impl_->options().drain_timeout));
    NotifySignalWait();
  });
  bool forced = false;
  while (!forced) {
    const Signal signal = WaitForSignal();
    if (signal == Signal::kWake) break;
    forced =
        signal == Signal::kTerminate || signal == Signal::kQuit || signal == Signal::kInterrupt;
  }
  if (!drained.load()) {
    spdlog::error("ending with handlers still running, or answers unsent: reason={}",
                  forced ? "second signal" : "drain timeout");
    StopLog();
    std::_Exit(kExitFailure);
  }
  waiter.join();
  Shutdown();
  spdlog::info("drained");
  return 0;
}

void backend::ServerAccess::HandleUnchecked(Server* server, absl::string_view method,
                                            absl::string_view pattern, Handler handler) {
  server->impl_->Handle(method, pattern, std::move(handler), false);
}

}  // namespace anteroom
