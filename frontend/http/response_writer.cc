#include "frontend/http/response_writer.h"

#include <cassert>

#include "absl/strings/str_cat.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/status.h"

namespace anteroom::frontend {
namespace {

void Append(absl::string_view text, std::string* out) { out->append(text.data(), text.size()); }

}  // namespace

ResponseWriter::ResponseWriter(std::string* out, int status) : out_(out) {
  if (status == 200) {
    Append("HTTP/1.1 200 OK\r\n", out_);
  } else {
    absl::StrAppend(out_, "HTTP/1.1 ", status, " ", ReasonPhrase(status), "\r\n");
  }
}

void ResponseWriter::AddField(absl::string_view name, absl::string_view value) {
  has_date_ = has_date_ || EqualsLower(name, "date");
  Append(name, out_);
  Append(": ", out_);
  Append(value, out_);
  Append("\r\n", out_);
}

void ResponseWriter::AddField(absl::string_view name, uint64_t value) {
  AddField(name, absl::AlphaNum(value).Piece());
}

void ResponseWriter::Finish(const ResponseFraming& framing, int minor_version,
                            absl::string_view date) {
  switch (framing.length) {
    case ResponseFraming::Length::kFixed:
      AddField("Content-Length", framing.content_length);
      break;
    case ResponseFraming::Length::kChunked:
      AddField("Transfer-Encoding", "chunked");
      break;
    case ResponseFraming::Length::kNone:
    case ResponseFraming::Length::kUntilClose:
      break;
  }
  // Persistence is the default of HTTP/1.1 and must be said in HTTP/1.0 (RFC 9112, section 9.3).
  if (!framing.keep_alive) {
    AddField("Connection", "close");
  } else if (minor_version == 0) {
    AddField("Connection", "keep-alive");
  }
  if (!has_date_) AddField("Date", date);
  Append("\r\n", out_);
}

void AppendChunkHeader(uint64_t size, std::string* out) {
  assert(size != 0);
  absl::StrAppend(out, absl::Hex(size), "\r\n");
}

}  // namespace anteroom::frontend
