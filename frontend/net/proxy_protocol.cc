#include "frontend/net/proxy_protocol.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/address_range.h"

namespace anteroom::frontend {
namespace {

using Verdict = ProxyHeader::Verdict;
using Sender = ProxyHeader::Sender;

ProxyHeader More() { return {}; }

ProxyHeader Broken() {
  ProxyHeader header;
  header.verdict = Verdict::kBroken;
  return header;
}

ProxyHeader Whole(size_t size, Sender sender) {
  ProxyHeader header;
  header.verdict = Verdict::kWhole;
  header.sender = sender;
  header.size = size;
  return header;
}

ProxyHeader FromClient(size_t size, const IpAddress& address) {
  ProxyHeader header = Whole(size, Sender::kClient);
  header.client = FormatIpAddress(address);
  return header;
}

// --- Version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n"

constexpr absl::string_view kSignatureV1 = "PROXY ";

bool IsPort(absl::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  return port <= 65535;
}

std::optional<IpAddress> AddressOfFamily(absl::string_view text, bool v6) {
  if (absl::StrContains(text, ':') != v6) return std::nullopt;
  return ParseIpAddress(text);
}

// `line`: what stands between signature and line end. `size`: of all of it.
ProxyHeader DecodeLine(absl::string_view line, size_t size) {
  if (line == "UNKNOWN" || absl::StartsWith(line, "UNKNOWN ")) return Whole(size, Sender::kUnknown);
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() != 5 || (words[0] != "TCP4" && words[0] != "TCP6")) return Broken();
  const bool v6 = words[0] == "TCP6";
  const std::optional<IpAddress> source = AddressOfFamily(words[1], v6);
  if (!source || !AddressOfFamily(words[2], v6)) return Broken();
  if (!IsPort(words[3]) || !IsPort(words[4])) return Broken();
  return FromClient(size, *source);
}

ProxyHeader DecodeV1(absl::string_view bytes) {
  const absl::string_view looked_at = bytes.substr(0, kMaxProxyHeaderV1);
  const size_t end = looked_at.find_first_of("\r\n");
  if (end == absl::string_view::npos) {
    return looked_at.size() + 1 >= kMaxProxyHeaderV1 ? Broken()
                                                     : More();  // no room for the line end
  }
  if (looked_at[end] != '\r') return Broken();
  if (end + 1 == looked_at.size()) return looked_at.size() == kMaxProxyHeaderV1 ? Broken() : More();
  if (looked_at[end + 1] != '\n') return Broken();
  return DecodeLine(looked_at.substr(kSignatureV1.size(), end - kSignatureV1.size()), end + 2);
}

// --- Version 2: signature, version and command, family and transport, length; then that many bytes:
// addresses and additional fields.

constexpr absl::string_view kSignatureV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixedV2 = 16;

constexpr uint8_t kVersion2 = 0x20;
constexpr uint8_t kLocal = kVersion2 | 0;
constexpr uint8_t kProxy = kVersion2 | 1;

// Of the addresses (source, destination, and ports) of each family over a stream.
std::optional<size_t> AddressesSize(uint8_t family) {
  switch (family) {
    case 0x00:  // UNSPEC
      return 0;
    case 0x11:  // IPv4
      return 4 + 4 + 2 + 2;
    case 0x21:  // IPv6
      return 16 + 16 + 2 + 2;
    case 0x31:  // Unix socket
      return 108 + 108;
    default:
      return std::nullopt;
  }
}

// Type, length in two bytes, value; again and again.
bool AreAdditionalFields(absl::string_view bytes) {
  constexpr size_t kFixed = 3;
  while (!bytes.empty()) {
    if (bytes.size() < kFixed) return false;
    const size_t size =
        kFixed + static_cast<uint8_t>(bytes[1]) * 256 + static_cast<uint8_t>(bytes[2]);
    if (bytes.size() < size) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

ProxyHeader DecodeV2(absl::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (bytes.size() < 13) return More();
  const uint8_t command = at(12);
  if (command != kLocal && command != kProxy) return Broken();
  if (bytes.size() < 14) return More();
  const uint8_t family = at(13);
  const std::optional<size_t> addresses = AddressesSize(family);
  if (command == kProxy && !addresses) return Broken();
  if (bytes.size() < kFixedV2) return More();
  const size_t length = at(14) * 256 + at(15);
  const size_t size = kFixedV2 + length;
  if (size > kMaxProxyHeaderV2 || (command == kProxy && length < *addresses)) return Broken();
  if (bytes.size() < size) return More();
  if (command == kLocal) return Whole(size, Sender::kProxy);
  if (family == 0x00) return Whole(size, Sender::kUnknown);
  const absl::string_view block = bytes.substr(kFixedV2, length);
  if (!AreAdditionalFields(block.substr(*addresses))) return Broken();
  IpAddress source{};
  if (family == 0x11) {
    source[10] = source[11] = 0xff;
    std::memcpy(&source[12], block.data(), 4);
  } else if (family == 0x21) {
    std::memcpy(source.data(), block.data(), source.size());
  } else {
    return Whole(size, Sender::kUnknown);
  }
  return FromClient(size, source);
}

// Whether one begins with the other.
bool Agree(absl::string_view bytes, absl::string_view signature) {
  const size_t size = std::min(bytes.size(), signature.size());
  return bytes.substr(0, size) == signature.substr(0, size);
}

}  // namespace

ProxyHeader DecodeProxyHeader(absl::string_view bytes) {
  if (Agree(bytes, kSignatureV1)) {
    return bytes.size() < kSignatureV1.size() ? More() : DecodeV1(bytes);
  }
  if (Agree(bytes, kSignatureV2)) return DecodeV2(bytes);
  return Broken();
}

}  // namespace anteroom::frontend
