#include "frontend/http/head_parser.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "frontend/http/host.h"
#include "frontend/http/method.h"

namespace anteroom::frontend {
namespace {

// Copied at once. Large enough for most heads, small enough that copying too much of a pipeline
// costs nothing.
constexpr size_t kBlock = 1024;

constexpr int kMaxEmptyLines = 2;
constexpr char kTlsHandshake = 0x16;  // first byte of a ClientHello record

// "HTTP/1.1", where '1' stands for any digit.
constexpr absl::string_view kVersionPattern = "HTTP/1.1";

}  // namespace

void HeadParser::Reset() {
  head_.bytes_.clear();
  head_.fields_.clear();
  head_.method_ = head_.target_ = head_.authority_ = {};
  head_.path_size_ = 0;
  head_.dropped_fields_ = 0;
  head_.method_info_ = nullptr;
  known_ = KnownFields();
  state_ = State::kStart;
  cause_ = ParseCause::kNone;
  empty_lines_ = 0;
  size_ = pos_ = lines_ = 0;
}

size_t HeadParser::memory() const {
  return head_.bytes_.capacity() + head_.fields_.capacity() * sizeof(RequestHead::FieldSpan);
}

void HeadParser::ReleaseMemory() {
  // Assigning an empty string would keep the capacity.
  std::string().swap(head_.bytes_);
  std::vector<RequestHead::FieldSpan>().swap(head_.fields_);
  Reset();
}

HeadParser::Result HeadParser::Parse(absl::string_view input, size_t* consumed) {
  *consumed = 0;
  while (*consumed < input.size()) {
    const absl::string_view block = input.substr(*consumed, kBlock);
    const size_t before = head_.bytes_.size();
    head_.bytes_.append(block.data(), block.size());
    size_ = static_cast<uint32_t>(head_.bytes_.size());
    Scan();
    if (state_ == State::kFailed) {
      *consumed = input.size();
      return Result::kError;
    }
    *consumed += pos_ - before;
    if (state_ == State::kDone) {
      head_.bytes_.resize(pos_);
      return Result::kDone;
    }
  }
  return Result::kNeedMore;
}

void HeadParser::Scan() {
  while (pos_ < size_) {
    switch (state_) {
      case State::kStart:
        Start();
        break;
      case State::kStartLf:
        StartLf();
        break;
      case State::kMethod:
        Method();
        break;
      case State::kTarget:
        Target();
        break;
      case State::kScheme:
        Scheme();
        break;
      case State::kSchemeSlashes:
        SchemeSlashes();
        break;
      case State::kAuthority:
        Authority();
        break;
      case State::kPath:
        PathOrQuery(kPathByte);
        break;
      case State::kQuery:
        PathOrQuery(kQueryByte);
        break;
      case State::kEscape:
        Escape();
        break;
      case State::kAsterisk:
        Asterisk();
        break;
      case State::kVersion:
        Version();
        break;
      case State::kRequestLineLf:
        RequestLineLf();
        break;
      case State::kLine:
        Line();
        break;
      case State::kName:
        Name();
        break;
      case State::kValueSpace:
        ValueSpace();
        break;
      case State::kValue:
        Value();
        break;
      case State::kFieldLf:
        FieldLf();
        break;
      case State::kHeadLf:
        HeadLf();
        break;
      case State::kDone:
      case State::kFailed:
        return;
    }
  }
}

absl::string_view HeadParser::Text(size_t begin, size_t end) const {
  return {head_.bytes_.data() + begin, end - begin};
}

void HeadParser::Fail(ParseCause cause) {
  state_ = State::kFailed;
  cause_ = cause;
}

// Request line

void HeadParser::Start() {
  if (At(pos_) == '\r') {
    if (empty_lines_ == kMaxEmptyLines) return Fail(ParseCause::kEmptyLines);
    state_ = State::kStartLf;
    ++pos_;
    return;
  }
  if (At(pos_) == kTlsHandshake) return Fail(ParseCause::kTls);
  head_.method_.begin = pos_;
  state_ = State::kMethod;
}

void HeadParser::StartLf() {
  if (At(pos_) != '\n') return Fail(ParseCause::kLineEnd);
  ++empty_lines_;
  state_ = State::kStart;
  ++pos_;
}

void HeadParser::Method() {
  const char* const base = head_.bytes_.data();
  MoveTo(static_cast<size_t>(SkipRun(base + pos_, base + size_, kTokenByte) - base));
  head_.method_.size = pos_ - head_.method_.begin;
  // RFC 9112, section 3: 501 for a method longer than any that is implemented.
  if (head_.method_.size > kLongestMethod) return Fail(ParseCause::kMethodUnknown);
  if (pos_ == size_) return;
  if (At(pos_) != ' ' || head_.method_.size == 0) return Fail(ParseCause::kMethodSyntax);
  const absl::string_view method = head_.method();
  head_.method_info_ = FindMethod(method);
  // Their targets have forms of their own, so there is no point in reading on. What is merely
  // unknown must be well formed, or it is garbage (400): that is decided at the end of the line.
  if (method == "CONNECT" || method == "TRACE") return Fail(ParseCause::kMethodRefused);
  state_ = State::kTarget;
  target_begin_ = ++pos_;
}

bool HeadParser::TargetTooLong() {
  if (pos_ - target_begin_ <= limits_->target) return false;
  Fail(ParseCause::kTargetLength);
  return true;
}

void HeadParser::Target() {
  const char c = At(pos_);
  if (c == '/') {
    head_.target_.begin = pos_;
    state_ = State::kPath;
  } else if (c == '*') {
    if (head_.method() != "OPTIONS") return Fail(ParseCause::kTargetForm);
    head_.target_.begin = pos_++;
    state_ = State::kAsterisk;
  } else if (IsByte(c, kQueryByte)) {
    state_ = State::kScheme;
  } else {
    Fail(ParseCause::kTargetSyntax);
  }
}

// Whatever is neither "/..." nor "*" must begin with http: or https:, or it is authority-form or
// nothing known.
void HeadParser::Scheme() {
  constexpr size_t kLongestScheme = 5;
  for (; pos_ < size_; ++pos_) {
    if (At(pos_) == ':') {
      const absl::string_view scheme = Text(target_begin_, pos_);
      if (!EqualsLower(scheme, "http") && !EqualsLower(scheme, "https")) {
        return Fail(ParseCause::kTargetForm);
      }
      ++pos_;
      progress_ = 0;
      state_ = State::kSchemeSlashes;
      return;
    }
    const bool letter = IsByte(At(pos_), kNameByte);
    if (!letter || pos_ - target_begin_ == kLongestScheme) return Fail(ParseCause::kTargetForm);
  }
}

void HeadParser::SchemeSlashes() {
  if (At(pos_) != '/') return Fail(ParseCause::kTargetForm);
  ++pos_;
  if (++progress_ < 2) return;
  head_.authority_.begin = pos_;
  state_ = State::kAuthority;
}

void HeadParser::Authority() {
  while (pos_ < size_ && IsByte(At(pos_), kQueryByte) && At(pos_) != '/' && At(pos_) != '?') ++pos_;
  if (TargetTooLong() || pos_ == size_) return;
  const char stop = At(pos_);
  if (stop != '/' && stop != '?' && stop != ' ') return Fail(ParseCause::kTargetSyntax);
  head_.authority_.size = pos_ - head_.authority_.begin;
  if (!ParseAuthority(head_.authority())) return Fail(ParseCause::kHostSyntax);
  if (stop == '/') {
    head_.target_.begin = pos_;
    state_ = State::kPath;
    return;
  }
  PrependSlash();
  if (stop == '?') {
    head_.path_size_ = 1;
    ++pos_;
    state_ = State::kQuery;
  } else {
    if (head_.method() == "OPTIONS") head_.bytes_[head_.target_.begin] = '*';
    EndTarget();
  }
}

// Makes room for the path that the client left out: the authority moves over the second slash of
// "//".
void HeadParser::PrependSlash() {
  char* const authority = &head_.bytes_[head_.authority_.begin];
  std::memmove(authority - 1, authority, head_.authority_.size);
  head_.bytes_[pos_ - 1] = '/';
  --head_.authority_.begin;
  head_.target_.begin = pos_ - 1;
}

void HeadParser::PathOrQuery(ByteClass allowed) {
  const char* const base = head_.bytes_.data();
  MoveTo(static_cast<size_t>(SkipRun(base + pos_, base + size_, allowed) - base));
  if (TargetTooLong() || pos_ == size_) return;
  switch (At(pos_)) {
    case ' ':
      return EndTarget();
    case '%':
      ++pos_;
      progress_ = 0;
      after_escape_ = state_;
      state_ = State::kEscape;
      TargetTooLong();
      return;
    case '?':  // the first one only: a query may hold it
      head_.path_size_ = pos_ - head_.target_.begin;
      state_ = State::kQuery;
      ++pos_;
      TargetTooLong();
      return;
    case '\r':
    case '\n':
      return Fail(ParseCause::kVersionMissing);
    default:
      return Fail(ParseCause::kTargetSyntax);
  }
}

void HeadParser::Escape() {
  if (!IsByte(At(pos_), kHexDigitByte)) return Fail(ParseCause::kTargetSyntax);
  ++pos_;
  if (TargetTooLong()) return;
  if (++progress_ == 2) state_ = after_escape_;
}

void HeadParser::Asterisk() {
  if (At(pos_) != ' ') return Fail(ParseCause::kTargetForm);
  EndTarget();
}

// At the space behind the target.
void HeadParser::EndTarget() {
  head_.target_.size = pos_ - head_.target_.begin;
  if (head_.path_size_ == 0) head_.path_size_ = head_.target_.size;
  ++pos_;
  progress_ = 0;
  state_ = State::kVersion;
}

void HeadParser::Version() {
  for (; pos_ < size_ && progress_ < kVersionPattern.size(); ++pos_, ++progress_) {
    const char want = kVersionPattern[progress_];
    const char c = At(pos_);
    if (want == '1' ? !IsByte(c, kDigitByte) : c != want) return Fail(ParseCause::kVersionSyntax);
  }
  if (pos_ == size_) return;
  if (At(pos_) != '\r') return Fail(ParseCause::kVersionSyntax);
  ++pos_;
  state_ = State::kRequestLineLf;
}

void HeadParser::RequestLineLf() {
  if (At(pos_) != '\n') return Fail(ParseCause::kLineEnd);
  const char major = At(pos_ - 4);
  const char minor = At(pos_ - 2);
  if (major != '1') return Fail(ParseCause::kVersionUnsupported);
  if (head_.method_info_ == nullptr) return Fail(ParseCause::kMethodUnknown);
  head_.minor_version_ = minor == '0' ? 0 : 1;
  fields_begin_ = ++pos_;
  state_ = State::kLine;
}

// Field lines

bool HeadParser::FieldTooLong() {
  const size_t field_end = line_begin_ + limits_->field;
  const size_t head_end = fields_begin_ + limits_->head;
  if (pos_ <= std::min(field_end, head_end)) return false;
  Fail(field_end <= head_end ? ParseCause::kFieldLength : ParseCause::kHeadLength);
  return true;
}

void HeadParser::Line() {
  const char c = At(pos_);
  if (c == '\r') {
    ++pos_;
    state_ = State::kHeadLf;
    return;
  }
  if (c == ' ' || c == '\t') return Fail(ParseCause::kFolding);
  if (lines_ >= limits_->fields) return Fail(ParseCause::kFieldCount);
  ++lines_;
  line_begin_ = pos_;
  underscore_ = false;
  state_ = State::kName;
}

void HeadParser::Name() {
  const char* const base = head_.bytes_.data();
  const char* const end = base + size_;
  const char* p = SkipRun(base + pos_, end, kNameByte);
  while (p != end && *p == '_') {
    underscore_ = true;
    p = SkipRun(p + 1, end, kNameByte);
  }
  MoveTo(static_cast<size_t>(p - base));
  if (FieldTooLong() || p == end) return;
  const bool empty = pos_ == line_begin_;
  if (*p != ':' || empty) {
    const bool space = *p == ' ' || *p == '\t';
    return Fail(space && !empty ? ParseCause::kFieldSpace : ParseCause::kFieldName);
  }
  name_end_ = pos_++;
  state_ = State::kValueSpace;
  FieldTooLong();
}

void HeadParser::ValueSpace() {
  while (pos_ < size_ && (At(pos_) == ' ' || At(pos_) == '\t')) ++pos_;
  if (FieldTooLong() || pos_ == size_) return;
  value_begin_ = pos_;
  state_ = State::kValue;
}

void HeadParser::Value() {
  const char* const base = head_.bytes_.data();
  MoveTo(static_cast<size_t>(SkipValueRun(base + pos_, base + size_) - base));
  if (FieldTooLong() || pos_ == size_) return;
  if (At(pos_) != '\r') return Fail(ParseCause::kFieldValue);
  value_end_ = pos_++;
  state_ = State::kFieldLf;
}

void HeadParser::FieldLf() {
  if (At(pos_) != '\n') return Fail(ParseCause::kLineEnd);
  ++pos_;
  state_ = State::kLine;
  if (underscore_) {
    if (limits_->refuse_underscores) return Fail(ParseCause::kFieldName);
    ++head_.dropped_fields_;
    return;
  }
  while (value_end_ > value_begin_ && (At(value_end_ - 1) == ' ' || At(value_end_ - 1) == '\t')) {
    --value_end_;
  }
  const bool had_host = known_.has_host();
  const RequestHead::Span name{line_begin_, name_end_ - line_begin_};
  const RequestHead::Span value{value_begin_, value_end_ - value_begin_};
  const ParseCause cause = known_.Add(head_.View(name), head_.View(value), head_.minor_version_);
  if (cause != ParseCause::kNone) return Fail(cause);
  if (!had_host && known_.has_host()) {
    // That of an absolute-form target wins, but only if it says the same (RFC 9112, section 3.2.2,
    // asks to ignore Host; refusing is safer: whoever sits before us may have routed by it).
    if (head_.authority_.size == 0) {
      head_.authority_ = value;
    } else if (!absl::EqualsIgnoreCase(head_.authority(), head_.View(value))) {
      return Fail(ParseCause::kHostMismatch);
    }
  }
  head_.fields_.push_back({name, value});
}

void HeadParser::HeadLf() {
  if (At(pos_) != '\n') return Fail(ParseCause::kLineEnd);
  ++pos_;
  Finish();
}

void HeadParser::Finish() {
  if (!known_.has_host() && head_.minor_version_ == 1) return Fail(ParseCause::kHostMissing);
  head_.content_length_ = known_.content_length();
  head_.framing_ = known_.chunked()              ? BodyFraming::kChunked
                   : known_.has_content_length() ? BodyFraming::kContentLength
                                                 : BodyFraming::kNone;
  head_.keep_alive_ = !known_.close() && (head_.minor_version_ == 1 || known_.keep_alive());
  head_.expects_continue_ = known_.expects_continue();
  head_.connection_names_fields_ = known_.connection_names_fields();
  // Here and not with the first byte of the body, so that a client that expects 100 (Continue)
  // hears of it first.
  if (head_.content_length_ > limits_->body) return Fail(ParseCause::kBodyLength);
  state_ = State::kDone;
}

}  // namespace anteroom::frontend
