#include "frontend/http/trusted_proxies.h"

#include <optional>

namespace anteroom::frontend {

bool TrustedProxies::Contain(absl::string_view peer) const {
  if (peer == kUnixPeer) return unix_sockets;
  if (ranges.empty()) return false;
  const std::optional<IpAddress> address = ParseIpAddress(peer);
  return address && Contains(ranges, *address);
}

}  // namespace anteroom::frontend
