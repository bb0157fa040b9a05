#include "frontend/frontend_server.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/json.h"
#include "common/metric_families.h"
#include "common/version.h"
#include "frontend/admin/metrics_page.h"
#include "frontend/net/socket.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// Requests that may wait for a file-I/O thread, in each of its lanes; one more is refused with 503.
constexpr size_t kFileIoQueue = 1024;
// Closing idle connections for want of memory is a look at every one of them.
constexpr Duration kBetweenClosing = std::chrono::seconds(1);

}  // namespace

FrontendServer::FrontendServer(Config config)
    : config_(std::move(config)),
      router_(config_.routes),
      started_(Now()),
      file_io_(config_.file_io_threads, kFileIoQueue),
      discovery_(&config_.pools, [this](size_t pool, const std::vector<SocketAddress>& addresses) {
        for (const auto& worker : workers_) worker->SetBackends(pool, addresses);
      }) {}

FrontendServer::~FrontendServer() { Stop(); }

absl::Status FrontendServer::Start() {
  if (!config_.access_log.path.empty()) {
    absl::StatusOr<std::unique_ptr<AccessLog>> log = AccessLog::Open(config_.access_log);
    if (!log.ok()) return log.status();
    access_log_ = *std::move(log);
  }
  shared_.Prepare(config_);
  shared_.on_memory_short = [this] { CloseIdleConnections(); };
  for (size_t i = 0; i < config_.loops; ++i) {
    workers_.push_back(std::make_unique<LoopWorker>(i, &config_, &router_, &file_io_,
                                                    access_log_.get(), &shared_));
    if (absl::Status status = workers_.back()->OpenStaticRoots(); !status.ok()) return status;
  }
  if (absl::Status status = OpenListeners(); !status.ok()) return status;
  if (absl::Status status = StartAdmin(); !status.ok()) return status;
  for (const auto& worker : workers_) worker->Start();
  discovery_.Start();
  ready_.store(true);
  return absl::OkStatus();
}

absl::Status FrontendServer::OpenListeners() {
  for (const ListenerConfig& listener : config_.listeners) {
    if (listener.is_unix()) {
      if (absl::Status status = OpenUnixListener(listener); !status.ok()) return status;
      continue;
    }
    SocketAddress address = listener.address;
    if (absl::Status status = CheckPortIsFree(address); !status.ok()) return status;
    for (const auto& worker : workers_) {
      absl::StatusOr<UniqueFd> socket = ListenTcp(address);
      if (!socket.ok()) return socket.status();
      // With port 0 the first socket finds one, and the others join it there.
      address = LocalAddress(socket->get());
      worker->Listen(*std::move(socket), &listener);
    }
    spdlog::info("listening http={}{}", address.ToString(),
                 listener.proxy_protocol ? " proxy_protocol=required" : "");
  }
  return absl::OkStatus();
}

absl::Status FrontendServer::OpenUnixListener(const ListenerConfig& listener) {
  absl::StatusOr<UniqueFd> socket = ListenUnix(listener.unix_path, listener.mode);
  if (!socket.ok()) return socket.status();
  socket_files_.push_back(std::make_unique<SocketFile>(listener.unix_path));
  for (const auto& worker : workers_) {
    absl::StatusOr<UniqueFd> shared = Duplicate(*socket);
    if (!shared.ok()) return shared.status();
    worker->Listen(*std::move(shared), &listener);
  }
  spdlog::info("listening http=unix:{}{}", listener.unix_path,
               listener.proxy_protocol ? " proxy_protocol=required" : "");
  return absl::OkStatus();
}

absl::Status FrontendServer::StartAdmin() {
  admin_.Handle("/livez", [this](const AdminRequest&) {
    AdminResponse response;
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (!workers_[i]->Alive()) {
        response.status = 503;
        absl::StrAppend(&response.body, "loop ", i, " is stuck\n");
      }
    }
    if (response.status == 200) response.body = "ok\n";
    return response;
  });
  admin_.Handle("/readyz", [this](const AdminRequest&) {
    AdminResponse response;
    response.status = ready_.load() ? 200 : 503;
    response.body = ready_.load() ? "ok\n" : "draining\n";
    return response;
  });
  admin_.Handle("/metrics", [this](const AdminRequest&) {
    AdminResponse response;
    response.content_type = kMetricsContentType;
    response.body =
        SerializeMetrics(CollectMetrics(config_, shared_, workers_, file_io_, access_log_.get()));
    return response;
  });
  admin_.Handle("/status", [this](const AdminRequest&) {
    AdminResponse response;
    response.content_type = "application/json";
    response.body = StatusPage();
    return response;
  });
  if (absl::Status status = admin_.Start(config_.admin.address); !status.ok()) return status;
  spdlog::info("listening admin={}", admin_.address().ToString());
  return absl::OkStatus();
}

std::string FrontendServer::StatusPage() const {
  std::string page;
  JsonWriter json(&page);
  json.BeginObject();
  json.Field("version", absl::string_view(kVersion));
  json.Field("ready", ready_.load());
  json.Field("uptime_seconds", ToSeconds(Now() - started_));
  json.Field("loops", workers_.size());
  json.Field("connections", shared_.open_connections.load());
  json.Key("pools").BeginArray();
  for (size_t i = 0; i < config_.pools.size(); ++i) {
    int64_t links = 0;
    int64_t in_flight = 0;
    for (const auto& worker : workers_) {
      links += worker->pool_metrics(i).links_up.value();
      in_flight += worker->pool_metrics(i).in_flight.value();
    }
    json.BeginObject();
    json.Field("name", absl::string_view(config_.pools[i].name));
    json.Field("waiting", shared_.pools[i]->waiting.load());
    json.Field("in_flight", in_flight);
    json.Field("links", links);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  page += '\n';
  return page;
}

void FrontendServer::ReopenLogs() {
  if (access_log_ != nullptr) access_log_->Reopen();
}

void FrontendServer::CloseIdleConnections() {
  const int64_t now = Now().time_since_epoch().count();
  int64_t last = idle_closed_at_.load();
  if (last != 0 && Duration(now - last) < kBetweenClosing) return;
  if (!idle_closed_at_.compare_exchange_strong(last, now)) return;
  spdlog::warn(
      "limits.buffers is nearly used up: new requests are refused, idle connections closed");
  for (const auto& worker : workers_) worker->CloseIdle();
}

void FrontendServer::StopBeingReady() {
  ready_.store(false);
  for (const auto& worker : workers_) worker->AnnounceClose();
}

void FrontendServer::Drain(const std::function<void()>& drained) {
  ready_.store(false);
  // First, so that nobody connects behind the last look at who has.
  socket_files_.clear();
  draining_workers_.store(workers_.size());
  for (const auto& worker : workers_) {
    worker->Drain([this, drained] {
      if (draining_workers_.fetch_sub(1) == 1) drained();
    });
  }
}

void FrontendServer::Stop() {
  ready_.store(false);
  socket_files_.clear();
  admin_.Stop();
  discovery_.Stop();
  file_io_.Shutdown();
  for (const auto& worker : workers_) worker->Stop();
  workers_.clear();
}

}  // namespace anteroom::frontend
