// What the fields that the front end itself obeys say: Host, the framing, Connection, Expect.
// Everything that RFC 9112 and RFC 9110 forbid about them is found here.
#ifndef ANTEROOM_FRONTEND_HTTP_KNOWN_FIELDS_H_
#define ANTEROOM_FRONTEND_HTTP_KNOWN_FIELDS_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "frontend/http/parse_error.h"

namespace anteroom::frontend {

// Collects over the fields of one head. A value type; not thread-safe.
class KnownFields {
 public:
  // More options in Connection than this are refused: each is compared with the name of every
  // field.
  static constexpr size_t kConnectionOptions = 64;

  // To be called for each field line in wire order, with the minor version of the request line.
  // kNone: go on.
  ParseCause Add(absl::string_view name, absl::string_view value, int minor_version);

  bool has_host() const { return Has(kHost); }
  bool has_content_length() const { return Has(kContentLength); }
  uint64_t content_length() const { return content_length_; }
  bool chunked() const { return Has(kTransferEncoding); }
  bool close() const { return Has(kClose); }
  bool keep_alive() const { return Has(kKeepAlive); }
  bool expects_continue() const { return Has(kContinue); }
  bool connection_names_fields() const { return Has(kNamesFields); }

 private:
  enum Seen : uint16_t {
    kHost = 1 << 0,
    kContentLength = 1 << 1,
    kTransferEncoding = 1 << 2,
    kContentType = 1 << 3,
    kAuthorization = 1 << 4,
    kClose = 1 << 5,
    kKeepAlive = 1 << 6,
    kNamesFields = 1 << 7,
    kContinue = 1 << 8,
  };

  bool Has(Seen what) const { return (seen_ & what) != 0; }
  // False when it was there before.
  bool See(Seen what);

  ParseCause AddHost(absl::string_view value);
  ParseCause AddContentLength(absl::string_view value);
  ParseCause AddTransferEncoding(absl::string_view value, int minor_version);
  ParseCause AddConnection(absl::string_view value);
  ParseCause AddExpect(absl::string_view value, int minor_version);

  uint64_t content_length_ = 0;
  uint16_t seen_ = 0;
  uint16_t connection_options_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_KNOWN_FIELDS_H_
