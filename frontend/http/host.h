// The authority of a request: what Host and an absolute-form target may say (RFC 9110, section 7.2;
// RFC 3986, section 3.2). Narrower than the RFC where its freedom serves attackers only: a name is
// made of letters, digits and "-._~" without empty labels, a colon is followed by a port, IPvFuture
// and zone identifiers are unknown.
#ifndef ANTEROOM_FRONTEND_HTTP_HOST_H_
#define ANTEROOM_FRONTEND_HTTP_HOST_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

struct Authority {
  absl::string_view host;        // as written; an IPv6 address keeps its brackets
  std::optional<uint16_t> port;  // 1 to 65535
};

// Nothing for a malformed or empty authority. The views point into `text`.
std::optional<Authority> ParseAuthority(absl::string_view text);

// `text` is what stands between the brackets.
bool IsIpv6Address(absl::string_view text);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_HOST_H_
