// A check that ends a fuzz target with a message, in every kind of build.
#ifndef ANTEROOM_TESTS_FUZZ_FUZZ_CHECK_H_
#define ANTEROOM_TESTS_FUZZ_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace anteroom {

inline void FuzzCheck(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace anteroom

#endif  // ANTEROOM_TESTS_FUZZ_FUZZ_CHECK_H_
