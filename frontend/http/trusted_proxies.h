// Whose word on who the client is holds. A plain value; pure.
#ifndef ANTEROOM_FRONTEND_HTTP_TRUSTED_PROXIES_H_
#define ANTEROOM_FRONTEND_HTTP_TRUSTED_PROXIES_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "common/address_range.h"

namespace anteroom::frontend {

// What stands for the address of a peer that came through a Unix socket.
inline constexpr absl::string_view kUnixPeer = "unix:";

struct TrustedProxies {
  std::vector<AddressRange> ranges;
  bool unix_sockets = false;  // whoever may open the listener's file

  // `peer`: an IP literal or kUnixPeer. Anything else is not trusted.
  bool Contain(absl::string_view peer) const;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_TRUSTED_PROXIES_H_
