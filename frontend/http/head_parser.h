// The state machine for a request line and the field lines below it (RFC 9112, sections 2 to 5).
#ifndef ANTEROOM_FRONTEND_HTTP_HEAD_PARSER_H_
#define ANTEROOM_FRONTEND_HTTP_HEAD_PARSER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/known_fields.h"
#include "frontend/http/limits.h"
#include "frontend/http/parse_error.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {

// Part of RequestParser, which has the contract. Not thread-safe; `limits` must outlive it.
//
// Input is copied once, block by block, into the buffer of the head and scanned there, so no state
// has to be kept for what a token began with in an earlier read. Every state takes the longest run
// of bytes that it allows, checks the limits over the run, and only then looks at the byte that
// ended it. That is what makes the verdict independent of how the bytes were split: for one byte or
// for a thousand, the first offending byte decides.
class HeadParser {
 public:
  enum class Result { kNeedMore, kDone, kError };

  explicit HeadParser(const HttpLimits& limits) : limits_(&limits) {}

  void Reset();
  // Takes all of `input`, or up to the end of the head. Not to be called again after kDone and
  // kError.
  Result Parse(absl::string_view input, size_t* consumed);

  const RequestHead& head() const { return head_; }
  ParseCause cause() const { return cause_; }  // after kError
  bool started() const { return state_ != State::kStart && state_ != State::kStartLf; }
  size_t memory() const;  // bytes on the heap
  void ReleaseMemory();   // and Reset()

 private:
  enum class State : uint8_t {
    kStart,
    kStartLf,
    kMethod,
    kTarget,
    kScheme,
    kSchemeSlashes,
    kAuthority,
    kPath,
    kQuery,
    kEscape,
    kAsterisk,
    kVersion,
    kRequestLineLf,
    kLine,
    kName,
    kValueSpace,
    kValue,
    kFieldLf,
    kHeadLf,
    kDone,
    kFailed,
  };

  char At(size_t i) const { return head_.bytes_[i]; }
  absl::string_view Text(size_t begin, size_t end) const;

  void Fail(ParseCause cause);
  void Scan();
  // One a state, in the order of a request. Each takes at least one byte or fails; pos_ is below
  // size_ on entry.
  void Start();
  void StartLf();
  void Method();
  void Target();
  void Scheme();
  void SchemeSlashes();
  void Authority();
  void PathOrQuery(ByteClass allowed);
  void Escape();
  void Asterisk();
  void Version();
  void RequestLineLf();
  void Line();
  void Name();
  void ValueSpace();
  void Value();
  void FieldLf();
  void HeadLf();

  void MoveTo(size_t pos) { pos_ = static_cast<uint32_t>(pos); }
  bool TargetTooLong();
  bool FieldTooLong();
  void EndTarget();
  void PrependSlash();
  void Finish();

  const HttpLimits* limits_;
  RequestHead head_;
  KnownFields known_;

  State state_ = State::kStart;
  State after_escape_ = State::kPath;
  ParseCause cause_ = ParseCause::kNone;
  uint8_t empty_lines_ = 0;
  uint8_t progress_ = 0;     // bytes seen of something short: "//", an escape, the version
  bool underscore_ = false;  // in the name of this field
  uint32_t size_ = 0;        // of the buffer
  uint32_t pos_ = 0;         // next byte to look at; all below are offsets, too
  uint32_t target_begin_ = 0;
  uint32_t fields_begin_ = 0;
  uint32_t line_begin_ = 0;
  uint32_t name_end_ = 0;
  uint32_t value_begin_ = 0;
  uint32_t value_end_ = 0;
  uint32_t lines_ = 0;  // field lines so far
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_HEAD_PARSER_H_
