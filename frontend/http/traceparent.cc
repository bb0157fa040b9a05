#include "frontend/http/traceparent.h"

#include <algorithm>

namespace anteroom::frontend {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool IsHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) {
  return text.find_first_not_of('0') == absl::string_view::npos;
}

char* AppendHex(uint64_t value, char* out) {
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = kHex[(value >> shift) & 15];
  return out;
}

}  // namespace

bool IsWellFormedTraceparent(absl::string_view value) {
  constexpr size_t kLength = TraceparentSource::kLength;
  if (value.size() < kLength) return false;
  const absl::string_view version = value.substr(0, 2);
  const absl::string_view trace = value.substr(3, 32);
  const absl::string_view parent = value.substr(36, 16);
  const absl::string_view flags = value.substr(53, 2);
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  if (!IsHex(version) || !IsHex(trace) || !IsHex(parent) || !IsHex(flags)) return false;
  if (version == "ff" || IsZero(trace) || IsZero(parent)) return false;
  return value.size() == kLength || (version != "00" && value[kLength] == '-');
}

TraceparentSource::TraceparentSource() {
  std::random_device entropy;
  std::seed_seq seed{entropy(), entropy(), entropy(), entropy(),
                     entropy(), entropy(), entropy(), entropy()};
  random_.seed(seed);
}

void TraceparentSource::Make(std::array<char, kLength>* out) {
  char* at = out->data();
  *at++ = '0';
  *at++ = '0';
  *at++ = '-';
  at = AppendHex(random_() | 1, at);  // never all zeros
  at = AppendHex(random_(), at);
  *at++ = '-';
  at = AppendHex(random_() | 1, at);
  *at++ = '-';
  *at++ = '0';
  *at++ = '0';
}

}  // namespace anteroom::frontend
