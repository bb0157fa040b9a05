#include "tests/frontend/http/transcript.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "frontend/http/request_parser.h"

namespace anteroom::frontend {
namespace {

ParsedRequest Describe(const RequestHead& head) {
  ParsedRequest request;
  request.method = std::string(head.method());
  request.target = std::string(head.target());
  request.path = std::string(head.path());
  request.query = std::string(head.query());
  request.authority = std::string(head.authority());
  request.minor_version = head.minor_version();
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    request.fields.emplace_back(std::string(field.name), std::string(field.value));
  }
  request.dropped_fields = head.dropped_fields();
  request.framing = head.framing();
  request.content_length = head.content_length();
  request.keep_alive = head.keep_alive();
  request.expects_continue = head.expects_continue();
  request.connection_names_fields = head.connection_names_fields();
  return request;
}

// False after an error.
bool Feed(absl::string_view piece, RequestParser* parser, Transcript* transcript) {
  while (true) {
    size_t consumed = 0;
    const RequestParser::Event event = parser->Parse(piece, &consumed);
    switch (event) {
      case RequestParser::Event::kNeedMore:
        return true;
      case RequestParser::Event::kHead:
        transcript->requests.push_back(Describe(parser->head()));
        break;
      case RequestParser::Event::kBody:
        transcript->requests.back().body.append(parser->body().data(), parser->body().size());
        break;
      case RequestParser::Event::kComplete:
        transcript->requests.back().complete = true;
        parser->Reset();
        break;
      case RequestParser::Event::kError:
        transcript->cause = parser->error().cause;
        return false;
    }
    piece.remove_prefix(consumed);
  }
}

}  // namespace

std::string Transcript::Verdict() const {
  if (cause != ParseCause::kNone) {
    const ParseError& error = DescribeParseError(cause);
    return absl::StrCat(error.status, " ", error.label);
  }
  if (started) return "incomplete";
  return absl::StrCat("accept ", requests.size());
}

Transcript ParseInPieces(absl::string_view bytes, const std::vector<size_t>& cuts,
                         const HttpLimits& limits) {
  Transcript transcript;
  RequestParser parser(limits);
  size_t begin = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t end = i < cuts.size() ? cuts[i] : bytes.size();
    const auto piece = std::make_unique<char[]>(end - begin);
    bytes.copy(piece.get(), end - begin, begin);
    if (!Feed({piece.get(), end - begin}, &parser, &transcript)) break;
    begin = end;
  }
  transcript.started = parser.started();
  return transcript;
}

Transcript ParseWhole(absl::string_view bytes, const HttpLimits& limits) {
  return ParseInPieces(bytes, {}, limits);
}

Transcript ParseByteByByte(absl::string_view bytes, const HttpLimits& limits) {
  std::vector<size_t> cuts;
  for (size_t i = 1; i < bytes.size(); ++i) cuts.push_back(i);
  return ParseInPieces(bytes, cuts, limits);
}

}  // namespace anteroom::frontend
