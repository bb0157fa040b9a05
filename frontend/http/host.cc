#include "frontend/http/host.h"

#include "frontend/http/byte_class.h"

namespace anteroom::frontend {
namespace {

constexpr size_t kLongestName = 255;  // of a domain name with its dots (RFC 1035, section 2.3.4)

bool IsIpv4Address(absl::string_view text) {
  int octets = 0;
  while (true) {
    size_t digits = 0;
    int value = 0;
    while (digits < text.size() && digits < 3 && IsByte(text[digits], kDigitByte)) {
      value = value * 10 + (text[digits++] - '0');
    }
    if (digits == 0 || value > 255 || (digits > 1 && text[0] == '0')) return false;
    text.remove_prefix(digits);
    if (++octets == 4) return text.empty();
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
}

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > kLongestName || text[0] == '.') return false;
  if (!IsAll(text, kHostByte)) return false;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '.' && text[i - 1] == '.') return false;
  }
  return true;
}

bool ParsePort(absl::string_view text, uint16_t* port) {
  if (text.empty() || text.size() > 5 || !IsAll(text, kDigitByte)) return false;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  if (value == 0 || value > 65535) return false;
  *port = static_cast<uint16_t>(value);
  return true;
}

}  // namespace

bool IsIpv6Address(absl::string_view text) {
  // Groups of 1 to 4 digits between colons; "::" once, for one group or more; the last 32 bits may
  // be written as IPv4.
  int groups = 0;
  bool elided = false;
  if (text.size() >= 2 && text[0] == ':' && text[1] == ':') {
    elided = true;
    text.remove_prefix(2);
    if (text.empty()) return true;
  }
  while (true) {
    size_t digits = 0;
    while (digits < text.size() && IsByte(text[digits], kHexDigitByte)) ++digits;
    if (digits < text.size() && text[digits] == '.') {
      groups += 2;
      return IsIpv4Address(text) && (elided ? groups < 8 : groups == 8);
    }
    if (digits == 0 || digits > 4) return false;
    if (++groups > 8) return false;
    text.remove_prefix(digits);
    if (text.empty()) return elided ? groups < 8 : groups == 8;
    if (text[0] != ':') return false;
    text.remove_prefix(1);
    if (!text.empty() && text[0] == ':') {
      if (elided) return false;
      elided = true;
      text.remove_prefix(1);
      if (text.empty()) return groups < 8;
    }
  }
}

std::optional<Authority> ParseAuthority(absl::string_view text) {
  Authority authority;
  absl::string_view port;
  bool has_port = false;
  if (!text.empty() && text[0] == '[') {
    const size_t close = text.find(']');
    if (close == absl::string_view::npos) return std::nullopt;
    if (!IsIpv6Address(text.substr(1, close - 1))) return std::nullopt;
    authority.host = text.substr(0, close + 1);
    port = text.substr(close + 1);
    has_port = !port.empty();
    if (has_port && port[0] != ':') return std::nullopt;
  } else {
    const size_t colon = text.find(':');
    has_port = colon != absl::string_view::npos;
    authority.host = text.substr(0, colon);
    if (has_port) port = text.substr(colon);
    if (!IsName(authority.host)) return std::nullopt;
  }
  if (has_port) {
    uint16_t number = 0;
    if (!ParsePort(port.substr(1), &number)) return std::nullopt;
    authority.port = number;
  }
  return authority;
}

}  // namespace anteroom::frontend
