// Any bytes to the request parser: the same transcript however they are split, and nothing in it
// that must not be there.
#include <cstdint>

#include "frontend/http/byte_class.h"
#include "frontend/http/host.h"
#include "frontend/http/method.h"
#include "tests/frontend/http/transcript.h"
#include "tests/fuzz/cuts.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

bool IsValue(absl::string_view value) {
  const bool padded = !value.empty() && (value.front() == ' ' || value.front() == '\t' ||
                                         value.back() == ' ' || value.back() == '\t');
  return IsAll(value, kValueByte) && !padded;
}

// What holds for every request that is reported, whatever the bytes were.
void CheckRequest(const ParsedRequest& request, const HttpLimits& limits) {
  FuzzCheck(FindMethod(request.method) != nullptr, "the method is known");
  FuzzCheck(!request.target.empty() && request.target.size() <= limits.target, "target size");
  FuzzCheck(request.target[0] == '/' || (request.target == "*" && request.method == "OPTIONS"),
            "the target is in origin-form");
  for (const char c : request.target) {
    FuzzCheck(c > ' ' && c < 0x7f && c != '#', "the target is printable");
  }
  FuzzCheck(request.authority.empty() || ParseAuthority(request.authority), "authority");
  FuzzCheck(request.fields.size() + request.dropped_fields <= limits.fields, "field count");
  for (const auto& [name, value] : request.fields) {
    FuzzCheck(IsToken(name) && IsValue(value), "fields are well formed");
    FuzzCheck(name.size() + value.size() < limits.field, "field size");
    FuzzCheck(name.find('_') == std::string::npos, "names with underscore are dropped");
  }
  FuzzCheck(request.body.size() <= limits.body, "body size");
  if (request.framing == BodyFraming::kContentLength && request.complete) {
    FuzzCheck(request.body.size() == request.content_length, "the body is as long as announced");
  }
  if (request.framing == BodyFraming::kNone) FuzzCheck(request.body.empty(), "no framing, no body");
}

}  // namespace
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Small enough for a fuzzer to reach each of them.
  HttpLimits limits;
  limits.target = 200;
  limits.field = 200;
  limits.fields = 20;
  limits.head = 600;
  limits.trailers = 4;
  limits.trailer_section = 100;
  limits.body = 400;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Transcript whole = ParseWhole(bytes, limits);
  FuzzCheck(ParseByteByByte(bytes, limits) == whole, "byte by byte is as whole");
  FuzzCheck(ParseInPieces(bytes, SomeCuts(bytes), limits) == whole, "split is as whole");
  for (const ParsedRequest& request : whole.requests) CheckRequest(request, limits);
  return 0;
}

}  // namespace anteroom::frontend
