// Just enough of an HTTP/1.1 request to answer it: where it ends and whether the connection goes
// on. Meant for the well-formed requests of proxies and load generators; it is not a parser for the
// open network.
#ifndef ANTEROOM_BENCH_ORIGIN_REQUEST_H_
#define ANTEROOM_BENCH_ORIGIN_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace anteroom::bench {

struct OriginRequest {
  size_t head_size = 0;                 // bytes up to and with the empty line
  uint64_t body_size = 0;               // from Content-Length
  bool head_method = false;             // HEAD: the answer carries no body
  bool keep_alive = true;               // HTTP/1.1 without "Connection: close"
  std::optional<uint64_t> answer_size;  // from "?n=" of a GET: a body of that many bytes is wanted
  bool unsupported = false;  // Transfer-Encoding or an unreadable length: the end can't be told
};

// No value while the head is incomplete.
std::optional<OriginRequest> ReadRequest(absl::string_view bytes);

// The value of the first field called `name` (lower case), trimmed; no value without such a field.
// `head` starts with the request or status line.
std::optional<absl::string_view> FindField(absl::string_view head, absl::string_view name);

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_ORIGIN_REQUEST_H_
