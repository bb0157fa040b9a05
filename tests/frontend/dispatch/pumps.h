// Tests of links run with both pumps: whatever includes this gives its fixtures the parameter.
#ifndef ANTEROOM_TESTS_FRONTEND_DISPATCH_PUMPS_H_
#define ANTEROOM_TESTS_FRONTEND_DISPATCH_PUMPS_H_

#include <string>

#include "frontend/config.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {

inline auto BothPumps() { return testing::Values(CompletionPump::kLoop, CompletionPump::kThread); }

inline std::string PumpName(const testing::TestParamInfo<CompletionPump>& info) {
  return info.param == CompletionPump::kLoop ? "Loop" : "Thread";
}

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_DISPATCH_PUMPS_H_
