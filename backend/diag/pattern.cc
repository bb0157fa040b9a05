#include "backend/diag/pattern.h"

namespace anteroom::backend {
namespace {

// Eight bytes of the pattern: a bijective scramble of their index, so blocks never repeat.
uint64_t PatternBlock(uint64_t index) {
  index = (index ^ (index >> 30)) * 0xbf58476d1ce4e5b9;
  index = (index ^ (index >> 27)) * 0x94d049bb133111eb;
  return index ^ (index >> 31);
}

}  // namespace

std::string PatternBytes(uint64_t offset, size_t size) {
  std::string bytes;
  bytes.reserve(size + 16);
  for (uint64_t block = offset / 8; bytes.size() < size + offset % 8; ++block) {
    const uint64_t value = PatternBlock(block);
    char raw[8];
    for (size_t i = 0; i < 8; ++i) raw[i] = static_cast<char>(value >> (8 * i));
    bytes.append(raw, sizeof(raw));
  }
  return bytes.substr(offset % 8, size);
}

}  // namespace anteroom::backend
