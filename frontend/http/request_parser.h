// An incremental HTTP/1.1 request parser (RFC 9112), strict: whatever the RFC calls invalid is an error with a status
// and a reason, and nothing after an error is ever parsed. The verdict depends on the bytes alone, never on how they
// were split: the machine looks at one byte after the other and fails at the first one that no valid request can have
// there.
//
// Pure: no sockets, no clock, no allocation once its buffer has grown to the size of a head. Not thread-safe.
#ifndef ANTEROOM_FRONTEND_HTTP_REQUEST_PARSER_H_
#define ANTEROOM_FRONTEND_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Sizes in bytes, numbers in fields. Configured under `limits`; docs/CONFIG.md has the reasons.
struct HttpLimits {
  size_t target = 16 * 1024;         // longer: 414
  size_t field = 8 * 1024;           // one field line, name to end of value; longer: 431
  size_t fields = 100;               // more: 431
  size_t head = 32 * 1024;           // all field lines together; larger: 431
  size_t trailers = 64;              // more: 431
  size_t trailer_section = 8 * 1024; // larger: 431
  uint64_t body = 32 * 1024 * 1024;  // larger, announced or counted: 413
};

struct Field {
  absl::string_view name;   // as the client wrote it
  absl::string_view value;  // without the optional white space around it
};

enum class BodyFraming { kNone, kContentLength, kChunked };

// One request head. Views are valid until the parser that owns the head is reset, destroyed or moved.
class RequestHead {
 public:
  absl::string_view method() const;
  // Path and query in origin-form, exactly as received; "*" for OPTIONS *. An absolute-form target without a path
  // has become "/" (RFC 9112, section 3.2.2).
  absl::string_view target() const;
  absl::string_view path() const;   // target up to the first '?', still percent-encoded
  absl::string_view query() const;  // what follows the '?', or empty
  // Host field, or the authority of an absolute-form target (which must then agree with Host). May be empty.
  absl::string_view authority() const;
  int minor_version() const;        // 0 or 1
  size_t field_count() const;
  Field field(size_t i) const;      // in wire order, all of them
  // The first field of that name (compared without case).
  std::optional<absl::string_view> Find(absl::string_view name) const;

  BodyFraming framing() const;
  uint64_t content_length() const;  // 0 unless framing() is kContentLength
  bool keep_alive() const;          // what version and Connection ask for (RFC 9112, section 9.3)
  bool expects_continue() const;    // `Expect: 100-continue` from an HTTP/1.1 client
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_REQUEST_PARSER_H_
