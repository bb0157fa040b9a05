#include "backend/src/wire_check.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/strings/ascii.h"

namespace anteroom::backend {
namespace {

constexpr size_t kInlineBody = 64 * 1024;
constexpr size_t kMaxRequestId = 128;

bool IsRequestId(const std::string& id) {
  return !id.empty() && id.size() <= kMaxRequestId && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

Duration BoundedMicros(uint64_t micros) {
  constexpr uint64_t kMax = uint64_t{1'000'000} * 60 * 60 * 24 * 365;
  return std::chrono::microseconds(static_cast<int64_t>(std::min(micros, kMax)));
}

absl::Status CheckRequest(const v1::Request& request) {
  if (request.id() == 0) return absl::InvalidArgumentError("a request without an id");
  if (request.method().empty()) return absl::InvalidArgumentError("a request without a method");
  if (request.target().empty()) return absl::InvalidArgumentError("a request without a target");
  if (!IsRequestId(request.request_id())) {
    return absl::InvalidArgumentError("a request_id that is not [A-Za-z0-9._-]{1,128}");
  }
  if (request.body().size() > request.body_size()) {
    return absl::InvalidArgumentError("more body than body_size");
  }
  if (request.body_size() <= kInlineBody && request.body().size() != request.body_size()) {
    return absl::InvalidArgumentError("a small body that is not with its head");
  }
  return absl::OkStatus();
}

}  // namespace anteroom::backend
