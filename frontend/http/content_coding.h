// Content codings (RFC 9110, section 8.4.1) that a file may be sent in, sets of them, and orders of
// preference. Values; everything here is pure.
#ifndef ANTEROOM_FRONTEND_HTTP_CONTENT_CODING_H_
#define ANTEROOM_FRONTEND_HTTP_CONTENT_CODING_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// In our own order of preference, behind kIdentity: the one that makes files smallest first.
enum class ContentCoding : uint8_t { kIdentity, kBrotli, kZstd, kGzip };
inline constexpr size_t kContentCodings = 4;

// As in Content-Encoding.
constexpr absl::string_view CodingName(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kBrotli:
      return "br";
    case ContentCoding::kZstd:
      return "zstd";
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kIdentity:
      break;
  }
  return "identity";
}

// kIdentity, which is always offered, is never a member.
class CodingSet {
 public:
  constexpr bool Has(ContentCoding coding) const { return (bits_ >> Index(coding) & 1) != 0; }
  constexpr void Add(ContentCoding coding) {
    if (coding != ContentCoding::kIdentity)
      bits_ = static_cast<uint8_t>(bits_ | 1 << Index(coding));
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr CodingSet operator|(CodingSet other) const {
    other.bits_ = static_cast<uint8_t>(other.bits_ | bits_);
    return other;
  }
  bool operator==(const CodingSet&) const = default;

 private:
  static constexpr int Index(ContentCoding coding) { return static_cast<int>(coding); }

  uint8_t bits_ = 0;
};

// Codings that are to be preferred to kIdentity, the best first. There are only 16 of them, so that
// one is a good part of a key.
class CodingPreference {
 public:
  static constexpr size_t kMost = kContentCodings - 1;

  // The i-th, kIdentity behind the last. `i` is at most kMost.
  constexpr ContentCoding at(size_t i) const {
    return static_cast<ContentCoding>(bits_ >> (2 * i) & 3);
  }
  constexpr size_t size() const {
    size_t size = 0;
    while (size < kMost && at(size) != ContentCoding::kIdentity) ++size;
    return size;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool Has(ContentCoding coding) const {
    for (size_t i = 0; i < size(); ++i) {
      if (at(i) == coding) return true;
    }
    return false;
  }
  // kIdentity, and what is there already, is left out.
  constexpr void Append(ContentCoding coding) {
    if (Has(coding)) return;
    bits_ = static_cast<uint8_t>(bits_ | static_cast<unsigned>(coding) << (2 * size()));
  }
  constexpr CodingPreference OnlyOf(CodingSet offered) const {
    CodingPreference left;
    for (size_t i = 0; i < size(); ++i) {
      if (offered.Has(at(i))) left.Append(at(i));
    }
    return left;
  }
  // Another number for each, 0 for none.
  constexpr uint8_t bits() const { return bits_; }
  bool operator==(const CodingPreference&) const = default;

 private:
  uint8_t bits_ = 0;  // two a coding, the first lowest
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_CONTENT_CODING_H_
