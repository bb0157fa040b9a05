#include "frontend/http/error_body.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/list.h"
#include "frontend/http/status.h"

namespace anteroom::frontend {
namespace {

bool IsJsonType(absl::string_view type) {
  constexpr absl::string_view kApplication = "application/";
  if (!absl::StartsWithIgnoreCase(type, kApplication)) return false;
  type.remove_prefix(kApplication.size());
  return EqualsLower(type, "json") || absl::EndsWithIgnoreCase(type, "+json");
}

// "q=0", "q=0.0", ...
bool IsZeroWeight(absl::string_view parameter) {
  if (!absl::StartsWithIgnoreCase(parameter, "q=0")) return false;
  return parameter.find_first_not_of("0.", 2) == absl::string_view::npos;
}

// One member of Accept: a media range and its parameters.
bool WantsJson(absl::string_view member) {
  size_t semicolon = member.find(';');
  if (!IsJsonType(TrimSpace(member.substr(0, semicolon)))) return false;
  while (semicolon != absl::string_view::npos) {
    member.remove_prefix(semicolon + 1);
    semicolon = member.find(';');
    if (IsZeroWeight(TrimSpace(member.substr(0, semicolon)))) return false;
  }
  return true;
}

}  // namespace

ErrorFormat ChooseErrorFormat(const RequestHead& head) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (!EqualsLower(field.name, "accept")) continue;
    ListReader list(field.value);
    while (list.Next()) {
      if (WantsJson(list.member())) return ErrorFormat::kJson;
    }
  }
  return ErrorFormat::kText;
}

ErrorBody MakeErrorBody(int status, ErrorFormat format) {
  absl::string_view phrase = ReasonPhrase(status);
  if (phrase.empty()) phrase = "Error";
  if (format == ErrorFormat::kJson) {
    return {"application/problem+json",
            absl::StrCat("{\"title\":\"", phrase, "\",\"status\":", status, "}\n")};
  }
  return {"text/plain; charset=utf-8", absl::StrCat(status, " ", phrase, "\n")};
}

}  // namespace anteroom::frontend
