// The body of a request, for handlers that read it piece by piece.
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_BODY_READER_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_BODY_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace anteroom {

// Threading: belongs to the thread that runs the handler. The library owns it; it ends when the
// handler has returned or, after Response::Stream(), when the function that writes the body has.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // Bytes of the whole body: the front end has it to its last byte before it asks for a handler,
  // whether the client announced its length or not (RFC 9112, section 6).
  virtual uint64_t size() const = 0;

  // Copies the next bytes into `buffer` and returns how many: at least one and not necessarily as
  // many as there is room for. Waits until there are some. 0: the end of the body, or no room.
  //
  // Errors, which are final; whoever gets one returns it:
  //   kCancelled         the client has left: nobody waits for the answer any more
  //   kDeadlineExceeded  the route's time-out has passed
  //   kUnavailable       the front end that has the body is gone
  virtual absl::StatusOr<size_t> Read(absl::Span<char> buffer) = 0;
};

// A body that is here already, for the tests of handlers:
//   StringBodyReader body("some text", 4);
//   Request request("POST", "/upload");
//   Context context;
//   absl::StatusOr<Response> response = Upload(request, body, context);
class StringBodyReader final : public BodyReader {
 public:
  // Read() returns at most `most_at_once` bytes, as a network does; not 0.
  explicit StringBodyReader(std::string body, size_t most_at_once = SIZE_MAX)
      : body_(std::move(body)), most_at_once_(most_at_once) {}

  uint64_t size() const override { return body_.size(); }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

 private:
  const std::string body_;
  const size_t most_at_once_;
  size_t read_ = 0;
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_BODY_READER_H_
