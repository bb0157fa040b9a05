#include "frontend/dispatch/discovery.h"

#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

Discovery::Discovery(const std::vector<PoolConfig>* pools, Changed changed, const Discovery* before)
    : pools_(pools), changed_(std::move(changed)) {
  if (before == nullptr) return;
  for (const Watched& watched : before->watched_) {
    known_.insert(known_.end(), watched.names.begin(), watched.names.end());
  }
}

std::vector<SocketAddress> Discovery::Known(const SocketAddress& name) const {
  for (const Name& known : known_) {
    if (known.name == name) return known.addresses;
  }
  return {};
}

Discovery::~Discovery() { Stop(); }

void Discovery::Start() {
  for (size_t i = 0; i < pools_->size(); ++i) {
    const PoolConfig& pool = (*pools_)[i];
    const std::vector<SocketAddress> names = NamesOf(pool);
    if (names.empty()) {
      changed_(i, pool.endpoints);
      continue;
    }
    Watched& watched = watched_.emplace_back();
    watched.pool = i;
    watched.due = Now();
    for (const SocketAddress& name : names) watched.names.push_back({name, Known(name), false});
  }
  if (watched_.empty()) return;
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "discovery");
}

void Discovery::Stop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Discovery::Run() {
  for (;;) {
    Time next = Time::max();
    for (Watched& watched : watched_) {
      if (Now() >= watched.due) {
        Resolve(&watched);
        watched.due = Now() + (*pools_)[watched.pool].dns_refresh;
      }
      next = std::min(next, watched.due);
    }
    MutexLock lock(&mu_);
    while (!stopping_ && Now() < next) wake_.WaitUntil(&mu_, next);
    if (stopping_) return;
  }
}

void Discovery::Resolve(Watched* watched) {
  const PoolConfig& pool = (*pools_)[watched->pool];
  std::vector<SocketAddress> addresses;
  for (const SocketAddress& endpoint : pool.endpoints) {
    if (endpoint.IsLiteral()) addresses.push_back(endpoint);
  }
  for (Name& name : watched->names) {
    absl::StatusOr<std::vector<SocketAddress>> found = LookUp(name.name);
    const bool failed = !found.ok() || found->empty();
    if (failed && !name.failing) {
      spdlog::warn("cannot resolve pool={} name={} reason={}", pool.name, name.name.host,
                   found.ok() ? "no addresses" : std::string(found.status().message()));
    }
    name.failing = failed;
    if (!failed) name.addresses = *std::move(found);
    addresses.insert(addresses.end(), name.addresses.begin(), name.addresses.end());
  }
  const auto order = [](const SocketAddress& a, const SocketAddress& b) {
    return std::tie(a.host, a.port) < std::tie(b.host, b.port);
  };
  std::sort(addresses.begin(), addresses.end(), order);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses == watched->addresses) return;
  spdlog::info("backends pool={} count={} addresses={}", pool.name, addresses.size(),
               absl::StrJoin(addresses, ",", [](std::string* out, const SocketAddress& address) {
                 absl::StrAppend(out, address.ToString());
               }));
  watched->addresses = addresses;
  changed_(watched->pool, addresses);
}

}  // namespace anteroom::frontend
