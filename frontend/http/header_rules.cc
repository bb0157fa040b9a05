#include "frontend/http/header_rules.h"

#include "absl/strings/match.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/list.h"

namespace anteroom::frontend {
namespace {

// The parser allows 64 options, so that this stays cheap whatever a client sends.
bool NamedByConnection(const RequestHead& head, absl::string_view name) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (!EqualsLower(field.name, "connection")) continue;
    ListReader list(field.value);
    while (list.Next()) {
      if (absl::EqualsIgnoreCase(list.member(), name)) return true;
    }
  }
  return false;
}

}  // namespace

bool IsHopByHop(absl::string_view name) {
  switch (name.size()) {
    case 2:
      return EqualsLower(name, "te");
    case 7:
      return EqualsLower(name, "trailer") || EqualsLower(name, "upgrade");
    case 10:
      return EqualsLower(name, "connection") || EqualsLower(name, "keep-alive");
    case 16:
      return EqualsLower(name, "proxy-connection");
    case 17:
      return EqualsLower(name, "transfer-encoding");
    case 18:
      return EqualsLower(name, "proxy-authenticate");
    case 19:
      return EqualsLower(name, "proxy-authorization");
    default:
      return false;
  }
}

bool IsRewritten(absl::string_view name) {
  switch (name.size()) {
    case 9:
      return EqualsLower(name, "forwarded") || EqualsLower(name, "x-real-ip");
    case 12:
      return EqualsLower(name, "x-request-id");
    case 15:
      return EqualsLower(name, "x-forwarded-for");
    case 16:
      return EqualsLower(name, "x-forwarded-host");
    case 17:
      return EqualsLower(name, "x-forwarded-proto");
    default:
      return false;
  }
}

bool IsForwardingField(absl::string_view name) {
  return IsRewritten(name) || absl::StartsWithIgnoreCase(name, "x-forwarded-");
}

bool IsReserved(absl::string_view name) {
  return (name.size() == 5 && EqualsLower(name, "proxy")) ||
         absl::StartsWithIgnoreCase(name, "x-anteroom-");
}

bool IsFraming(absl::string_view name) {
  switch (name.size()) {
    case 14:
      return EqualsLower(name, "content-length");
    case 17:
      return EqualsLower(name, "transfer-encoding");
    default:
      return false;
  }
}

bool IsForwarded(const RequestHead& head, absl::string_view name, PeerTrust trust) {
  if (IsHopByHop(name) || IsFraming(name) || IsReserved(name)) return false;
  if (EqualsLower(name, "host") || EqualsLower(name, "expect")) return false;
  if (IsForwardingField(name)) return trust == PeerTrust::kTrusted;
  return !head.connection_names_fields() || !NamedByConnection(head, name);
}

std::optional<absl::string_view> FindOnly(const RequestHead& head, absl::string_view name,
                                          PeerTrust trust) {
  std::optional<absl::string_view> found;
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (!absl::EqualsIgnoreCase(field.name, name)) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  if (found && !IsForwarded(head, name, trust)) return std::nullopt;
  return found;
}

}  // namespace anteroom::frontend
