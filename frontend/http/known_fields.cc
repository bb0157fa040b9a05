#include "frontend/http/known_fields.h"

#include <limits>

#include "frontend/http/byte_class.h"
#include "frontend/http/header_rules.h"
#include "frontend/http/host.h"
#include "frontend/http/list.h"

namespace anteroom::frontend {

bool KnownFields::See(Seen what) {
  const bool first = !Has(what);
  seen_ = static_cast<uint16_t>(seen_ | what);
  return first;
}

ParseCause KnownFields::Add(absl::string_view name, absl::string_view value, int minor_version) {
  switch (name.size()) {
    case 4:
      if (EqualsLower(name, "host")) return AddHost(value);
      break;
    case 6:
      if (EqualsLower(name, "expect")) return AddExpect(value, minor_version);
      break;
    case 10:
      if (EqualsLower(name, "connection")) return AddConnection(value);
      break;
    case 12:
      if (EqualsLower(name, "content-type") && !See(kContentType)) {
        return ParseCause::kFieldRepeated;
      }
      break;
    case 13:
      if (EqualsLower(name, "authorization") && !See(kAuthorization)) {
        return ParseCause::kFieldRepeated;
      }
      break;
    case 14:
      if (EqualsLower(name, "content-length")) return AddContentLength(value);
      break;
    case 17:
      if (EqualsLower(name, "transfer-encoding")) return AddTransferEncoding(value, minor_version);
      break;
    default:
      break;
  }
  return ParseCause::kNone;
}

ParseCause KnownFields::AddHost(absl::string_view value) {
  if (!See(kHost)) return ParseCause::kHostRepeated;
  // Empty is right for a target without authority (RFC 9110, section 7.2).
  if (!value.empty() && !ParseAuthority(value)) return ParseCause::kHostSyntax;
  return ParseCause::kNone;
}

ParseCause KnownFields::AddContentLength(absl::string_view value) {
  if (!See(kContentLength)) return ParseCause::kContentLengthRepeated;
  if (Has(kTransferEncoding)) return ParseCause::kFramingConflict;
  if (value.empty()) return ParseCause::kContentLengthSyntax;
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  uint64_t length = 0;
  for (const char c : value) {
    if (!IsByte(c, kDigitByte)) return ParseCause::kContentLengthSyntax;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (length > (kMax - digit) / 10) return ParseCause::kContentLengthSyntax;
    length = length * 10 + digit;
  }
  content_length_ = length;
  return ParseCause::kNone;
}

ParseCause KnownFields::AddTransferEncoding(absl::string_view value, int minor_version) {
  if (minor_version == 0) return ParseCause::kTransferEncodingVersion;
  if (!See(kTransferEncoding)) return ParseCause::kTransferEncodingRepeated;
  if (Has(kContentLength)) return ParseCause::kFramingConflict;
  if (EqualsLower(value, "chunked")) return ParseCause::kNone;
  // Anything else is refused. If it is a list of codings with chunked once and at its end, the
  // client has asked for something that we could have supported (501); if not, no server could tell
  // where the body ends (RFC 9112, section 6.3, rule 4).
  size_t chunked = 0;
  bool last_is_chunked = false;
  ListReader list(value);
  while (list.Next()) {
    if (!IsToken(list.member())) return ParseCause::kTransferEncodingSyntax;
    last_is_chunked = EqualsLower(list.member(), "chunked");
    if (last_is_chunked) ++chunked;
  }
  return chunked == 1 && last_is_chunked ? ParseCause::kTransferCoding
                                         : ParseCause::kTransferEncodingSyntax;
}

ParseCause KnownFields::AddConnection(absl::string_view value) {
  ListReader list(value);
  while (list.Next()) {
    const absl::string_view option = list.member();
    if (option.empty()) continue;
    if (++connection_options_ > kConnectionOptions) return ParseCause::kConnectionOptions;
    if (EqualsLower(option, "close")) {
      See(kClose);
    } else if (EqualsLower(option, "keep-alive")) {
      See(kKeepAlive);
    } else if (!IsHopByHop(option)) {
      See(kNamesFields);
    }
  }
  return ParseCause::kNone;
}

ParseCause KnownFields::AddExpect(absl::string_view value, int minor_version) {
  if (minor_version == 0 || value.empty()) return ParseCause::kNone;  // RFC 9110, section 10.1.1
  if (!EqualsLower(value, "100-continue")) return ParseCause::kExpectation;
  See(kContinue);
  return ParseCause::kNone;
}

}  // namespace anteroom::frontend
