// An incremental HTTP/1.1 request parser (RFC 9112), strict: whatever the RFC calls invalid is an
// error with a status and a reason, and nothing after an error is ever parsed. The verdict depends
// on the bytes alone, never on how they were split: the machine looks at one byte after the other
// and fails at the first one that no valid request can have there.
//
// Pure: no sockets, no clock, no allocation once its buffer has grown to the size of a head. Not
// thread-safe.
#ifndef ANTEROOM_FRONTEND_HTTP_REQUEST_PARSER_H_
#define ANTEROOM_FRONTEND_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "frontend/http/chunk_decoder.h"
#include "frontend/http/head_parser.h"
#include "frontend/http/limits.h"
#include "frontend/http/parse_error.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {

// Parses one request at a time; Reset() makes it ready for the next one on the connection. `limits`
// must outlive it.
//
//   kNeedMore   all of the input is consumed
//   kHead       head() is complete; once a request, before any body
//   kBody       body() is the next part of the body, a view into the input
//   kComplete   the request has ended; bytes that were not consumed belong to the next one. Final
//               until Reset().
//   kError      see error(). Final; Reset() must not follow on the same connection.
//
// A body that is announced to be larger than limits.body is an error instead of kHead: the caller
// has nothing to read first, and no 100 (Continue) to send.
class RequestParser {
 public:
  enum class Event { kNeedMore, kHead, kBody, kComplete, kError };

  explicit RequestParser(const HttpLimits& limits) : head_(limits), chunks_(limits) {}

  void Reset();

  // Stops after each event, with *consumed set to what it took of `input`; to be called again with
  // the rest, even if that is empty, until kNeedMore, kComplete or kError.
  Event Parse(absl::string_view input, size_t* consumed);

  // Complete from kHead to Reset(). After kError some of it may be missing; it is never out of
  // bounds, so that method and target can go into a log.
  const RequestHead& head() const { return head_.head(); }
  absl::string_view body() const { return body_; }
  // The bytes that are still to come of a body with Content-Length, all of which are its body; 0 for
  // any other, whose bytes have to be looked at.
  uint64_t body_left() const { return phase_ == Phase::kFixedBody ? remaining_ : 0; }
  const ParseError& error() const { return DescribeParseError(cause_); }

  // A byte of a request has been seen (the empty lines that may precede it do not count): from here
  // on the client owes the rest of it, and gets an answer if it does not come.
  bool started() const { return head_.started(); }

  // Bytes on the heap. They are kept over Reset(), since the next head needs as many.
  size_t memory() const { return head_.memory(); }
  // For a connection that is idle. Only between requests: also does what Reset() does.
  void ReleaseMemory();

 private:
  enum class Phase : uint8_t { kHead, kFixedBody, kChunks, kComplete, kFailed };

  Event ParseHead(absl::string_view input, size_t* consumed);
  Event ParseFixedBody(absl::string_view input, size_t* consumed);
  Event ParseChunks(absl::string_view input, size_t* consumed);
  Event Fail(ParseCause cause);

  HeadParser head_;
  ChunkDecoder chunks_;
  absl::string_view body_;
  uint64_t remaining_ = 0;  // of a body with Content-Length
  Phase phase_ = Phase::kHead;
  ParseCause cause_ = ParseCause::kNone;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_REQUEST_PARSER_H_
