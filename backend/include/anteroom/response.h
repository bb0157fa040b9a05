// What a handler gives back.
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_RESPONSE_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_RESPONSE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace anteroom {

// Where a streamed body goes. Belongs to the thread that it is given to.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Sends these bytes, and waits while the client is slow. False: nobody wants them any more;
  // return.
  virtual bool Write(absl::string_view bytes) = 0;
};

// Threading: a plain value; whoever holds it owns it.
//
// Content-Length, Transfer-Encoding, Date, Server and every hop-by-hop field (RFC 9110,
// section 7.6.1) are the front end's business: it frames the body, compresses nothing and leaves
// the other fields as they are. A handler that sets a framing or hop-by-hop field gets it dropped.
// A status outside 200..599, a name that isn't a token, or a value with CR, LF or NUL is a fault of
// the handler: the client gets 500 and the log says why.
struct Response {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  int status = 200;
  Fields headers;
  std::string body;
  // Instead of `body`, for what is large or takes long: writes the body piece by piece, on the
  // handler's thread and after the handler has returned. The head goes out at once. A status that
  // isn't OK, or an exception, cuts the response so that the client can tell. Not called for HEAD.
  std::function<absl::Status(BodyWriter&)> stream;

  // text/plain; charset=utf-8
  static Response Text(std::string text, int status = 200);
  // application/json. `json` goes out as it is.
  static Response Json(std::string json, int status = 200);
  // Anything else, for example Bytes(jpeg, "image/jpeg").
  static Response Bytes(std::string bytes, absl::string_view content_type, int status = 200);
  // A body that `stream` writes.
  static Response Stream(std::function<absl::Status(BodyWriter&)> stream,
                         absl::string_view content_type, int status = 200);
  // No body and no Content-Type, for example Empty(204).
  static Response Empty(int status);
  // A file that the front end sends in place of a body (X-Accel-Redirect), with ranges and conditional
  // requests, while this thread is free. `path` lies below an internal static route of the front end
  // (docs/CONFIG.md, `routes.*.internal`) and is neither percent-encoded nor has dot segments:
  //
  //   Response response = Response::File("/reports/2026 final.pdf");
  //   response.SetHeader("Content-Disposition", "attachment");
  //
  // The fields go on to the client with the file, and take precedence over those that the front end
  // makes for it (Content-Type by the name's ending, Cache-Control), but for what describes a body or
  // is the file's own: Content-Encoding, Content-Location, ETag, Last-Modified, digests and the like.
  // A path that no internal route has is 502, a file that is not there 404.
  static Response File(absl::string_view path);

  // Replaces all fields of that name (in any case) by one.
  Response& SetHeader(absl::string_view name, absl::string_view value);
  // Adds a field beside those of the same name (Set-Cookie).
  Response& AddHeader(absl::string_view name, absl::string_view value);
  // The first field of that name, in any case; "" when there is none.
  absl::string_view Header(absl::string_view name) const;
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_RESPONSE_H_
