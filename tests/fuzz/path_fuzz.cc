// Any bytes as the path of a request: what is accepted stays below the root and is in its final
// form, and what is looked up below a root is no hidden name.
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "frontend/http/target.h"
#include "frontend/static/safe_open.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using anteroom::FuzzCheck;
  using anteroom::frontend::DecodePath;
  using anteroom::frontend::IsServablePath;
  const absl::string_view raw(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::string> path = DecodePath(raw);
  if (!path.ok()) {
    FuzzCheck(path.status().code() == absl::StatusCode::kInvalidArgument,
              "the error is of its kind");
    return 0;
  }
  FuzzCheck(!path->empty() && path->front() == '/', "the path begins with a slash");
  FuzzCheck(path->size() <= raw.size(), "the path does not grow");
  for (const char c : *path) {
    const bool control = static_cast<uint8_t>(c) < 0x20 || c == 0x7f;
    FuzzCheck(!control && c != '\\', "the path has no control byte and no backslash");
  }
  for (const absl::string_view segment : absl::StrSplit(*path, '/')) {
    FuzzCheck(segment != "." && segment != "..", "the path has no dot segment");
  }
  // Written out again, with '%' as the only byte that needs it, it means the same.
  const std::string encoded = absl::StrReplaceAll(*path, {{"%", "%25"}});
  const absl::StatusOr<std::string> again = DecodePath(encoded);
  FuzzCheck(again.ok() && *again == *path, "normalising again changes nothing");

  const bool hidden_too = IsServablePath(*path, /*hidden=*/true);
  if (IsServablePath(*path)) {
    FuzzCheck(hidden_too, "what is served without hidden names is served with them");
    FuzzCheck(*path == "/.well-known" || absl::StartsWith(*path, "/.well-known/") ||
                  !absl::StrContains(*path, "/."),
              "no hidden name");
  }
  if (hidden_too) {
    FuzzCheck(!absl::StrContains(*path, "//") && !absl::StrContains(*path, '\0'),
              "a file has one name");
  }
  return 0;
}
