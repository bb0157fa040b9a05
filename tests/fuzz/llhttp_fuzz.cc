// Any bytes to our parser and to llhttp, with none of llhttp's lenient flags: what we accept,
// llhttp accepts, and both understand the same. The other way round there is nothing to check: we
// may be the stricter one.
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/request_parser.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/llhttp_reader.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";

// One request as our parser sees it.
struct OurRequest {
  size_t head_size = 0;  // including empty lines before it
  size_t size = 0;
  bool complete = false;
  std::string body;
};

// False if there is not even a complete head.
bool Read(absl::string_view bytes, RequestParser* parser, OurRequest* request) {
  while (true) {
    size_t consumed = 0;
    const RequestParser::Event event = parser->Parse(bytes.substr(request->size), &consumed);
    request->size += consumed;
    switch (event) {
      case RequestParser::Event::kNeedMore:
        return request->head_size > 0;
      case RequestParser::Event::kHead:
        request->head_size = request->size;
        break;
      case RequestParser::Event::kBody:
        request->body.append(parser->body().data(), parser->body().size());
        break;
      case RequestParser::Event::kComplete:
        request->complete = true;
        return true;
      case RequestParser::Event::kError:
        return request->head_size > 0;
    }
  }
}

// The lines and the data of a chunked body that we have accepted, without chunk extensions.
// RFC 9112, section 7.1.1: "name" and "name=value" may be repeated, may have white space behind the
// semicolon, and a value may be quoted and have quoted pairs (RFC 9110, section 5.6.4). llhttp 8
// refuses the white space, the pairs, and a second extension behind a value that is a token.
std::string WithoutExtensions(absl::string_view chunks) {
  std::string plain;
  while (true) {
    const absl::string_view line = chunks.substr(0, chunks.find(kLineEnd));
    const absl::string_view digits = line.substr(0, line.find(';'));
    const uint64_t size = std::stoull(std::string(digits), nullptr, 16);
    absl::StrAppend(&plain, digits, kLineEnd);
    chunks.remove_prefix(line.size() + kLineEnd.size());
    if (size == 0) return absl::StrCat(plain, chunks);
    absl::StrAppend(&plain, chunks.substr(0, size + kLineEnd.size()));
    chunks.remove_prefix(size + kLineEnd.size());
  }
}

// RFC 9110, section 5.5: white space behind a value, HTAB included, is no part of it. llhttp 8
// takes the HTAB for a part of Content-Length and Transfer-Encoding.
std::string WithoutTabsBehindValues(absl::string_view head) {
  std::string plain;
  while (!head.empty()) {
    const absl::string_view line = head.substr(0, head.find(kLineEnd));
    absl::string_view text = line;
    while (absl::EndsWith(text, "\t") || absl::EndsWith(text, " ")) text.remove_suffix(1);
    absl::StrAppend(&plain, text, kLineEnd);
    head.remove_prefix(line.size() + kLineEnd.size());
  }
  return plain;
}

// What we accept, rewritten so that llhttp, where it is older or wrong, can accept it too. This is
// the whole list of differences. `bytes` begin with the method.
std::string Plain(const RequestHead& head, size_t head_size, absl::string_view bytes) {
  const size_t line_size = bytes.find(kLineEnd);
  std::string line(bytes.substr(0, line_size));
  // RFC 9110, section 2.5: a higher minor version is read as the highest that is known.
  line.back() = head.minor_version() == 0 ? '0' : '1';
  // RFC 9110, section 16.1.1: the registry of methods grows.
  if (!LlhttpKnowsMethod(head.method())) line.replace(0, head.method().size(), "GET");
  const absl::string_view fields = bytes.substr(line_size, head_size - line_size);
  const absl::string_view body = bytes.substr(head_size);
  return absl::StrCat(
      line, WithoutTabsBehindValues(fields),
      head.framing() == BodyFraming::kChunked && !body.empty() ? WithoutExtensions(body) : body);
}

bool IsTarget(const RequestHead& head, absl::string_view written) {
  if (written[0] == '/' || written == "*") return head.target() == written;
  // Absolute-form becomes origin-form (RFC 9112, sections 3.2.2 and 3.2.4).
  const absl::string_view rest = written.substr(written.find("://") + 3);
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const absl::string_view path = rest.substr(authority.size());
  if (head.authority() != authority) return false;
  if (path.empty()) return head.target() == (head.method() == "OPTIONS" ? "*" : "/");
  if (path[0] == '?') return head.target() == absl::StrCat("/", path);
  return head.target() == path;
}

void CheckHead(const RequestHead& head, const LlhttpRequest& theirs) {
  FuzzCheck(!LlhttpKnowsMethod(head.method()) || head.method() == theirs.method, "method");
  FuzzCheck(IsTarget(head, theirs.target), "target");
  FuzzCheck(head.minor_version() == theirs.minor_version, "minor version");
  size_t i = 0;
  for (const auto& [name, value] : theirs.fields) {
    if (absl::StrContains(name, '_')) continue;  // we drop those
    FuzzCheck(i < head.field_count(), "a field that we do not see");
    FuzzCheck(head.field(i).name == name, "field name");
    FuzzCheck(head.field(i).value == value, "field value");
    ++i;
  }
  FuzzCheck(i == head.field_count(), "a field that llhttp does not see");
}

// `bytes` begin with the method and end with the request, or with its head if it is not complete.
void Compare(const RequestHead& head, const OurRequest& ours, absl::string_view bytes) {
  LlhttpRequest theirs = ReadWithLlhttp(bytes);
  size_t size = bytes.size();
  if (!theirs.error.empty()) {
    const size_t head_size = bytes.size() - (ours.size - ours.head_size);
    const std::string plain = Plain(head, head_size, bytes);
    theirs = ReadWithLlhttp(plain);
    size = plain.size();
  }
  if (!theirs.error.empty()) std::fprintf(stderr, "llhttp: %s\n", theirs.error.c_str());
  FuzzCheck(theirs.error.empty(), "llhttp accepts what we accept");
  FuzzCheck(theirs.head_complete, "both see the end of the head");
  CheckHead(head, theirs);
  FuzzCheck(theirs.complete || !ours.complete, "both see the end of the request");
  if (!ours.complete) return;
  FuzzCheck(theirs.size == size, "the request ends at the same byte");
  FuzzCheck(theirs.body == ours.body, "body");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const HttpLimits limits;
  RequestParser parser(limits);
  absl::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    OurRequest ours;
    if (!Read(rest, &parser, &ours)) break;
    // Of a body that is not complete, or not well formed, there is nothing to compare.
    if (!ours.complete) ours.size = ours.head_size;
    const size_t begin = rest.find_first_not_of(kLineEnd);
    Compare(parser.head(), ours, rest.substr(begin, ours.size - begin));
    if (!ours.complete) break;
    rest.remove_prefix(ours.size);
    parser.Reset();
  }
  return 0;
}

}  // namespace anteroom::frontend
