// Any answer of a backend: it is refused if and only if it breaks a rule, and what passes is written
// as one head whose lines are the fields and our own, whatever bytes there were.
//
// Input: status (2 bytes), what is known of the request and the body (1 byte), size (1 byte), then
// the fields: size of the name (1 byte), size of the value (1 byte), name, value.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "frontend/http/response_framing.h"
#include "frontend/http/response_head.h"
#include "frontend/http/response_writer.h"
#include "frontend/http/status.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

using Length = ResponseFraming::Length;

constexpr absl::string_view kDate = "Thu, 01 Jan 2026 00:00:00 GMT";

class TestField {  // looks like a Header of the wire
 public:
  TestField(absl::string_view name, absl::string_view value) : name_(name), value_(value) {}
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }

 private:
  std::string name_;
  std::string value_;
};

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    const absl::string_view byte = Bytes(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte[0]);
  }
  absl::string_view Bytes(size_t size) {
    const absl::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  absl::string_view rest_;
};

// The rules once more, in the plainest words.
bool MayBeSent(const TestField& field) {
  if (field.name().empty()) return false;
  for (const char c : field.name()) {
    const bool token = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                       (c != '\0' && absl::StrContains("!#$%&'*+-.^_`|~", c));
    if (!token) return false;
  }
  for (const char c : field.value()) {
    if ((static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  for (const char* const ours :
       {"connection", "content-length", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}) {
    if (absl::EqualsIgnoreCase(field.name(), ours)) return false;
  }
  return true;
}

size_t Count(const std::vector<absl::string_view>& lines, absl::string_view name) {
  const std::string begin = absl::StrCat(name, ": ");
  return static_cast<size_t>(std::count_if(
      lines.begin(), lines.end(),
      [&begin](absl::string_view line) { return absl::StartsWithIgnoreCase(line, begin); }));
}

bool Holds(const std::vector<absl::string_view>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

void CheckLines(const std::vector<absl::string_view>& lines, const std::vector<TestField>& fields,
                const ResponseContext& context, const ResponseFraming& framing) {
  FuzzCheck(
      lines[0] == absl::StrCat("HTTP/1.1 ", context.status, " ", ReasonPhrase(context.status)),
      "the status line");
  FuzzCheck(lines.size() > fields.size(), "every field has a line");
  bool dated = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    FuzzCheck(lines[i + 1] == absl::StrCat(fields[i].name(), ": ", fields[i].value()), "the field");
    dated = dated || absl::EqualsIgnoreCase(fields[i].name(), "date");
  }
  const size_t lengths = Count(lines, "content-length");
  const size_t codings = Count(lines, "transfer-encoding");
  const bool body = StatusHasBody(context.status);
  FuzzCheck(lengths == (framing.length == Length::kFixed), "one Content-Length, or none");
  FuzzCheck(codings == (framing.length == Length::kChunked), "one Transfer-Encoding, or none");
  FuzzCheck(body || lengths + codings == 0, "no framing without a body");
  FuzzCheck(codings == 0 || context.minor_version == 1, "no chunks for HTTP/1.0");
  FuzzCheck(lengths == 0 || Holds(lines, absl::StrCat("Content-Length: ", *context.size)),
            "length");
  const bool closes = Holds(lines, "Connection: close");
  FuzzCheck(closes || context.keep_alive, "nobody is held who wants to leave");
  FuzzCheck(!framing.send_body || lengths + codings == 1 || closes, "the end of the body is known");
  const size_t connections = Count(lines, "connection");
  FuzzCheck(connections == (closes || context.minor_version == 0), "one Connection, or none");
  FuzzCheck(dated || Holds(lines, absl::StrCat("Date: ", kDate)), "there is a date");
  FuzzCheck(lines.size() == 1 + fields.size() + lengths + codings + connections + (dated ? 0 : 1),
            "there are no other lines");
}

void Write(const std::vector<TestField>& fields, const ResponseContext& context) {
  const ResponseFraming framing = ChooseFraming(context);
  std::string out;
  ResponseWriter writer(&out, context.status);
  for (const TestField& field : fields) writer.AddField(field.name(), field.value());
  writer.Finish(framing, context.minor_version, kDate);

  FuzzCheck(out.find("\r\n\r\n") == out.size() - 4, "one empty line, at the end");
  FuzzCheck(!absl::StrContains(out, '\0'), "no NUL");
  const absl::string_view head = absl::string_view(out).substr(0, out.size() - 4);
  const std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  for (const absl::string_view line : lines) {
    FuzzCheck(line.find_first_of("\r\n") == absl::string_view::npos, "no CR, LF inside a line");
  }
  CheckLines(lines, fields, context, framing);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const int status = input.Byte() << 8 | input.Byte();
  const uint8_t flags = input.Byte();
  ResponseContext context;
  context.status = status;
  context.minor_version = flags & 1;
  context.head_request = (flags & 2) != 0;
  context.keep_alive = (flags & 4) != 0;
  const uint64_t body_size = input.Byte();
  if ((flags & 8) != 0) context.size = body_size;
  std::vector<TestField> fields;
  bool wanted = status >= 200 && status <= 599;
  while (!input.empty()) {
    const size_t name_size = input.Byte();
    const size_t value_size = input.Byte();
    const absl::string_view name = input.Bytes(name_size);
    fields.emplace_back(name, input.Bytes(value_size));
    wanted = wanted && MayBeSent(fields.back());
  }
  const absl::Status check = CheckResponseHead(status, fields);
  FuzzCheck(check.ok() == wanted, "refused if and only if it breaks a rule");
  if (check.ok()) {
    Write(fields, context);
    return 0;
  }
  FuzzCheck(!check.message().empty() && check.message().size() < 400, "a reason of bounded size");
  for (const char c : check.message())
    FuzzCheck(c >= ' ' && c < 0x7f, "a reason that can be logged");
  return 0;
}

}  // namespace anteroom::frontend
