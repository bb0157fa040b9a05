#include "backend/diag/pattern.h"

namespace anteroom::backend {
namespace {

// Eight bytes of the pattern: a bijective scramble of their index, so blocks never repeat.
uint64_t PatternBlock(uint64_t index) {
  index = (index ^ (index >> 30)) * 0xbf58476d1ce4e5b9;
  index = (index ^ (index >> 27)) * 0x94d049bb133111eb;
  return index ^ (index >> 31);
}

std::string Make(uint64_t offset, size_t size) {
  const size_t skipped = offset % 8;
  const size_t blocks = (skipped + size + 7) / 8;
  std::string bytes(8 * blocks, '\0');
  for (size_t i = 0; i < blocks; ++i) {
    const uint64_t value = PatternBlock(offset / 8 + i);
    char* const raw = &bytes[8 * i];
    for (size_t j = 0; j < 8; ++j) raw[j] = static_cast<char>(value >> (8 * j));
  }
  bytes.resize(skipped + size);
  if (skipped > 0) bytes.erase(0, skipped);
  return bytes;
}

}  // namespace

// Most bodies are of the beginning, and whoever measures a server means not to measure this.
std::string PatternBytes(uint64_t offset, size_t size) {
  constexpr size_t kReady = 1024 * 1024;
  static const auto* const beginning = new std::string(Make(0, kReady));
  if (offset > kReady || size > kReady - offset) return Make(offset, size);
  return beginning->substr(offset, size);
}

}  // namespace anteroom::backend
