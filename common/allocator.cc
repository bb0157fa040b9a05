#include "common/allocator.h"

#include <malloc.h>

#include <cstdlib>
#include <initializer_list>

namespace anteroom {
namespace {

constexpr int kKept = 4 << 20;
// What is as large as this goes back at once all the same.
constexpr int kMapped = 1 << 20;

}  // namespace

void KeepFreedMemory() {
  for (const char* name : {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}) {
    if (std::getenv(name) != nullptr) return;
  }
  mallopt(M_TRIM_THRESHOLD, kKept);
  mallopt(M_MMAP_THRESHOLD, kMapped);
}

}  // namespace anteroom
