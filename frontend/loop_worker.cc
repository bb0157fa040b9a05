#include "frontend/loop_worker.h"

#include <pthread.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/access_log.h"
#include "frontend/static/file_io.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// A loop that has not come round for this long is stuck, and the process is better restarted.
constexpr Duration kStuck = std::chrono::seconds(10);
// What gRPC gets to give back its operations when the loop ends.
constexpr Duration kStreamsEnd = std::chrono::seconds(2);
constexpr Duration kStreamsLook = std::chrono::milliseconds(1);

std::string FrontendName(size_t loop) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return absl::StrCat(host, ":", getpid(), "/", loop);
}

}  // namespace

void ProcessShared::Prepare(const Config& config) {
  for (size_t i = 0; i < config.pools.size(); ++i) pools.push_back(std::make_unique<PoolShared>());
  spool = std::make_unique<SpoolQuota>(config.spool.total, config.spool.files);
  addresses = std::make_unique<AddressTable>(config.limits.connections_per_address);
}

LoopWorker::LoopWorker(size_t index, const Config* config, const Router* router, FileIo* file_io,
                       AccessLog* access_log, ProcessShared* shared)
    : index_(index),
      config_(config),
      link_options_{config->links, FrontendName(index)},
      completions_(NewCompletionSource(config->links.pump, &loop_)),
      static_cache_(StaticCacheLimits()),
      context_(&loop_, config, router),
      acceptor_(&context_),
      end_timer_(&loop_, [this] { EndWhenStreamsAreGone(); }) {
  context_.file_io = file_io;
  context_.static_cache = &static_cache_;
  context_.poster = [this](std::function<void()> fn) { loop_.Post(std::move(fn)); };
  context_.spool = {config->spool.directory, shared->spool.get(), file_io, context_.poster};
  context_.access_log = access_log;
  context_.metrics = &metrics_;
  context_.open_connections = &shared->open_connections;
  context_.addresses = shared->addresses.get();
  context_.buffered_bytes = &shared->buffered_bytes;
  context_.on_memory_short = &shared->on_memory_short;
  context_.output_limits = {&context_.spool,
                            {config->spool.memory_per_body, &shared->buffered_bytes}};
  for (size_t i = 0; i < config->pools.size(); ++i) {
    pool_metrics_.push_back(std::make_unique<PoolMetrics>());
    pools_.push_back(std::make_unique<Pool>(&loop_, completions_.get(), &config->pools[i],
                                            &link_options_, shared->pools[i].get(),
                                            pool_metrics_.back().get(), &streams_alive_));
  }
  for (const RouteConfig& route : config->routes) {
    Site site;
    site.route = &route;
    for (size_t i = 0; i < config->pools.size(); ++i) {
      if (!route.static_files && config->pools[i].name == route.pool) site.pool = pools_[i].get();
    }
    context_.sites.push_back(site);
  }
}

LoopWorker::~LoopWorker() { Stop(); }

absl::Status LoopWorker::OpenStaticRoots() {
  for (size_t i = 0; i < config_->routes.size(); ++i) {
    const RouteConfig& route = config_->routes[i];
    if (!route.static_files) continue;
    absl::StatusOr<std::unique_ptr<StaticFiles>> files =
        StaticFiles::Create(*route.static_files, &static_cache_, context_.file_io, context_.poster);
    if (!files.ok()) return files.status();
    context_.sites[i].files = files->get();
    static_files_.push_back(*std::move(files));
  }
  return absl::OkStatus();
}

void LoopWorker::Listen(UniqueFd socket, const ListenerConfig* listener) {
  acceptor_.Listen(std::move(socket), listener);
}

void LoopWorker::Start() {
  thread_ = std::thread([this] { loop_.Run(); });
  pthread_setname_np(thread_.native_handle(), absl::StrCat("loop-", index_).c_str());
}

void LoopWorker::SetBackends(size_t pool, std::vector<SocketAddress> addresses) {
  loop_.Post([this, pool, addresses = std::move(addresses)] {
    if (pool < pools_.size()) pools_[pool]->SetBackends(addresses);
  });
}

void LoopWorker::AnnounceClose() {
  loop_.Post([this] { context_.draining = true; });
}

void LoopWorker::CloseIdle() {
  loop_.Post([this] { acceptor_.CloseIdle(); });
}

void LoopWorker::Drain(std::function<void()> drained) {
  loop_.Post([this, drained = std::move(drained)] { acceptor_.Drain(drained); });
}

void LoopWorker::Stop() {
  if (!thread_.joinable()) return;
  loop_.Post([this] { StopOnLoop(); });
  thread_.join();
}

void LoopWorker::StopOnLoop() {
  acceptor_.CutAll();
  // After the connections, which refer to them, are gone.
  loop_.Defer([this] {
    pools_.clear();
    end_by_ = Now() + kStreamsEnd;
    EndWhenStreamsAreGone();
  });
}

void LoopWorker::EndWhenStreamsAreGone() {
  if (streams_alive_ == 0) return loop_.Stop();
  if (Now() >= end_by_) {
    spdlog::error("gRPC did not give back {} streams of loop {}", streams_alive_, index_);
    return loop_.Stop();
  }
  end_timer_.SetAfter(kStreamsLook);
}

bool LoopWorker::Alive() {
  const int64_t now = Now().time_since_epoch().count();
  const int64_t asked = asked_at_.load();
  if (asked != 0) return Duration(now - asked) < kStuck;
  asked_at_.store(now);
  loop_.Post([this] { asked_at_.store(0); });
  return true;
}

}  // namespace anteroom::frontend
