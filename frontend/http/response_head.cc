#include "frontend/http/response_head.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/header_rules.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kAccelBuffering = "X-Accel-Buffering";
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

bool IsForFrontEnd(absl::string_view name) {
  return name.size() == kAccelBuffering.size() && absl::EqualsIgnoreCase(name, kAccelBuffering);
}

BufferingWish BufferingWishOf(absl::string_view name, absl::string_view value) {
  if (IsForFrontEnd(name)) {
    if (absl::EqualsIgnoreCase(value, "no")) return BufferingWish::kNo;
    return absl::EqualsIgnoreCase(value, "yes") ? BufferingWish::kYes : BufferingWish::kNone;
  }
  const bool events = absl::EqualsIgnoreCase(name, "content-type") &&
                      absl::StartsWithIgnoreCase(value, "text/event-stream");
  return events ? BufferingWish::kNo : BufferingWish::kNone;
}

}  // namespace anteroom::frontend
