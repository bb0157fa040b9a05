#include "common/request_id.h"

#include <cstdint>
#include <random>

#include "absl/strings/ascii.h"

namespace anteroom {
namespace {

constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr size_t kMaxLength = 128;

// The digit after `c` in kDigits; '0' after the last.
char Successor(char c) {
  switch (c) {
    case '9':
      return 'A';
    case 'Z':
      return 'a';
    case 'z':
      return '0';
    default:
      return static_cast<char>(c + 1);
  }
}

}  // namespace

RequestIdSource::RequestIdSource() {
  std::random_device entropy;
  std::uniform_int_distribution<size_t> digit(0, sizeof(kDigits) - 2);
  id_.fill('0');
  for (size_t i = 0; i < kRandom; ++i) id_[i] = kDigits[digit(entropy)];
}

absl::string_view RequestIdSource::Next() {
  // An odometer. Its 62^9 steps last 400 years at a million ids a second.
  for (size_t i = kLength; i-- > kRandom;) {
    id_[i] = Successor(id_[i]);
    if (id_[i] != '0') break;
  }
  return {id_.data(), id_.size()};
}

bool IsWellFormedRequestId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxLength) return false;
  for (const char c : id) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

}  // namespace anteroom
