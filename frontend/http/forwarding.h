// Who the client is behind proxies that we trust, and what backends are told of it.
#ifndef ANTEROOM_FRONTEND_HTTP_FORWARDING_H_
#define ANTEROOM_FRONTEND_HTTP_FORWARDING_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/http/header_rules.h"
#include "frontend/http/request_head.h"
#include "frontend/http/trusted_proxies.h"

namespace anteroom::frontend {

struct ForwardedClient {
  absl::string_view address;  // an IP literal or kUnixPeer; points into `head` or is `peer`
  size_t hops = 0;            // members of X-Forwarded-For to the right of it: proxies of ours
};

// For a request that came from the trusted proxy `peer`: in X-Forwarded-For, counted from the right,
// the first address that is not a proxy of ours. Everything to the left of it is that client's own
// word. When all are ours, the leftmost; at something that is not an address, the last one before
// it.
ForwardedClient ClientBehind(const RequestHead& head, absl::string_view peer,
                             const TrustedProxies& trusted);

// Of field `name`, a list that proxies may append to as they do to X-Forwarded-For: the member of the
// proxy that the client reached, which is the one with `hops` members to the right of it; the
// leftmost when there are fewer. Nothing when there is none, or an empty one.
absl::string_view MemberFromRight(const RequestHead& head, absl::string_view name, size_t hops);

// The same for X-Forwarded-Host and X-Real-IP: nothing also when it is no authority (ParseAuthority),
// or no IP address.
absl::string_view ForwardedHost(const RequestHead& head, size_t hops);
absl::string_view ForwardedRealIp(const RequestHead& head, size_t hops);

// The scheme that the client used: "https" if a trusted proxy says so in X-Forwarded-Proto, "http"
// otherwise.
absl::string_view ClientScheme(const RequestHead& head, PeerTrust trust, size_t hops);

// Appends the value of field `name` of all its lines, joined as a list (RFC 9110, section 5.3), and
// `member` at the end.
void AppendToList(const RequestHead& head, absl::string_view name, absl::string_view member,
                  std::string* out);

// "for=192.0.2.1;proto=http" (RFC 7239, section 4); IPv6 in brackets and quotes; what has no address
// (kUnixPeer) is unknown (section 6.2).
std::string ForwardedElement(absl::string_view peer);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_FORWARDING_H_
