// Which fields of a request go to a backend (RFC 9110, section 7.6.1).
#ifndef ANTEROOM_FRONTEND_HTTP_HEADER_RULES_H_
#define ANTEROOM_FRONTEND_HTTP_HEADER_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {

// Fields that are about one connection, not about the message: Connection, Keep-Alive,
// Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade; and Proxy-Authenticate and
// Proxy-Authorization, which a gateway has no use for and no handler may see.
bool IsHopByHop(absl::string_view name);

// X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Forwarded, X-Real-IP, X-Request-ID: they are
// checked, and handlers get what the front end makes of them instead.
bool IsRewritten(absl::string_view name);

// Those, and whatever else begins with X-Forwarded-: who the client is and what its request is
// called. True only if a proxy that we trust says so.
bool IsForwardingField(absl::string_view name);

// Never passed on, whoever sends it: Proxy, which programs that turn names into variables (CGI) take
// for the proxy that they are to use themselves (HTTP_PROXY), and X-Anteroom-*, which is kept for
// what the front end may have to say to handlers.
bool IsReserved(absl::string_view name);

// Content-Length, Transfer-Encoding: decided by whoever writes the message.
bool IsFraming(absl::string_view name);

enum class PeerTrust : uint8_t {
  kUntrusted,  // forwarding fields are dropped
  kTrusted,    // forwarding fields pass, whatever Connection says of them
};

// Whether field `name` of `head` goes to the backend. What does not: hop-by-hop fields, those that
// Connection names, Host and Content-Length (they travel on their own), Expect (answered here),
// reserved names, and the forwarding fields of untrusted peers. The fields that the front end adds are added
// afterwards, so no client can remove them.
bool IsForwarded(const RequestHead& head, absl::string_view name, PeerTrust trust);

// The value of field `name` if it goes to the backend, and is there once: nobody can say which of
// two is meant. Points into `head`.
std::optional<absl::string_view> FindOnly(const RequestHead& head, absl::string_view name,
                                          PeerTrust trust);

// Calls visit(const Field&) for each field that goes to the backend, in wire order. Allocates
// nothing.
template <typename Visitor>
void ForEachForwarded(const RequestHead& head, PeerTrust trust, Visitor&& visit) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (IsForwarded(head, field.name, trust)) visit(field);
  }
}

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_HEADER_RULES_H_
