#include "common/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace anteroom {
namespace {

constexpr int kMappedBits = 96;  // of ::ffff:0:0/96

absl::Status Invalid(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' ", why));
}

// `address` with everything behind the first `bits` bits cleared.
IpAddress Masked(IpAddress address, int bits) {
  for (size_t i = 0; i < address.size(); ++i) {
    const int kept = std::clamp(bits - static_cast<int>(8 * i), 0, 8);
    address[i] = static_cast<uint8_t>(address[i] & (0xff00 >> kept));
  }
  return address;
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(absl::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string literal(text);  // ends in NUL
  if (literal.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address{};
  in_addr v4;
  if (inet_pton(AF_INET, literal.c_str(), &v4) == 1) {
    address[10] = address[11] = 0xff;
    std::memcpy(&address[12], &v4, sizeof v4);
    return address;
  }
  if (inet_pton(AF_INET6, literal.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

std::string FormatIpAddress(const IpAddress& address) {
  constexpr IpAddress kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool v4 = Masked(address, kMappedBits) == kMapped;
  char text[INET6_ADDRSTRLEN];
  inet_ntop(v4 ? AF_INET : AF_INET6, address.data() + (v4 ? 12 : 0), text, sizeof text);
  return text;
}

bool AddressRange::Contains(const IpAddress& address) const {
  return Masked(address, bits) == first;
}

absl::StatusOr<AddressRange> ParseAddressRange(absl::string_view text) {
  const size_t slash = text.find('/');
  const absl::string_view literal = text.substr(0, slash);
  const std::optional<IpAddress> address = ParseIpAddress(literal);
  if (!address) return Invalid(text, "is not an IP address or a range such as 10.0.0.0/8");
  AddressRange range{*address, 128};
  if (slash != absl::string_view::npos) {
    const bool v4 = literal.find(':') == absl::string_view::npos;
    const absl::string_view digits = text.substr(slash + 1);
    const bool plain = !digits.empty() && digits.size() <= 3 &&
                       digits.find_first_not_of("0123456789") == absl::string_view::npos;
    int bits = 0;
    if (!plain || !absl::SimpleAtoi(digits, &bits) || bits > (v4 ? 32 : 128)) {
      return Invalid(
          text, v4 ? "has a bad length: write /0 to /32" : "has a bad length: write /0 to /128");
    }
    range.bits = v4 ? kMappedBits + bits : bits;
  }
  if (Masked(range.first, range.bits) != range.first) {
    return Invalid(text, "has bits of an address behind its length");
  }
  return range;
}

bool Contains(const std::vector<AddressRange>& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const AddressRange& range) { return range.Contains(address); });
}

}  // namespace anteroom
