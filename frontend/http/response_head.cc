#include "frontend/http/response_head.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/header_rules.h"

namespace anteroom::frontend {
namespace {

constexpr size_t kShown = 64;  // bytes of a peer's text in a reason

std::string Shown(absl::string_view text) { return absl::CHexEscape(text.substr(0, kShown)); }

}  // namespace

absl::Status CheckResponseStatus(int status) {
  if (status >= 200 && status <= 599) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("response status ", status));
}

absl::Status CheckResponseField(absl::string_view name, absl::string_view value) {
  if (!IsToken(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("response field name is no token: \"", Shown(name), "\""));
  }
  const char* const end = value.data() + value.size();
  if (SkipValueRun(value.data(), end) != end) {
    return absl::InvalidArgumentError(
        absl::StrCat("response field ", Shown(name), " has a control byte in its value"));
  }
  if (IsFraming(name) || IsHopByHop(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("response field ", Shown(name), " is not for a backend to send"));
  }
  return absl::OkStatus();
}

}  // namespace anteroom::frontend
