// Any ranges of trusted proxies and any fields that speak of the client: nobody but a trusted proxy is
// believed. The first line of the input is a list of ranges, the rest are field lines.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/address_range.h"
#include "frontend/http/forwarding.h"
#include "frontend/http/host.h"
#include "frontend/http/list.h"
#include "frontend/http/request_parser.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

constexpr char kPeer[] = "10.0.0.1";

void CheckRange(const AddressRange& range) {
  const bool v4 = range.bits >= 96 && !absl::StrContains(FormatIpAddress(range.first), ':');
  const std::string text =
      absl::StrCat(FormatIpAddress(range.first), "/", v4 ? range.bits - 96 : range.bits);
  const auto again = ParseAddressRange(text);
  FuzzCheck(again.ok() && again->first == range.first && again->bits == range.bits,
            "a range is what it is written as");
  FuzzCheck(range.Contains(range.first), "a range holds its first address");
  IpAddress last = range.first;
  for (int bit = range.bits; bit < 128; ++bit)
    last[bit / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
  FuzzCheck(range.Contains(last), "a range holds its last address");
  if (range.bits == 0) return;
  last[(range.bits - 1) / 8] ^= static_cast<uint8_t>(0x80 >> (range.bits - 1) % 8);
  FuzzCheck(!range.Contains(last), "a range ends");
}

TrustedProxies ReadTrusted(absl::string_view line) {
  TrustedProxies trusted;
  for (const absl::string_view text : absl::StrSplit(line, ',')) {
    trusted.unix_sockets = trusted.unix_sockets || text == "unix";
    const auto range = ParseAddressRange(text);
    if (!range.ok()) continue;
    CheckRange(*range);
    trusted.ranges.push_back(*range);
  }
  return trusted;
}

// Of all lines of the field, in their order; read from the left, unlike what is tested.
std::vector<absl::string_view> Members(const RequestHead& head, absl::string_view name) {
  std::vector<absl::string_view> members;
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (!absl::EqualsIgnoreCase(field.name, name)) continue;
    if (field.value.empty()) continue;
    // Nothing stands before a comma at the very beginning.
    ListReader list(absl::StripPrefix(field.value, ","));
    while (list.Next()) members.push_back(list.member());
  }
  return members;
}

void CheckClient(const RequestHead& head, const TrustedProxies& trusted) {
  const ForwardedClient client = ClientBehind(head, kPeer, trusted);
  FuzzCheck(client.address == kUnixPeer || ParseIpAddress(client.address), "an address");
  const std::vector<absl::string_view> members = Members(head, "x-forwarded-for");
  if (client.address.data() == kPeer) {
    FuzzCheck(client.hops == 0, "the peer itself");
    return;
  }
  FuzzCheck(client.hops < members.size(), "no more hops than members");
  const size_t place = members.size() - 1 - client.hops;
  FuzzCheck(absl::StrContains(members[place], client.address), "it is a member of the list");
  for (size_t i = place + 1; i < members.size(); ++i) {
    const absl::string_view hop = members[i];
    const bool plain = hop == kUnixPeer || ParseIpAddress(hop);  // without port or brackets
    FuzzCheck(!plain || trusted.Contain(hop), "who is passed is trusted");
  }
  if (!trusted.Contain(client.address) || place == 0) return;
  const absl::string_view next = members[place - 1];
  FuzzCheck(next != kUnixPeer && !ParseIpAddress(next), "a trusted one is passed");
}

void CheckLists(const RequestHead& head, size_t hops) {
  for (const absl::string_view name :
       {"x-forwarded-proto", "x-forwarded-host", "x-forwarded-for"}) {
    const std::vector<absl::string_view> members = Members(head, name);
    const absl::string_view member = MemberFromRight(head, name, hops);
    if (members.empty()) {
      FuzzCheck(member.empty(), "no list, no member");
    } else {
      const size_t place = members.size() - 1 - std::min(hops, members.size() - 1);
      FuzzCheck(member == members[place], "the member at that place from the right");
    }
    std::string list;
    AppendToList(head, name, "last", &list);
    FuzzCheck(list == "last" || absl::EndsWith(list, ", last"), "the proxy comes last");
    FuzzCheck(list.find_first_of("\r\n") == std::string::npos, "a list is one line");
  }
  const absl::string_view host = ForwardedHost(head, hops);
  FuzzCheck(host.empty() || ParseAuthority(host), "an authority, or nothing");
  const absl::string_view real_ip = ForwardedRealIp(head, hops);
  FuzzCheck(real_ip.empty() || ParseIpAddress(real_ip), "an address, or nothing");
  const absl::string_view scheme = ClientScheme(head, PeerTrust::kTrusted, hops);
  FuzzCheck(scheme == "http" || scheme == "https", "scheme");
  FuzzCheck(ClientScheme(head, PeerTrust::kUntrusted, hops) == "http", "nobody is believed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\n'), input.size());
  const TrustedProxies trusted = ReadTrusted(input.substr(0, end));
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  if (end < input.size()) {
    for (const absl::string_view line : absl::StrSplit(input.substr(end + 1), '\n')) {
      if (!line.empty()) absl::StrAppend(&bytes, line, "\r\n");
    }
  }
  bytes += "\r\n";
  const HttpLimits limits;
  RequestParser parser(limits);
  size_t consumed = 0;
  if (parser.Parse(bytes, &consumed) != RequestParser::Event::kHead) return 0;
  CheckClient(parser.head(), trusted);
  CheckLists(parser.head(), ClientBehind(parser.head(), kPeer, trusted).hops);
  return 0;
}

}  // namespace anteroom::frontend
