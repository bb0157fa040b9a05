// Response heads and chunk framing as bytes (RFC 9112, sections 4, 6 and 7.1).
#ifndef ANTEROOM_FRONTEND_HTTP_RESPONSE_WRITER_H_
#define ANTEROOM_FRONTEND_HTTP_RESPONSE_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/http/response_framing.h"

namespace anteroom::frontend {

// Appends one response head to a string:
//
//   ResponseWriter writer(&out, 200);
//   writer.AddField("Content-Type", "text/plain");
//   writer.Finish(framing, request_minor_version, date);
//
// Fields must have passed CheckResponseField() or be our own. Date is added unless a field was one.
// Always HTTP/1.1, as a server says its own version. Not thread-safe; `out` must outlive it.
class ResponseWriter {
 public:
  ResponseWriter(std::string* out, int status);

  void AddField(absl::string_view name, absl::string_view value);
  void AddField(absl::string_view name, uint64_t value);

  // Framing, Connection where the version of the request makes it necessary, Date, and the empty
  // line.
  void Finish(const ResponseFraming& framing, int minor_version, absl::string_view date);

 private:
  std::string* const out_;
  bool has_date_ = false;
};

// What precedes the data of a chunk. `size` is not 0: that would end the body.
void AppendChunkHeader(uint64_t size, std::string* out);

inline constexpr absl::string_view kAfterChunk = "\r\n";      // follows the data of a chunk
inline constexpr absl::string_view kLastChunk = "0\r\n\r\n";  // ends the body

inline constexpr absl::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_RESPONSE_WRITER_H_
