#include "frontend/dispatch/discovery.h"

#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// All addresses of a name, with its port, sorted. Blocks.
absl::StatusOr<std::vector<SocketAddress>> LookUp(const SocketAddress& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(name.host.c_str(), nullptr, &hints, &list); error != 0) {
    return absl::UnavailableError(gai_strerror(error));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ai_addr, entry->ai_addrlen);
    SocketAddress address = FromSockaddr(storage);
    address.port = name.port;
    if (!address.host.empty()) addresses.push_back(std::move(address));
  }
  freeaddrinfo(list);
  return addresses;
}

}  // namespace

std::vector<SocketAddress> NamesOf(const PoolConfig& pool) {
  std::vector<SocketAddress> names;
  if (pool.dns) names.push_back(*pool.dns);
  for (const SocketAddress& endpoint : pool.endpoints) {
    if (!endpoint.IsLiteral()) names.push_back(endpoint);
  }
  return names;
}

void PrepareResolver() {
  // The resolver's own patience (5 s twice, a server) is too long for names that are asked for
  // every few seconds.
  setenv("RES_OPTIONS", "timeout:1 attempts:2", /*overwrite=*/0);
}

class Discovery::Resolver {
 public:
  Resolver(std::vector<PoolConfig> pools, Changed changed, Resolver* before)
      : pools_(std::move(pools)), changed_(std::move(changed)) {
    std::vector<Name> known;
    if (before != nullptr) known = before->Names();
    MutexLock lock(&mu_);
    for (const PoolConfig& pool : pools_) {
      const Addresses names = NamesOf(pool);
      if (names.empty()) continue;
      Watched& watched = watched_.emplace_back();
      watched.pool = &pool;
      watched.due = Now();
      for (const SocketAddress& name : names) {
        const auto same = std::find_if(known.begin(), known.end(),
                                       [&](const Name& other) { return other.name == name; });
        watched.names.push_back({name, same == known.end() ? Addresses() : same->addresses, false});
      }
    }
  }

  // Tells what needs no resolver. Whether a thread is needed for the rest.
  bool Begin() {
    MutexLock lock(&mu_);
    if (stopping_) return false;
    for (const PoolConfig& pool : pools_) {
      if (NamesOf(pool).empty()) changed_(pool.name, pool.endpoints);
    }
    for (Watched& watched : watched_) Report(&watched);
    return !watched_.empty();
  }

  void Stop() {
    MutexLock lock(&mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }

  void Run() {
    size_t pool = 0;
    while (AwaitDue(&pool)) Resolve(pool);
  }

 private:
  using Addresses = std::vector<SocketAddress>;
  struct Name {
    SocketAddress name;
    Addresses addresses;   // what it last stood for
    bool failing = false;  // logged once, not every time
  };
  struct Watched {
    const PoolConfig* pool = nullptr;
    Time due;
    std::vector<Name> names;
    Addresses addresses;  // of the whole pool, as last reported
  };

  std::vector<Name> Names() {
    MutexLock lock(&mu_);
    std::vector<Name> names;
    for (const Watched& watched : watched_) {
      names.insert(names.end(), watched.names.begin(), watched.names.end());
    }
    return names;
  }

  // Waits for the pool that is due first; false: stop.
  bool AwaitDue(size_t* pool) {
    MutexLock lock(&mu_);
    while (!stopping_) {
      const auto first =
          std::min_element(watched_.begin(), watched_.end(),
                           [](const Watched& a, const Watched& b) { return a.due < b.due; });
      *pool = static_cast<size_t>(first - watched_.begin());
      if (Now() >= first->due) return true;
      wake_.WaitUntil(&mu_, first->due);
    }
    return false;
  }

  void Resolve(size_t pool) {
    size_t count = 0;
    {
      MutexLock lock(&mu_);
      count = watched_[pool].names.size();
    }
    for (size_t i = 0; i < count; ++i) {
      if (!ResolveName(pool, i)) return;
    }
    MutexLock lock(&mu_);
    if (stopping_) return;
    Report(&watched_[pool]);
    watched_[pool].due = Now() + watched_[pool].pool->dns_refresh;
  }

  // False: stop.
  bool ResolveName(size_t pool, size_t index) {
    SocketAddress wanted;
    {
      MutexLock lock(&mu_);
      if (stopping_) return false;
      wanted = watched_[pool].names[index].name;
    }
    absl::StatusOr<Addresses> found = LookUp(wanted);  // blocks
    MutexLock lock(&mu_);
    if (stopping_) return false;
    Name& name = watched_[pool].names[index];
    const bool failed = !found.ok() || found->empty();
    if (failed && !name.failing) {
      spdlog::warn("cannot resolve pool={} name={} reason={}", watched_[pool].pool->name,
                   wanted.host,
                   found.ok() ? "no addresses" : std::string(found.status().message()));
    }
    name.failing = failed;
    if (!failed) name.addresses = *std::move(found);
    return true;
  }

  void Report(Watched* watched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Addresses addresses;
    for (const SocketAddress& endpoint : watched->pool->endpoints) {
      if (endpoint.IsLiteral()) addresses.push_back(endpoint);
    }
    for (const Name& name : watched->names) {
      addresses.insert(addresses.end(), name.addresses.begin(), name.addresses.end());
    }
    const auto order = [](const SocketAddress& a, const SocketAddress& b) {
      return std::tie(a.host, a.port) < std::tie(b.host, b.port);
    };
    std::sort(addresses.begin(), addresses.end(), order);
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    if (addresses == watched->addresses) return;
    spdlog::info("backends pool={} count={} addresses={}", watched->pool->name, addresses.size(),
                 absl::StrJoin(addresses, ",", [](std::string* out, const SocketAddress& address) {
                   absl::StrAppend(out, address.ToString());
                 }));
    watched->addresses = addresses;
    changed_(watched->pool->name, addresses);
  }

  const std::vector<PoolConfig> pools_;
  const Changed changed_;
  Mutex mu_;
  CondVar wake_;
  std::vector<Watched> watched_ ABSL_GUARDED_BY(mu_);  // of pools with names
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

Discovery::Discovery(std::vector<PoolConfig> pools, Changed changed, const Discovery* before)
    : resolver_(std::make_shared<Resolver>(std::move(pools), std::move(changed),
                                           before == nullptr ? nullptr : before->resolver_.get())) {
}

Discovery::~Discovery() { Stop(); }

void Discovery::Start() {
  if (!resolver_->Begin()) return;
  std::thread thread([resolver = resolver_] { resolver->Run(); });
  pthread_setname_np(thread.native_handle(), "discovery");
  thread.detach();
}

void Discovery::Stop() { resolver_->Stop(); }

}  // namespace anteroom::frontend
