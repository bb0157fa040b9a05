// What each byte may be part of: one table for all scanners, one bit per class.
#ifndef ANTEROOM_FRONTEND_HTTP_BYTE_CLASS_H_
#define ANTEROOM_FRONTEND_HTTP_BYTE_CLASS_H_

#include <array>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

enum ByteClass : uint8_t {
  kTokenByte = 1 << 0,  // tchar (RFC 9110, section 5.6.2)
  kNameByte = 1 << 1,   // tchar but '_', which the head parser wants to notice
  kPathByte = 1 << 2,   // allowed as it is in a path; '%' and '?' are looked at one by one
  kQueryByte = 1 << 3,  // allowed as it is in a query; so is '%'
  kValueByte = 1 << 4,  // field value: SP, HTAB, visible and obs-text (RFC 9110, section 5.5)
  kHostByte = 1 << 5,   // registered name: unreserved (RFC 3986, section 2.3)
  kHexDigitByte = 1 << 6,
  kDigitByte = 1 << 7,
};

constexpr std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    const bool alnum = digit || lower || upper;
    bool token = alnum;
    for (const char t :
         {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
      token = token || c == t;
    }
    // Beyond the grammar of RFC 3986 browsers send [ ] ^ ` { | } unescaped, and '\' in queries;
    // '"', '<' and '>' they escape.
    const bool in_target =
        c > 0x20 && c < 0x7f && c != '"' && c != '#' && c != '<' && c != '>' && c != '%';
    uint8_t bits = 0;
    if (token) bits |= kTokenByte;
    if (token && c != '_') bits |= kNameByte;
    if (in_target && c != '?' && c != '\\') bits |= kPathByte;
    if (in_target) bits |= kQueryByte;
    if ((c >= 0x20 && c != 0x7f) || c == '\t') bits |= kValueByte;
    if (alnum || c == '-' || c == '.' || c == '_' || c == '~') bits |= kHostByte;
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= kHexDigitByte;
    if (digit) bits |= kDigitByte;
    classes[static_cast<size_t>(c)] = bits;
  }
  return classes;
}

inline constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();

inline bool IsByte(char c, ByteClass wanted) {
  return (kByteClasses[static_cast<uint8_t>(c)] & wanted) != 0;
}

// The first byte in [p, end) that is not of the class, or `end`.
inline const char* SkipRun(const char* p, const char* end, ByteClass wanted) {
  while (p != end && IsByte(*p, wanted)) ++p;
  return p;
}

// SkipRun for kValueByte: values make up most of a head, so it looks at eight bytes at a time.
inline const char* SkipValueRun(const char* p, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = 0x8080808080808080;
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    const uint64_t del = word ^ (0x7f * kOnes);
    // A high bit where a byte is below 0x20, or is 0x7f. Borrows make it point at an innocent byte
    // now and then; the loop below decides.
    if ((((word - 0x20 * kOnes) & ~word) | ((del - kOnes) & ~del)) & kHighBits) break;
  }
  return SkipRun(p, end, kValueByte);
}

inline bool IsAll(absl::string_view text, ByteClass wanted) {
  const char* const end = text.data() + text.size();
  return SkipRun(text.data(), end, wanted) == end;
}

inline bool IsToken(absl::string_view text) { return !text.empty() && IsAll(text, kTokenByte); }

// Value of a hexadecimal digit; the byte must be of kHexDigitByte.
inline unsigned HexValue(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

// ASCII only, as HTTP compares names. `lower` must be in lower case already.
inline bool EqualsLower(absl::string_view text, absl::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char folded = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (folded != lower[i]) return false;
  }
  return true;
}

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_BYTE_CLASS_H_
