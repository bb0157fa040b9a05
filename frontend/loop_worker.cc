#include "frontend/loop_worker.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
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

// Of one loop; together they are the whole. Nothing that is larger than a quarter of it is worth the
// room.
StaticCacheConfig ShareOfCache(const Config& config, size_t loop) {
  const uint32_t loops = std::max(config.loops, uint32_t{1});
  const auto part = [=](uint32_t all) { return all / loops + (loop < all % loops ? 1 : 0); };
  StaticCacheConfig share = config.static_cache;
  share.memory /= loops;
  share.largest = std::min(share.largest, share.memory / 4);
  share.files = part(share.files);
  share.names = part(share.names);
  return share;
}

}  // namespace

void ProcessShared::SetLimits(const Config& config) {
  spool.SetLimits(config.spool.total, config.spool.files);
  addresses.SetMost(config.limits.connections_per_address);
}

LoopWorker::LoopWorker(size_t index, const LinksConfig& links, FileIo* file_io,
                       ProcessShared* shared)
    : index_(index),
      shared_(shared),
      link_options_{links, FrontendName(index)},
      completions_(NewCompletionSource(links.pump, &loop_)),
      static_cache_(StaticCacheConfig()),
      context_(&loop_),
      acceptor_(&context_),
      end_timer_(&loop_, [this] { EndWhenStreamsAreGone(); }) {
  context_.file_io = file_io;
  context_.static_cache = &static_cache_;
  context_.poster = [this](std::function<void()> fn) { loop_.Post(std::move(fn)); };
  context_.spool = {"", &shared->spool, file_io, context_.poster};
  context_.metrics = &metrics_;
  context_.open_connections = &shared->open_connections;
  context_.addresses = &shared->addresses;
  context_.buffered_bytes = &shared->buffered_bytes;
  context_.buffer_count.CountIn(&shared->buffered_bytes);
  context_.on_memory_short = &shared->on_memory_short;
}

LoopWorker::~LoopWorker() { Stop(); }

void LoopWorker::Do(std::function<void()> fn) {
  if (!thread_.joinable()) return fn();
  loop_.Post(std::move(fn));
}

absl::StatusOr<LoopUpdate> LoopWorker::Prepare(std::shared_ptr<const Settings> settings) {
  LoopUpdate update;
  const StaticCacheConfig kept = ShareOfCache(settings->config, index_);
  for (const RouteConfig& route : settings->config.routes) {
    std::unique_ptr<StaticFiles>& files = update.static_files.emplace_back();
    if (!route.static_files) continue;
    absl::StatusOr<std::unique_ptr<StaticFiles>> opened = StaticFiles::Create(
        *route.static_files, kept, &static_cache_, context_.file_io, context_.poster);
    if (!opened.ok()) {
      Discard(std::move(update));
      return opened.status();
    }
    files = *std::move(opened);
  }
  update.settings = std::move(settings);
  return update;
}

void LoopWorker::Discard(LoopUpdate update) {
  update.settings.reset();  // which may be the last of an access log
  Do([update = std::make_shared<LoopUpdate>(std::move(update))] { update->static_files.clear(); });
}

std::future<void> LoopWorker::Apply(LoopUpdate update) {
  const auto applied = std::make_shared<std::promise<void>>();
  Do([this, applied, update = std::make_shared<LoopUpdate>(std::move(update))] {
    ApplyOnLoop(update.get());
    applied->set_value();
  });
  return applied->get_future();
}

void LoopWorker::ApplyOnLoop(LoopUpdate* update) {
  const std::shared_ptr<const Settings>& settings = update->settings;
  const Config& config = settings->config;
  auto table = std::make_shared<SiteTable>();
  table->settings = settings;
  table->static_files = std::move(update->static_files);
  for (size_t i = 0; i < config.pools.size(); ++i) table->pools.push_back(PoolFor(settings, i));
  for (size_t i = 0; i < config.routes.size(); ++i) {
    Site site;
    site.route = &config.routes[i];
    site.files = table->static_files[i].get();
    for (const std::shared_ptr<LoopPool>& pool : table->pools) {
      if (site.files == nullptr && pool->record->name == site.route->pool) {
        site.pool = pool->pool.get();
      }
    }
    table->sites.push_back(site);
  }
  context_.table = std::move(table);
  static_cache_.SetLimits(ShareOfCache(config, index_));
  static_cache_.SetMemory({&shared_->buffered_bytes, config.limits.buffers / 10 * 9});
  context_.config = &config;
  context_.http_limits = config.limits.http;
  context_.spool.directory = config.spool.directory;
  context_.body_limits = {config.spool.memory_per_body, &shared_->buffered_bytes,
                          config.limits.buffers / 2, SpoolUse::kRequest};
  context_.output_limits = {&context_.spool, context_.body_limits};
  context_.output_limits.memory.use = SpoolUse::kAnswer;
  const CompletionPump pump = link_options_.config.pump;
  link_options_.config = config.links;
  link_options_.config.pump = pump;
  acceptor_.KeepListeners(config.listeners);
}

std::shared_ptr<LoopPool> LoopWorker::PoolFor(const std::shared_ptr<const Settings>& settings,
                                              size_t pool) {
  const PoolConfig* const config = &settings->config.pools[pool];
  const std::shared_ptr<PoolRecord>& record = settings->pools[pool];
  if (context_.table != nullptr) {
    for (const std::shared_ptr<LoopPool>& present : context_.table->pools) {
      if (present->record != record) continue;
      present->pool->SetConfig(config);
      present->settings = settings;
      return present;
    }
  }
  auto made = std::make_shared<LoopPool>(settings, record);
  made->pool =
      std::make_shared<Pool>(&loop_, completions_.get(), config, &link_options_, &record->shared,
                             record->loops[index_].get(), &streams_alive_);
  return made;
}

void LoopWorker::Listen(UniqueFd socket, const ListenerConfig& listener) {
  Do([this, socket = std::make_shared<UniqueFd>(std::move(socket)), listener] {
    acceptor_.Listen(std::move(*socket), listener);
  });
}

void LoopWorker::Start() {
  thread_ = std::thread([this] { loop_.Run(); });
  pthread_setname_np(thread_.native_handle(), absl::StrCat("loop-", index_).c_str());
}

void LoopWorker::SetBackends(std::string pool, std::vector<SocketAddress> addresses) {
  loop_.Post([this, pool = std::move(pool), addresses = std::move(addresses)] {
    if (context_.table == nullptr) return;  // the loop ends
    for (const std::shared_ptr<LoopPool>& present : context_.table->pools) {
      if (present->record->name == pool) present->pool->SetBackends(addresses);
    }
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
    context_.table.reset();  // and with it the pools and their links
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
