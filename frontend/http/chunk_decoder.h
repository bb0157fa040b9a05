// The chunked transfer coding (RFC 9112, section 7.1), with its trailers.
#ifndef ANTEROOM_FRONTEND_HTTP_CHUNK_DECODER_H_
#define ANTEROOM_FRONTEND_HTTP_CHUNK_DECODER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "frontend/http/limits.h"
#include "frontend/http/parse_error.h"

namespace anteroom::frontend {

// Part of RequestParser; usable alone. Keeps no byte of its input and allocates nothing. Extensions
// and trailers are checked and dropped: nothing in them may change how the request is understood
// (RFC 9112, section 7.1.2). Content-Length and Transfer-Encoding, which no sender may put there
// (RFC 9110, section 6.5.1), are refused: they are there for a reader who would believe them. Not
// thread-safe; `limits` must outlive it.
class ChunkDecoder {
 public:
  enum class Event { kNeedMore, kData, kDone, kError };

  // Extensions of one chunk, in bytes.
  static constexpr size_t kExtension = 256;
  // Bytes that are not data are tolerated up to the larger of these two: a client that sends every
  // byte in a chunk of its own needs six times the data.
  static constexpr uint64_t kOverhead = 64 * 1024;
  static constexpr uint64_t kOverheadFactor = 10;

  explicit ChunkDecoder(const HttpLimits& limits) : limits_(&limits) {}

  void Reset() { *this = ChunkDecoder(*limits_); }
  // Stops after each event. kNeedMore: all of `input` is consumed. kData: data() is a part of
  // `input`. kDone and kError are final.
  Event Decode(absl::string_view input, size_t* consumed);

  absl::string_view data() const { return data_; }
  ParseCause cause() const { return cause_; }  // after kError

 private:
  enum class State : uint8_t {
    kSize,
    kExtensionName,
    kExtensionValue,
    kQuoted,
    kQuotedPair,
    kQuotedEnd,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
    kDone,
    kFailed,
  };

  // Each looks at one byte.
  void Step(char c);
  void Size(char c);
  void ExtensionName(char c);
  void ExtensionValue(char c);
  void ExtensionSeparator(char c);
  void EndSizeLine();
  void Trailer(char c);
  void TrailerName(char c);
  void MatchFramingName(char c);
  void Fail(ParseCause cause);

  const HttpLimits* limits_;
  absl::string_view data_;
  uint64_t size_ = 0;       // of this chunk
  uint64_t remaining_ = 0;  // of its data
  uint64_t decoded_ = 0;
  uint64_t overhead_ = 0;
  size_t trailer_bytes_ = 0;
  size_t trailers_ = 0;
  absl::string_view framing_name_;  // what is left of the one that a trailer may turn out to have
  uint16_t extension_ = 0;          // bytes of this chunk's extensions
  uint8_t digits_ = 0;              // of this chunk's size
  bool token_ = false;              // the current name or value has a byte
  bool is_framing_ = false;         // that name has matched so far
  State state_ = State::kSize;
  ParseCause cause_ = ParseCause::kNone;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_CHUNK_DECODER_H_
