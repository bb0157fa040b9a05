// The PROXY protocol, versions 1 and 2: a header in front of everything else, in which a proxy that
// forwards a connection says from where it came (HAProxy's doc/proxy-protocol.txt).
//
// Pure: no sockets, no clocks. Any thread.
#ifndef ANTEROOM_FRONTEND_NET_PROXY_PROTOCOL_H_
#define ANTEROOM_FRONTEND_NET_PROXY_PROTOCOL_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Bytes of the longest header of each version, line end and everything. For version 2 it is what the
// specification asks a receiver to take (it fits into the smallest TCP segment); the format itself
// goes up to 64 KiB.
inline constexpr size_t kMaxProxyHeaderV1 = 107;
inline constexpr size_t kMaxProxyHeaderV2 = 536;

struct ProxyHeader {
  enum class Verdict {
    kMore,    // nothing wrong, and not all there
    kWhole,   // the fields below hold
    kBroken,  // not a header, whatever follows
  };
  enum class Sender {
    kClient,   // `client` is who connected to the proxy
    kProxy,    // LOCAL: the proxy speaks for itself, to see whether we are there
    kUnknown,  // UNKNOWN, or a family without IP address: somebody behind the proxy
  };

  Verdict verdict = Verdict::kMore;
  Sender sender = Sender::kUnknown;
  size_t size = 0;     // bytes that the header takes of the input
  std::string client;  // an IP literal; IPv4 as such also when it came as ::ffff:a.b.c.d
};

// Looks at all bytes of a connection so far. Whole or broken is the same for everything that begins
// with these bytes, so the result does not depend on how they were split; kMore is never returned for
// kMaxProxyHeaderV2 bytes or more.
//
// Strict: exact separators, IPv4 and ports without leading zeros, an address of the family that is
// named; of version 2 only stream transports, a length that holds the addresses, and additional fields
// (TLVs, which are skipped) that fill the rest exactly. What LOCAL, UNKNOWN and UNSPEC carry has to be
// ignored and is, within the bounds.
ProxyHeader DecodeProxyHeader(absl::string_view bytes);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_PROXY_PROTOCOL_H_
