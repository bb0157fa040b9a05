// Which addresses a pool has. Literals are known at once; names are asked for again and again, by a
// thread of its own, since the resolver blocks. An answer that fails or is empty changes nothing of
// what that name stood for: better an address that may be stale than none.
//
// Threading: Start and Stop from one thread. `changed` is called from Start (literals) and from the
// discovery thread, never from both at once.
#ifndef ANTEROOM_FRONTEND_DISPATCH_DISCOVERY_H_
#define ANTEROOM_FRONTEND_DISPATCH_DISCOVERY_H_

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/socket_address.h"
#include "frontend/config.h"

namespace anteroom::frontend {

class Discovery {
 public:
  using Changed = std::function<void(size_t pool, const std::vector<SocketAddress>& addresses)>;

  // `pools` must outlive it. What the names stood for in `before`, which has been stopped and may be
  // null, they stand for until they are resolved.
  Discovery(const std::vector<PoolConfig>* pools, Changed changed,
            const Discovery* before = nullptr);
  ~Discovery();  // stops
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  void Start();
  void Stop();

 private:
  struct Name {
    SocketAddress name;
    std::vector<SocketAddress> addresses;  // what it last stood for
    bool failing = false;                  // logged once, not every time
  };
  struct Watched {
    size_t pool = 0;
    Time due;
    std::vector<Name> names;
    std::vector<SocketAddress> addresses;  // of the whole pool, as last reported
  };

  std::vector<SocketAddress> Known(const SocketAddress& name) const;
  void Run();
  void Resolve(Watched* watched);

  const std::vector<PoolConfig>* const pools_;
  const Changed changed_;
  std::vector<Name> known_;       // of the one before
  std::vector<Watched> watched_;  // the discovery thread's, once started
  std::thread thread_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

// Call once in main(), before there are other threads: makes look-ups give up soon.
void PrepareResolver();

// The names a pool is made of; empty when all its endpoints are literals.
std::vector<SocketAddress> NamesOf(const PoolConfig& pool);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_DISCOVERY_H_
