// A reload: first everything that can fail, then nothing that can.
#include <algorithm>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/log.h"
#include "frontend/frontend_server.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// Of each loop, to go over to new settings.
constexpr Duration kApplied = std::chrono::seconds(5);

bool SameLog(const AccessLogConfig& a, const AccessLogConfig& b) {
  return a.path == b.path && a.format == b.format && a.queue_lines == b.queue_lines;
}

bool SameDiscovery(const std::vector<PoolConfig>& a, const std::vector<PoolConfig>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const PoolConfig& x, const PoolConfig& y) {
                      return x.name == y.name && x.endpoints == y.endpoints && x.dns == y.dns &&
                             x.dns_refresh == y.dns_refresh;
                    });
}

bool Listens(const std::vector<ListenerConfig>& listeners, const ListenerConfig& wanted) {
  return std::any_of(listeners.begin(), listeners.end(),
                     [&](const ListenerConfig& listener) { return listener.SamePlace(wanted); });
}

// What threads and sockets that outlive a reload were made from.
absl::Status CheckNeedsNoRestart(const Config& now, const Config& next) {
  std::vector<const char*> changed;
  if (!(now.admin.address == next.admin.address)) changed.push_back("admin.address");
  if (now.loops != next.loops) changed.push_back("loops");
  if (now.file_io_threads != next.file_io_threads) changed.push_back("file_io_threads");
  if (now.links.pump != next.links.pump) changed.push_back("links.pump");
  if (changed.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("a restart is needed to change ", absl::StrJoin(changed, ", ")));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Settings>> FrontendServer::MakeSettings(
    Config config, const Settings* before) const {
  auto settings = std::make_shared<Settings>(std::move(config));
  const AccessLogConfig& log = settings->config.access_log;
  if (before != nullptr && SameLog(before->config.access_log, log)) {
    settings->access_log = before->access_log;
  } else if (!log.path.empty()) {
    absl::StatusOr<std::unique_ptr<AccessLog>> opened = AccessLog::Open(log);
    if (!opened.ok()) return opened.status();
    settings->access_log = *std::move(opened);
  }
  for (const PoolConfig& pool : settings->config.pools) {
    std::shared_ptr<PoolRecord> record;
    if (before != nullptr) {
      for (const std::shared_ptr<PoolRecord>& present : before->pools) {
        if (present->name == pool.name) record = present;
      }
    }
    if (record == nullptr) record = std::make_shared<PoolRecord>(pool.name, loops_);
    settings->pools.push_back(std::move(record));
  }
  return settings;
}

absl::Status FrontendServer::Reload(Config config) {
  absl::Status status = TryReload(std::move(config));
  (status.ok() ? reloads_ : reloads_failed_).Add();
  return status;
}

absl::Status FrontendServer::TryReload(Config config) {
  std::shared_ptr<const Settings> before = settings();
  if (config.loops == 0) config.loops = loops_;  // more CPUs are no reason to refuse
  if (absl::Status status = CheckNeedsNoRestart(before->config, config); !status.ok())
    return status;
  absl::StatusOr<std::shared_ptr<const Settings>> made =
      MakeSettings(std::move(config), before.get());
  if (!made.ok()) return made.status();
  const std::shared_ptr<const Settings>& next = *made;
  std::vector<OpenListener> opened;
  for (const ListenerConfig& listener : next->config.listeners) {
    if (Listens(before->config.listeners, listener)) continue;
    absl::StatusOr<OpenListener> open = Open(listener);
    if (!open.ok()) return open.status();
    opened.push_back(*std::move(open));
  }
  std::vector<LoopUpdate> updates;
  for (const auto& worker : workers_) {
    absl::StatusOr<LoopUpdate> update = worker->Prepare(next);
    if (!update.ok()) {
      for (size_t i = 0; i < updates.size(); ++i) workers_[i]->Discard(std::move(updates[i]));
      return update.status();
    }
    updates.push_back(*std::move(update));
  }

  // Nothing fails from here on.
  if (next->access_log != before->access_log && next->access_log != nullptr) {
    access_logs_.push_back(next->access_log);
  }
  {
    MutexLock lock(&mu_);
    settings_ = next;
  }
  SetLogLevel(next->config.log_level);
  shared_.SetLimits(next->config);
  CloseListenersBut(next->config.listeners);
  std::vector<std::future<void>> applied;
  for (size_t i = 0; i < workers_.size(); ++i) {
    applied.push_back(workers_[i]->Apply(std::move(updates[i])));
  }
  for (OpenListener& listener : opened) Listen(std::move(listener));
  if (!SameDiscovery(before->config.pools, next->config.pools)) StartDiscovery();
  // Whoever reads that it has been reloaded can rely on it. A loop takes a turn for it; one that is
  // stuck is what /livez is there for.
  for (const std::future<void>& loop : applied) loop.wait_until(Now() + kApplied);
  // Logs that nobody writes to any more end here, and not on a loop, which would wait for the disk.
  before.reset();
  std::erase_if(access_logs_, [&](const std::shared_ptr<AccessLog>& log) {
    return log != next->access_log && log.use_count() == 1;
  });
  return absl::OkStatus();
}

void FrontendServer::CloseListenersBut(const std::vector<ListenerConfig>& kept) {
  for (auto& [config, file] : listeners_) {
    for (const ListenerConfig& listener : kept) {
      if (!listener.SamePlace(config) || listener.mode == config.mode || !config.is_unix())
        continue;
      if (file->SetMode(listener.mode)) {
        config.mode = listener.mode;
      } else {
        spdlog::warn("not our socket any more path={}", config.unix_path);
      }
    }
  }
  // The loops close the sockets when they go over; the files go first.
  std::erase_if(listeners_, [&](const auto& listener) { return !Listens(kept, listener.first); });
}

}  // namespace anteroom::frontend
