#include "frontend/http/chunk_decoder.h"

#include <algorithm>

#include "frontend/http/byte_class.h"

namespace anteroom::frontend {
namespace {

constexpr int kMaxDigits = 16;
constexpr absl::string_view kContentLength = "content-length";
constexpr absl::string_view kTransferEncoding = "transfer-encoding";

}  // namespace

ChunkDecoder::Event ChunkDecoder::Decode(absl::string_view input, size_t* consumed) {
  size_t pos = 0;
  while (state_ != State::kDone && state_ != State::kFailed && pos < input.size()) {
    if (state_ == State::kData) {
      data_ = input.substr(pos,
                           static_cast<size_t>(std::min<uint64_t>(remaining_, input.size() - pos)));
      remaining_ -= data_.size();
      if (remaining_ == 0) state_ = State::kDataCr;
      *consumed = pos + data_.size();
      return Event::kData;
    }
    Step(input[pos++]);
  }
  if (state_ == State::kFailed) {
    *consumed = input.size();
    return Event::kError;
  }
  *consumed = pos;
  return state_ == State::kDone ? Event::kDone : Event::kNeedMore;
}

void ChunkDecoder::Fail(ParseCause cause) {
  state_ = State::kFailed;
  cause_ = cause;
}

void ChunkDecoder::Step(char c) {
  // The trailer section has a limit of its own; its bytes count there.
  if (state_ < State::kTrailer) {
    if (++overhead_ > std::max(kOverhead, kOverheadFactor * decoded_)) {
      return Fail(ParseCause::kChunkOverhead);
    }
  } else if (state_ != State::kLastLf && c != '\r' && c != '\n') {
    if (++trailer_bytes_ > limits_->trailer_section) return Fail(ParseCause::kTrailerLength);
  }
  if (state_ > State::kSize && state_ < State::kSizeLf && c != '\r' && ++extension_ > kExtension) {
    return Fail(ParseCause::kChunkExtension);
  }
  switch (state_) {
    case State::kSize:
      return Size(c);
    case State::kExtensionName:
      return ExtensionName(c);
    case State::kExtensionValue:
      return ExtensionValue(c);
    case State::kQuoted:
      if (c == '"') {
        state_ = State::kQuotedEnd;
      } else if (c == '\\') {
        state_ = State::kQuotedPair;
      } else if (!IsByte(c, kValueByte)) {
        Fail(ParseCause::kChunkExtension);
      }
      return;
    case State::kQuotedPair:
      if (!IsByte(c, kValueByte)) return Fail(ParseCause::kChunkExtension);
      state_ = State::kQuoted;
      return;
    case State::kQuotedEnd:
      return ExtensionSeparator(c);
    case State::kSizeLf:
      if (c != '\n') return Fail(ParseCause::kChunkEnd);
      return EndSizeLine();
    case State::kDataCr:
      if (c != '\r') return Fail(ParseCause::kChunkEnd);
      state_ = State::kDataLf;
      return;
    case State::kDataLf:
      if (c != '\n') return Fail(ParseCause::kChunkEnd);
      state_ = State::kSize;
      return;
    case State::kTrailer:
      return Trailer(c);
    case State::kTrailerName:
      return TrailerName(c);
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (!IsByte(c, kValueByte)) {
        Fail(ParseCause::kTrailerSyntax);
      }
      return;
    case State::kTrailerLf:
      if (c != '\n') return Fail(ParseCause::kTrailerSyntax);
      state_ = State::kTrailer;
      return;
    case State::kLastLf:
      if (c != '\n') return Fail(ParseCause::kChunkEnd);
      state_ = State::kDone;
      return;
    case State::kData:
    case State::kDone:
    case State::kFailed:
      return;  // not reached: Decode() sees to these
  }
}

void ChunkDecoder::Size(char c) {
  if (IsByte(c, kHexDigitByte) && digits_ < kMaxDigits) {
    size_ = size_ << 4 | HexValue(c);
    ++digits_;
    return;
  }
  if (digits_ == 0) return Fail(ParseCause::kChunkSize);
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';') {
    ++extension_;
    token_ = false;
    state_ = State::kExtensionName;
  } else {
    Fail(ParseCause::kChunkSize);
  }
}

// chunk-ext = *( ";" chunk-ext-name [ "=" chunk-ext-val ] ). Of the white space that the grammar
// tolerates only that behind the semicolon is accepted; senders must not make any.
void ChunkDecoder::ExtensionName(char c) {
  if (IsByte(c, kTokenByte)) {
    token_ = true;
  } else if (!token_) {
    if (c != ' ' && c != '\t') Fail(ParseCause::kChunkExtension);
  } else if (c == '=') {
    token_ = false;
    state_ = State::kExtensionValue;
  } else {
    ExtensionSeparator(c);
  }
}

void ChunkDecoder::ExtensionValue(char c) {
  if (IsByte(c, kTokenByte)) {
    token_ = true;
  } else if (token_) {
    ExtensionSeparator(c);
  } else if (c == '"') {
    state_ = State::kQuoted;
  } else {
    Fail(ParseCause::kChunkExtension);
  }
}

void ChunkDecoder::ExtensionSeparator(char c) {
  if (c == ';') {
    token_ = false;
    state_ = State::kExtensionName;
  } else if (c == '\r') {
    state_ = State::kSizeLf;
  } else {
    Fail(ParseCause::kChunkExtension);
  }
}

void ChunkDecoder::EndSizeLine() {
  // A reload may have lowered the limit below what has been decoded.
  if (decoded_ > limits_->body || size_ > limits_->body - decoded_) {
    return Fail(ParseCause::kBodyLength);
  }
  decoded_ += size_;
  remaining_ = size_;
  state_ = size_ == 0 ? State::kTrailer : State::kData;
  size_ = 0;
  digits_ = 0;
  extension_ = 0;
}

void ChunkDecoder::Trailer(char c) {
  if (c == '\r') {
    state_ = State::kLastLf;
    return;
  }
  if (trailers_ >= limits_->trailers) return Fail(ParseCause::kTrailerCount);
  ++trailers_;
  token_ = false;
  state_ = State::kTrailerName;
  TrailerName(c);
}

void ChunkDecoder::TrailerName(char c) {
  if (IsByte(c, kTokenByte)) {
    MatchFramingName(c);
    token_ = true;
  } else if (c == ':' && token_) {
    if (is_framing_ && framing_name_.empty()) return Fail(ParseCause::kTrailerFraming);
    state_ = State::kTrailerValue;
  } else {
    Fail(ParseCause::kTrailerSyntax);
  }
}

// The names differ in their first letter, so that one candidate is enough.
void ChunkDecoder::MatchFramingName(char c) {
  const char lower = static_cast<char>(c | 0x20);  // of a letter; no other token byte becomes one
  if (!token_) {
    is_framing_ = true;
    framing_name_ = lower == 'c' ? kContentLength : kTransferEncoding;
  }
  is_framing_ = is_framing_ && !framing_name_.empty() && lower == framing_name_[0];
  if (is_framing_) framing_name_.remove_prefix(1);
}

}  // namespace anteroom::frontend
