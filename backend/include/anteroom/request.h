// What a handler is given: one HTTP request.
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_REQUEST_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_REQUEST_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace anteroom {

// One field as the client (or a proxy on the way) sent it. Views into the request that it came
// from.
struct HeaderField {
  absl::string_view name;
  absl::string_view value;
};

// Threading: belongs to the thread that runs the handler; const, and so safe to share for as long
// as the handler runs. Every view that it hands out dies with it: copy what has to outlive the
// handler.
//
// The body is complete before a handler sees the request, so nothing here ever blocks. (Handlers of
// Server::HandleStreaming() read it from a BodyReader instead, which may.)
//
// Handlers are plain functions and are tested by calling them:
//   Request request("GET", "/thumb/cat.jpg?w=100", {}, "", {{"name", "cat.jpg"}});
//   Context context;
//   absl::StatusOr<Response> response = Thumbnail(request, context);
class Request {
 public:
  using StringPairs = std::vector<std::pair<std::string, std::string>>;

  // A request that owns copies of everything, for tests. `captures` are what the pattern would have
  // captured.
  Request(std::string method, std::string target, StringPairs headers = {}, std::string body = "",
          StringPairs captures = {});

  // What the wire delivered; the views must outlive the request. Used by the library.
  struct Parts {
    absl::string_view method;
    absl::string_view target;
    absl::string_view authority;
    absl::string_view scheme;
    absl::string_view body;
    std::vector<HeaderField> headers;
    std::vector<HeaderField> captures;  // not yet percent-decoded
  };
  explicit Request(Parts parts);

  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request();

  // "GET", "POST", ... Case-sensitive (RFC 9110, section 9.1).
  absl::string_view method() const { return parts_.method; }
  // Path and query exactly as received (origin-form, RFC 9112, section 3.2.1).
  absl::string_view target() const { return parts_.target; }
  // The target up to the first '?', and what follows it ("" without one); neither is decoded.
  absl::string_view path() const;
  absl::string_view query() const;
  // Host and port that the client asked for, and "http" or "https" as the front end saw it.
  absl::string_view authority() const { return parts_.authority; }
  absl::string_view scheme() const { return parts_.scheme; }
  // All of it; always empty for handlers that are given a BodyReader.
  absl::string_view body() const { return parts_.body; }

  // All fields in the order of arrival, duplicates kept, hop-by-hop fields already removed.
  absl::Span<const HeaderField> headers() const { return parts_.headers; }
  // The first field of that name, in any case (RFC 9110, section 5.1); nullopt when there is none.
  std::optional<absl::string_view> Header(absl::string_view name) const;
  // All fields of that name, in the order of arrival.
  std::vector<absl::string_view> HeaderValues(absl::string_view name) const;

  // The first query parameter of that name: "%41" is decoded and '+' is a space, in names and in
  // values, as HTML forms write them. A '%' that two hexadecimal digits don't follow stands for
  // itself. `?a` and `?a=` both give "".
  std::optional<std::string> QueryParameter(absl::string_view name) const;
  // All query parameters of that name, in order.
  std::vector<std::string> QueryParameters(absl::string_view name) const;

  // What `{name}` of the handler's pattern captured, percent-decoded; "" when the pattern has no
  // such capture. A decoded value can hold any byte: '/', "..", NUL. It is no file name before the
  // handler has checked it.
  std::string PathParameter(absl::string_view name) const;

 private:
  struct Owned;

  Parts parts_;
  std::unique_ptr<Owned> owned_;  // what parts_ views when the request was made from copies
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_REQUEST_H_
