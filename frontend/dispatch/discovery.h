// Which addresses a pool has. Literals are known at once; names are asked for again and again, by a
// thread of its own, since the resolver blocks. An answer that fails or is empty changes nothing of
// what that name stood for: better an address that may be stale than none.
//
// Threading: Start and Stop from one thread. `changed` is called from Start and from the discovery
// thread, never from both at once, and not after Stop. Stop does not wait for the resolver, which
// may take seconds: a thread that is inside it ends by itself, touching nothing.
#ifndef ANTEROOM_FRONTEND_DISPATCH_DISCOVERY_H_
#define ANTEROOM_FRONTEND_DISPATCH_DISCOVERY_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/socket_address.h"
#include "frontend/config.h"

namespace anteroom::frontend {

class Discovery {
 public:
  using Changed =
      std::function<void(const std::string& pool, const std::vector<SocketAddress>& addresses)>;

  // What names stood for in `before`, which has been stopped and may be null, they stand for until
  // they are resolved. `changed` must not block, and not call this.
  Discovery(std::vector<PoolConfig> pools, Changed changed, const Discovery* before = nullptr);
  ~Discovery();  // stops
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  void Start();
  void Stop();

 private:
  class Resolver;  // shared with the thread

  const std::shared_ptr<Resolver> resolver_;
};

// Call once in main(), before there are other threads: makes look-ups give up soon.
void PrepareResolver();

// The names a pool is made of; empty when all its endpoints are literals.
std::vector<SocketAddress> NamesOf(const PoolConfig& pool);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_DISCOVERY_H_
