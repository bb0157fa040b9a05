#include "frontend/static/html_text.h"

#include <cstddef>
#include <cstdint>

#include "frontend/http/byte_class.h"
#include "frontend/http/target.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";

uint8_t ByteAt(absl::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// How many bytes the UTF-8 sequence at the front has; 0 when there is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
size_t SequenceLength(absl::string_view text) {
  const uint8_t lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  const uint8_t second = ByteAt(text, 1);
  const uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((ByteAt(text, i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

void AppendHtml(absl::string_view text, std::string* html) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const char c = text.front();
    if (length == 0 || (length == 1 && (ByteAt(text, 0) < 0x20 || c == 0x7f))) {
      html->append(kReplacement.data(), kReplacement.size());
      text.remove_prefix(1);
      continue;
    }
    switch (c) {
      case '&':
        html->append("&amp;");
        break;
      case '<':
        html->append("&lt;");
        break;
      case '>':
        html->append("&gt;");
        break;
      case '"':
        html->append("&quot;");
        break;
      case '\'':
        html->append("&#39;");
        break;
      default:
        html->append(text.data(), length);
    }
    text.remove_prefix(length);
  }
}

void AppendUrlSegment(absl::string_view text, std::string* html) {
  for (const char c : text) {
    if (IsByte(c, kHostByte)) {  // unreserved
      html->push_back(c);
    } else {
      AppendPercentEncoded(c, html);
    }
  }
}

}  // namespace anteroom::frontend
