// The pool's tests: one pool with both ways to drive gRPC.
#ifndef ANTEROOM_TESTS_FRONTEND_DISPATCH_POOL_FIXTURE_H_
#define ANTEROOM_TESTS_FRONTEND_DISPATCH_POOL_FIXTURE_H_

#include <numeric>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/dispatch/fake_backend.h"
#include "tests/frontend/dispatch/pool_rig.h"
#include "tests/frontend/dispatch/pumps.h"

namespace anteroom::frontend {

// Bytes of which a displaced piece shows.
inline std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

class PoolTest : public testing::TestWithParam<CompletionPump> {
 protected:
  // Requests of which the metric knows how long they waited.
  uint64_t WaitsObserved() {
    HistogramTotals totals;
    rig_.metrics.wait.AddTo(&totals);
    return std::accumulate(totals.counts.begin(), totals.counts.end(), uint64_t{0});
  }
  PoolRig rig_{GetParam()};
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_DISPATCH_POOL_FIXTURE_H_
