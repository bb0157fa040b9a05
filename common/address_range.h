// Blocks of IP addresses, for lists of who may do what. Plain values; pure functions.
#ifndef ANTEROOM_COMMON_ADDRESS_RANGE_H_
#define ANTEROOM_COMMON_ADDRESS_RANGE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anteroom {

// In network order; an IPv4 address as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2), so that both
// ways to write it are one.
using IpAddress = std::array<uint8_t, 16>;

// Nothing but a literal without brackets, port or zone.
std::optional<IpAddress> ParseIpAddress(absl::string_view text);

// The canonical literal (RFC 5952); IPv4 in its own form.
std::string FormatIpAddress(const IpAddress& address);

// The addresses whose first `bits` bits are those of `first`.
struct AddressRange {
  IpAddress first{};
  int bits = 128;

  bool Contains(const IpAddress& address) const;
};

// "10.0.0.0/8", "2001:db8::/32", or one address. InvalidArgument with a reason that quotes the text;
// also for bits of the address behind the prefix, which are a slip.
absl::StatusOr<AddressRange> ParseAddressRange(absl::string_view text);

bool Contains(const std::vector<AddressRange>& ranges, const IpAddress& address);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_ADDRESS_RANGE_H_
