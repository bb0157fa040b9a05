#include "frontend/http/field_check.h"

#include <algorithm>
#include <initializer_list>

#include "frontend/http/byte_class.h"
#include "frontend/http/header_rules.h"

namespace anteroom::frontend {
namespace {

bool IsOneOf(absl::string_view name, std::initializer_list<absl::string_view> lower) {
  return std::any_of(lower.begin(), lower.end(),
                     [&](absl::string_view other) { return EqualsLower(name, other); });
}

absl::string_view ConsumeToken(absl::string_view* rest) {
  const char* const end = SkipRun(rest->data(), rest->data() + rest->size(), kTokenByte);
  const absl::string_view token = rest->substr(0, static_cast<size_t>(end - rest->data()));
  rest->remove_prefix(token.size());
  return token;
}

bool Consume(char wanted, absl::string_view* rest) {
  if (rest->empty() || rest->front() != wanted) return false;
  rest->remove_prefix(1);
  return true;
}

void SkipSpace(absl::string_view* rest) {
  while (Consume(' ', rest) || Consume('\t', rest)) {
  }
}

// With its quotes; empty when there is none (RFC 9110, section 5.6.4). The bytes have been looked at.
absl::string_view ConsumeQuoted(absl::string_view* rest) {
  if (rest->empty() || rest->front() != '"') return {};
  for (size_t i = 1; i < rest->size(); ++i) {
    if ((*rest)[i] == '\\') {
      ++i;
    } else if ((*rest)[i] == '"') {
      const absl::string_view quoted = rest->substr(0, i + 1);
      rest->remove_prefix(i + 1);
      return quoted;
    }
  }
  return {};
}

absl::string_view ConsumeTokenOrQuoted(absl::string_view* rest) {
  const absl::string_view quoted = ConsumeQuoted(rest);
  return quoted.empty() ? ConsumeToken(rest) : quoted;
}

bool TakesSeconds(absl::string_view directive) {
  return IsOneOf(directive, {"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"});
}

}  // namespace

absl::string_view WhyNotAnExtraFieldName(absl::string_view name) {
  if (!IsToken(name)) return "is not the name of a field";
  if (IsFraming(name) || IsHopByHop(name))
    return "is about the connection, which the server decides";
  if (EqualsLower(name, "content-type")) return "is what static.types says";
  if (IsOneOf(name, {"cache-control", "expires"})) {
    return "is what static.cache_control or static.expires says";
  }
  if (EqualsLower(name, "x-content-type-options")) return "is what static.nosniff says";
  if (IsOneOf(name, {"accept-ranges", "age", "allow", "content-encoding", "content-range", "date",
                     "etag", "last-modified", "location", "retry-after"})) {
    return "is for the server to say";
  }
  return "";
}

absl::string_view WhyNotAFieldValue(absl::string_view value) {
  if (value.empty()) return "is empty";
  for (const char c : value) {
    if (c != '\t' && (c < 0x20 || c > 0x7e)) return "holds a byte that is not printable ASCII";
  }
  if (value.front() == ' ' || value.front() == '\t' || value.back() == ' ' ||
      value.back() == '\t') {
    return "begins or ends with space";
  }
  return "";
}

absl::string_view WhyNotCacheControl(absl::string_view value) {
  if (const absl::string_view why = WhyNotAFieldValue(value); !why.empty()) return why;
  for (absl::string_view rest = value;;) {
    SkipSpace(&rest);
    const absl::string_view directive = ConsumeToken(&rest);
    if (directive.empty()) return "is not a list of directives such as 'public, max-age=60'";
    absl::string_view argument;
    if (Consume('=', &rest)) {
      argument = ConsumeTokenOrQuoted(&rest);
      if (argument.empty()) return "has a directive without what follows its '='";
    }
    if (TakesSeconds(directive) && (argument.empty() || !IsAll(argument, kDigitByte))) {
      return "has a directive whose seconds are not a number";
    }
    SkipSpace(&rest);
    if (rest.empty()) return "";
    if (!Consume(',', &rest)) return "is not a list of directives such as 'public, max-age=60'";
  }
}

absl::string_view WhyNotAMediaType(absl::string_view value) {
  constexpr absl::string_view kNone = "is not a media type such as 'text/plain'";
  if (const absl::string_view why = WhyNotAFieldValue(value); !why.empty()) return why;
  absl::string_view rest = value;
  if (ConsumeToken(&rest).empty() || !Consume('/', &rest) || ConsumeToken(&rest).empty()) {
    return kNone;
  }
  while (!rest.empty()) {
    SkipSpace(&rest);
    if (!Consume(';', &rest)) return kNone;
    SkipSpace(&rest);
    if (ConsumeToken(&rest).empty() || !Consume('=', &rest) ||
        ConsumeTokenOrQuoted(&rest).empty()) {
      return "has a parameter that is not name=value";
    }
  }
  return "";
}

}  // namespace anteroom::frontend
