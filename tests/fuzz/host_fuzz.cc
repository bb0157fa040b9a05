// Any bytes as Host or authority: what is accepted means one thing, and IPv6 addresses are those
// that the C library knows.
#include <arpa/inet.h>

#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/host.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

bool IsIpv6AddressForLibc(absl::string_view text) {
  if (absl::StrContains(text, '\0')) return false;  // the C library would stop there
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

void CheckName(absl::string_view name) {
  FuzzCheck(!name.empty() && name.size() <= 255, "a name has the size of one");
  FuzzCheck(name[0] != '.' && !absl::StrContains(name, ".."), "a name has no empty label");
  for (const char c : name) {
    FuzzCheck(absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-._~", c),
              "a name has only bytes that need no escape");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  FuzzCheck(IsIpv6Address(text) == IsIpv6AddressForLibc(text), "IPv6 as the C library reads it");

  const std::optional<Authority> authority = ParseAuthority(text);
  if (!authority) return 0;
  const absl::string_view host = authority->host;
  FuzzCheck(host.data() == text.data() && host.size() <= size, "the host is the beginning");
  if (host[0] == '[') {
    FuzzCheck(host.back() == ']' && IsIpv6AddressForLibc(host.substr(1, host.size() - 2)),
              "brackets hold an IPv6 address");
  } else {
    CheckName(host);
  }
  FuzzCheck(authority->port.has_value() == (host.size() < size), "what follows is a port");
  FuzzCheck(authority->port != 0, "there is no port 0");
  const std::string written =
      authority->port ? absl::StrCat(host, ":", *authority->port) : std::string(host);
  const std::optional<Authority> again = ParseAuthority(written);
  FuzzCheck(again && again->host == host && again->port == authority->port,
            "written out again it means the same");
  return 0;
}

}  // namespace anteroom::frontend
