// Any bytes as the value of X-Accel-Redirect: what is accepted is a path that a client could have asked
// for, and names itself, whatever a client could talk a handler into.
#include <algorithm>
#include <cstdint>
#include <string>

#include "frontend/http/accel_redirect.h"
#include "frontend/http/target.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using anteroom::FuzzCheck;
  namespace frontend = anteroom::frontend;
  constexpr size_t kLongest = 512;
  const absl::string_view value(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::string> path = frontend::AccelRedirectPath(value, kLongest);
  if (!path.ok()) {
    FuzzCheck(path.status().code() == absl::StatusCode::kInvalidArgument,
              "the error is of its kind");
    for (const char c : path.status().message()) {
      FuzzCheck(c >= 0x20 && c < 0x7f, "the reason can be logged as it is");
    }
    return 0;
  }
  FuzzCheck(size <= kLongest, "a bound is a bound");
  const absl::StatusOr<std::string> asked = frontend::DecodePath(value);
  FuzzCheck(asked.ok() && *asked == *path, "a client that asks for it means the same");
  FuzzCheck(value.find('?') == absl::string_view::npos, "there is no query");
  // Without dot segments nothing is taken away, so there are as many segments as were written.
  FuzzCheck(
      std::count(value.begin(), value.end(), '/') == std::count(path->begin(), path->end(), '/'),
      "it leads nowhere else");
  return 0;
}
