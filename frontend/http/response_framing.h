// How the body of a response is delimited (RFC 9112, section 6.3), decided in one place.
#ifndef ANTEROOM_FRONTEND_HTTP_RESPONSE_FRAMING_H_
#define ANTEROOM_FRONTEND_HTTP_RESPONSE_FRAMING_H_

#include <cstdint>
#include <optional>

namespace anteroom::frontend {

struct ResponseFraming {
  enum class Length : uint8_t {
    kNone,        // says nothing: there is no body
    kFixed,       // Content-Length
    kChunked,     // Transfer-Encoding: chunked
    kUntilClose,  // the end of the connection is the end of the body
  };
  Length length = Length::kNone;
  uint64_t content_length = 0;  // for kFixed
  bool send_body = false;       // false: a body that there may be is not sent (HEAD, 204, 304)
  bool keep_alive = false;      // after the response
};

struct ResponseContext {
  int status = 200;
  int minor_version = 1;         // of the request
  bool head_request = false;     // the method was HEAD
  bool keep_alive = false;       // the client asked for it, and we are willing
  std::optional<uint64_t> size;  // of the body; nothing if it is not known yet
};

ResponseFraming ChooseFraming(const ResponseContext& context);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_RESPONSE_FRAMING_H_
