#include "frontend/http/forwarding.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/host.h"
#include "frontend/http/list.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kForwardedFor = "x-forwarded-for";
constexpr absl::string_view kForwardedProto = "x-forwarded-proto";

// Takes the last member off a list.
absl::string_view TakeLast(absl::string_view* list) {
  const size_t comma = list->rfind(',');
  const absl::string_view member =
      TrimSpace(comma == absl::string_view::npos ? *list : list->substr(comma + 1));
  *list = comma == absl::string_view::npos ? absl::string_view() : list->substr(0, comma);
  return member;
}

// Some proxies add a port, and brackets for it.
absl::string_view WithoutPort(absl::string_view member) {
  if (absl::StartsWith(member, "[")) return member.substr(1, member.find(']') - 1);
  const size_t colon = member.find(':');
  const bool one = colon != absl::string_view::npos && colon == member.rfind(':');
  return one ? member.substr(0, colon) : member;
}

}  // namespace

ForwardedClient ClientBehind(const RequestHead& head, absl::string_view peer,
                             const TrustedProxies& trusted) {
  ForwardedClient client{peer};
  size_t members = 0;
  for (size_t i = head.field_count(); i-- > 0;) {
    const Field field = head.field(i);
    if (!absl::EqualsIgnoreCase(field.name, kForwardedFor)) continue;
    absl::string_view rest = field.value;
    while (!rest.empty()) {
      const absl::string_view last = TakeLast(&rest);
      const absl::string_view member = last == kUnixPeer ? last : WithoutPort(last);
      if (member != kUnixPeer && !ParseIpAddress(member)) return client;
      client = {member, members++};
      if (!trusted.Contain(member)) return client;
    }
  }
  return client;
}

absl::string_view MemberFromRight(const RequestHead& head, absl::string_view name, size_t hops) {
  absl::string_view member;
  for (size_t i = head.field_count(); i-- > 0;) {
    const Field field = head.field(i);
    if (!absl::EqualsIgnoreCase(field.name, name)) continue;
    absl::string_view rest = field.value;
    while (!rest.empty()) {
      member = TakeLast(&rest);
      if (hops-- == 0) return member;
    }
  }
  return member;
}

absl::string_view ForwardedHost(const RequestHead& head, size_t hops) {
  const absl::string_view host = MemberFromRight(head, "x-forwarded-host", hops);
  return ParseAuthority(host) ? host : absl::string_view();
}

absl::string_view ForwardedRealIp(const RequestHead& head, size_t hops) {
  const absl::string_view address = MemberFromRight(head, "x-real-ip", hops);
  return ParseIpAddress(address) ? address : absl::string_view();
}

absl::string_view ClientScheme(const RequestHead& head, PeerTrust trust, size_t hops) {
  if (trust != PeerTrust::kTrusted) return "http";
  return absl::EqualsIgnoreCase(MemberFromRight(head, kForwardedProto, hops), "https") ? "https"
                                                                                       : "http";
}

void AppendToList(const RequestHead& head, absl::string_view name, absl::string_view member,
                  std::string* out) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (!absl::EqualsIgnoreCase(field.name, name) || field.value.empty()) continue;
    absl::StrAppend(out, field.value, ", ");
  }
  absl::StrAppend(out, member);
}

std::string ForwardedElement(absl::string_view peer) {
  if (peer == kUnixPeer) return "for=unknown;proto=http";
  const bool v6 = absl::StrContains(peer, ':');
  return v6 ? absl::StrCat("for=\"[", peer, "]\";proto=http")
            : absl::StrCat("for=", peer, ";proto=http");
}

}  // namespace anteroom::frontend
