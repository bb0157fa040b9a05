#include "common/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anteroom {
namespace {

absl::Status Invalid(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' ", why));
}

bool ParsePort(absl::string_view text, uint16_t* port) {
  if (text.empty() || text.size() > 5) return false;
  uint32_t value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value > 65535) return false;
  *port = static_cast<uint16_t>(value);
  return true;
}

// RFC 1123 names, and underscores since some clusters use them.
bool IsHostName(absl::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (host.empty() || host.size() > 253) return false;
  for (const absl::string_view label : absl::StrSplit(host, '.')) {
    if (label.empty() || label.size() > 63) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    for (const char c : label) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return false;
    }
  }
  return true;
}

// Digits and dots only: meant as IPv4, so a mistake there must not pass as a name and fail later,
// in the resolver.
bool LooksLikeIpv4(absl::string_view host) {
  return host.find_first_not_of("0123456789.") == absl::string_view::npos;
}

}  // namespace

std::string SocketAddress::ToString() const {
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

bool SocketAddress::IsLiteral() const {
  sockaddr_storage ignored;
  return ToSockaddr(&ignored) != 0;
}

socklen_t SocketAddress::ToSockaddr(sockaddr_storage* out) const {
  std::memset(out, 0, sizeof(*out));
  auto* v4 = reinterpret_cast<sockaddr_in*>(out);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof(*v4);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(out);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof(*v6);
  }
  return 0;
}

absl::StatusOr<SocketAddress> ParseSocketAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text.front() == '[';
  if (colon == absl::string_view::npos || (bracketed && text[colon - 1] != ']')) {
    return Invalid(text, "has no port: write host:port or [IPv6]:port");
  }
  absl::string_view host = text.substr(0, colon);
  SocketAddress address;
  if (!ParsePort(text.substr(colon + 1), &address.port)) {
    return Invalid(text, "has a bad port: write a number from 0 to 65535");
  }
  if (host.empty()) return Invalid(text, "has no host: write 0.0.0.0 or [::] for all addresses");
  if (bracketed) {
    address.host.assign(host.data() + 1, host.size() - 2);
    in6_addr parsed;
    if (inet_pton(AF_INET6, address.host.c_str(), &parsed) != 1) {
      return Invalid(text, "has a bad IPv6 address in the brackets");
    }
    char canonical[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &parsed, canonical, sizeof(canonical));
    address.host = canonical;
    return address;
  }
  if (host.find(':') != absl::string_view::npos) {
    return Invalid(text, "has an IPv6 address without brackets: write [IPv6]:port");
  }
  address.host.assign(host.data(), host.size());
  if (LooksLikeIpv4(host) ? !address.IsLiteral() : !IsHostName(host)) {
    return Invalid(text, "has a bad host");
  }
  return address;
}

SocketAddress FromSockaddr(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN];
  SocketAddress result;
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    result.host = inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    result.port = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    result.host = inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    result.port = ntohs(v6->sin6_port);
  }
  return result;
}

}  // namespace anteroom
