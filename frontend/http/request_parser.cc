#include "frontend/http/request_parser.h"

#include <algorithm>

namespace anteroom::frontend {

void RequestParser::Reset() {
  head_.Reset();
  body_ = {};
  phase_ = Phase::kHead;
  cause_ = ParseCause::kNone;
}

void RequestParser::ReleaseMemory() {
  head_.ReleaseMemory();
  Reset();
}

RequestParser::Event RequestParser::Parse(absl::string_view input, size_t* consumed) {
  *consumed = 0;
  body_ = {};
  switch (phase_) {
    case Phase::kHead:
      return ParseHead(input, consumed);
    case Phase::kFixedBody:
      return ParseFixedBody(input, consumed);
    case Phase::kChunks:
      return ParseChunks(input, consumed);
    case Phase::kComplete:
      break;
    case Phase::kFailed:
      *consumed = input.size();
      return Event::kError;
  }
  return Event::kComplete;
}

RequestParser::Event RequestParser::Fail(ParseCause cause) {
  phase_ = Phase::kFailed;
  cause_ = cause;
  return Event::kError;
}

RequestParser::Event RequestParser::ParseHead(absl::string_view input, size_t* consumed) {
  switch (head_.Parse(input, consumed)) {
    case HeadParser::Result::kNeedMore:
      return Event::kNeedMore;
    case HeadParser::Result::kError:
      return Fail(head_.cause());
    case HeadParser::Result::kDone:
      break;
  }
  switch (head().framing()) {
    case BodyFraming::kNone:
      phase_ = Phase::kComplete;
      break;
    case BodyFraming::kContentLength:
      remaining_ = head().content_length();
      phase_ = remaining_ == 0 ? Phase::kComplete : Phase::kFixedBody;
      break;
    case BodyFraming::kChunked:
      chunks_.Reset();
      phase_ = Phase::kChunks;
      break;
  }
  return Event::kHead;
}

RequestParser::Event RequestParser::ParseFixedBody(absl::string_view input, size_t* consumed) {
  if (input.empty()) return Event::kNeedMore;
  body_ = input.substr(0, static_cast<size_t>(std::min<uint64_t>(remaining_, input.size())));
  remaining_ -= body_.size();
  *consumed = body_.size();
  if (remaining_ == 0) phase_ = Phase::kComplete;
  return Event::kBody;
}

RequestParser::Event RequestParser::ParseChunks(absl::string_view input, size_t* consumed) {
  switch (chunks_.Decode(input, consumed)) {
    case ChunkDecoder::Event::kNeedMore:
      break;
    case ChunkDecoder::Event::kData:
      body_ = chunks_.data();
      return Event::kBody;
    case ChunkDecoder::Event::kDone:
      phase_ = Phase::kComplete;
      return Event::kComplete;
    case ChunkDecoder::Event::kError:
      return Fail(chunks_.cause());
  }
  return Event::kNeedMore;
}

}  // namespace anteroom::frontend
