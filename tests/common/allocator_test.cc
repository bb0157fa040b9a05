#include "common/allocator.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOwnAllocator = true;
#elif defined(__has_feature)
constexpr bool kOwnAllocator = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kOwnAllocator = false;
#endif

long PagesZeroed() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// As bodies come and go.
void FillAndFree() {
  std::vector<std::unique_ptr<char[]>> blocks(32);
  for (auto& block : blocks) {
    block.reset(new char[64 * 1024]);
    std::fill_n(block.get(), 64 * 1024, 'x');
  }
  // The last one first: the end of the heap is what can be given back.
  while (!blocks.empty()) blocks.pop_back();
}

TEST(AllocatorTest, WhatWasFreedIsThereForTheNextOne) {
  if (kOwnAllocator) GTEST_SKIP() << "the sanitizer brings its own allocator";
  KeepFreedMemory();
  FillAndFree();
  const long before = PagesZeroed();
  for (int i = 0; i < 10; ++i) FillAndFree();
  // Two MiB are 512 pages, each time.
  EXPECT_LT(PagesZeroed() - before, 100);
}

}  // namespace
}  // namespace anteroom
