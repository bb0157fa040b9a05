// Who the client is behind proxies that we trust, and what backends are told of it.
#ifndef ANTEROOM_FRONTEND_HTTP_FORWARDING_H_
#define ANTEROOM_FRONTEND_HTTP_FORWARDING_H_

#include <string>

#include "absl/strings/string_view.h"
#include "frontend/http/header_rules.h"
#include "frontend/http/request_head.h"
#include "frontend/http/trusted_proxies.h"

namespace anteroom::frontend {

// The client's address, for a request that came from the trusted proxy `peer`: in X-Forwarded-For,
// counted from the right, the first address that is not a proxy of ours. Everything to the left of
// it is that client's own word. When all are ours, the leftmost; at something that is not an address,
// the last one before it. The result points into `head` or is `peer`.
absl::string_view ClientBehind(const RequestHead& head, absl::string_view peer,
                               const TrustedProxies& trusted);

// The scheme that the client used: "https" if a trusted proxy says so in X-Forwarded-Proto, "http"
// otherwise.
absl::string_view ClientScheme(const RequestHead& head, PeerTrust trust);

// Appends the value of field `name` of all its lines, joined as a list (RFC 9110, section 5.3), and
// `member` at the end.
void AppendToList(const RequestHead& head, absl::string_view name, absl::string_view member,
                  std::string* out);

// "for=192.0.2.1;proto=http" (RFC 7239, section 4); IPv6 in brackets and quotes; what has no address
// (kUnixPeer) is unknown (section 6.2).
std::string ForwardedElement(absl::string_view peer);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_FORWARDING_H_
