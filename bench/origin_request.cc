#include "bench/origin_request.h"

#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace anteroom::bench {

std::optional<absl::string_view> FindField(absl::string_view head, absl::string_view name) {
  size_t line = head.find("\r\n");
  while (line != absl::string_view::npos && line + 2 < head.size()) {
    const size_t start = line + 2;
    line = head.find("\r\n", start);
    const absl::string_view field = head.substr(start, line - start);
    if (field.size() > name.size() && field[name.size()] == ':' &&
        absl::EqualsIgnoreCase(field.substr(0, name.size()), name)) {
      return absl::StripAsciiWhitespace(field.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::optional<OriginRequest> ReadRequest(absl::string_view bytes) {
  // memmem is vectorised, string_view::find is not; on this path it shows.
  const void* end = memmem(bytes.data(), bytes.size(), "\r\n\r\n", 4);
  if (end == nullptr) return std::nullopt;

  OriginRequest request;
  request.head_size = static_cast<size_t>(static_cast<const char*>(end) - bytes.data()) + 4;
  const absl::string_view head = bytes.substr(0, request.head_size);
  request.head_method = absl::StartsWith(head, "HEAD ");
  const absl::string_view line = head.substr(0, head.find("\r\n"));
  request.keep_alive = absl::EndsWith(line, " HTTP/1.1");
  if (const size_t query = line.find("?n="); query != absl::string_view::npos) {
    const absl::string_view rest = line.substr(query + 3);
    uint64_t size = 0;
    request.unsupported = !absl::SimpleAtoi(rest.substr(0, rest.find_first_of("& ")), &size);
    if (absl::StartsWith(line, "GET ")) request.answer_size = size;
  }
  if (const auto connection = FindField(head, "connection");
      connection.has_value() && absl::EqualsIgnoreCase(*connection, "close")) {
    request.keep_alive = false;
  }
  if (const auto length = FindField(head, "content-length"); length.has_value()) {
    if (!absl::SimpleAtoi(*length, &request.body_size)) request.unsupported = true;
  }
  if (FindField(head, "transfer-encoding").has_value()) request.unsupported = true;
  return request;
}

}  // namespace anteroom::bench
