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
    : loops_(config.loops),
      started_(Now()),
      settings_(std::make_shared<Settings>(std::move(config))),
      file_io_(settings()->config.file_io_threads, kFileIoQueue) {}

FrontendServer::~FrontendServer() { Stop(); }

std::shared_ptr<const Settings> FrontendServer::settings() const {
  MutexLock lock(&mu_);
  return settings_;
}

absl::Status FrontendServer::Start() {
  const Config config = settings()->config;
  shared_.SetLimits(config);
  shared_.on_memory_short = [this] { CloseIdleConnections(); };
  absl::StatusOr<std::shared_ptr<const Settings>> made = MakeSettings(config, nullptr);
  if (!made.ok()) return made.status();
  {
    MutexLock lock(&mu_);
    settings_ = *made;
  }
  if ((*made)->access_log != nullptr) access_logs_.push_back((*made)->access_log);
  for (size_t i = 0; i < loops_; ++i) {
    workers_.push_back(std::make_unique<LoopWorker>(i, config.links, &file_io_, &shared_));
    absl::StatusOr<LoopUpdate> update = workers_.back()->Prepare(*made);
    if (!update.ok()) return update.status();
    workers_.back()->Apply(*std::move(update));
  }
  for (const ListenerConfig& listener : config.listeners) {
    absl::StatusOr<OpenListener> open = Open(listener);
    if (!open.ok()) return open.status();
    Listen(*std::move(open));
  }
  if (absl::Status status = StartAdmin(); !status.ok()) return status;
  for (const auto& worker : workers_) worker->Start();
  StartDiscovery();
  ready_.store(true);
  return absl::OkStatus();
}

absl::StatusOr<FrontendServer::OpenListener> FrontendServer::Open(
    const ListenerConfig& listener) const {
  OpenListener open;
  open.config = listener;
  if (listener.is_unix()) {
    absl::StatusOr<UniqueFd> socket = ListenUnix(listener.unix_path, listener.mode);
    if (!socket.ok()) return socket.status();
    open.file = std::make_unique<SocketFile>(listener.unix_path);
    for (size_t i = 0; i < loops_; ++i) {
      absl::StatusOr<UniqueFd> shared = Duplicate(*socket);
      if (!shared.ok()) return shared.status();
      open.sockets.push_back(*std::move(shared));
    }
    return open;
  }
  SocketAddress address = listener.address;
  if (absl::Status status = CheckPortIsFree(address); !status.ok()) return status;
  for (size_t i = 0; i < loops_; ++i) {
    absl::StatusOr<UniqueFd> socket = ListenTcp(address);
    if (!socket.ok()) return socket.status();
    // With port 0 the first socket finds one, and the others join it there.
    address = LocalAddress(socket->get());
    open.sockets.push_back(*std::move(socket));
  }
  return open;
}

void FrontendServer::Listen(OpenListener listener) {
  const std::string place = listener.config.is_unix()
                                ? absl::StrCat("unix:", listener.config.unix_path)
                                : LocalAddress(listener.sockets.front().get()).ToString();
  spdlog::info("listening http={}{}", place,
               listener.config.proxy_protocol ? " proxy_protocol=required" : "");
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Listen(std::move(listener.sockets[i]), listener.config);
  }
  listeners_.emplace_back(listener.config, std::move(listener.file));
}

void FrontendServer::StartDiscovery() {
  if (discovery_ != nullptr) discovery_->Stop();
  auto next = std::make_unique<Discovery>(
      settings()->config.pools,
      [this](const std::string& pool, const std::vector<SocketAddress>& addresses) {
        for (const auto& worker : workers_) worker->SetBackends(pool, addresses);
      },
      discovery_.get());
  discovery_ = std::move(next);
  discovery_->Start();
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
    response.body = SerializeMetrics(
        CollectMetrics({settings(), shared_, workers_, file_io_, reloads_, reloads_failed_}));
    return response;
  });
  admin_.Handle("/status", [this](const AdminRequest&) {
    AdminResponse response;
    response.content_type = "application/json";
    response.body = StatusPage();
    return response;
  });
  if (absl::Status status = admin_.Start(settings()->config.admin.address); !status.ok())
    return status;
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
  for (const std::shared_ptr<PoolRecord>& pool : settings()->pools) {
    int64_t links = 0;
    int64_t in_flight = 0;
    for (const auto& loop : pool->loops) {
      links += loop->links_up.value();
      in_flight += loop->in_flight.value();
    }
    json.BeginObject();
    json.Field("name", absl::string_view(pool->name));
    json.Field("waiting", pool->shared.waiting.load());
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
  if (const auto& log = settings()->access_log; log != nullptr) log->Reopen();
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

void FrontendServer::StopBeingReady() { ready_.store(false); }

void FrontendServer::AnnounceClose() {
  for (const auto& worker : workers_) worker->AnnounceClose();
}

void FrontendServer::Drain(const std::function<void()>& drained) {
  ready_.store(false);
  // First, so that nobody connects behind the last look at who has.
  for (auto& [config, file] : listeners_) file.reset();
  draining_workers_.store(workers_.size());
  for (const auto& worker : workers_) {
    worker->Drain([this, drained] {
      if (draining_workers_.fetch_sub(1) == 1) drained();
    });
  }
}

void FrontendServer::Stop() {
  ready_.store(false);
  for (auto& [config, file] : listeners_) file.reset();
  admin_.Stop();
  if (discovery_ != nullptr) discovery_->Stop();
  file_io_.Shutdown();
  for (const auto& worker : workers_) worker->Stop();
  workers_.clear();
}

}  // namespace anteroom::frontend
