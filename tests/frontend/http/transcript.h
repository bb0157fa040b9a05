// What the parser made of the bytes of one connection, as plain data that two runs can be compared
// by.
#ifndef ANTEROOM_TESTS_FRONTEND_HTTP_TRANSCRIPT_H_
#define ANTEROOM_TESTS_FRONTEND_HTTP_TRANSCRIPT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/http/limits.h"
#include "frontend/http/parse_error.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {

struct ParsedRequest {
  std::string method;
  std::string target;
  std::string path;
  std::string query;
  std::string authority;
  int minor_version = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  size_t dropped_fields = 0;
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;
  bool keep_alive = false;
  bool expects_continue = false;
  bool connection_names_fields = false;
  std::string body;
  bool complete = false;

  bool operator==(const ParsedRequest&) const = default;
};

struct Transcript {
  std::vector<ParsedRequest> requests;
  ParseCause cause = ParseCause::kNone;
  bool started = false;  // at the end: a request has begun

  bool operator==(const Transcript&) const = default;
  // "accept 2", "incomplete" or "400 label", as in the vectors.
  std::string Verdict() const;
};

// Feeds `bytes` to a parser in pieces that end at `cuts` (ascending), each in a buffer of its own
// of exactly its size, so that AddressSanitizer sees every byte read beyond it. Goes on with the
// next request until the bytes end or an error.
Transcript ParseInPieces(absl::string_view bytes, const std::vector<size_t>& cuts,
                         const HttpLimits& limits = HttpLimits());

Transcript ParseWhole(absl::string_view bytes, const HttpLimits& limits = HttpLimits());
Transcript ParseByteByByte(absl::string_view bytes, const HttpLimits& limits = HttpLimits());

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_HTTP_TRANSCRIPT_H_
