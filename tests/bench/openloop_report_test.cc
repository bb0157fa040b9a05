#include "bench/openloop_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace anteroom::bench {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;

TEST(OpenloopReportTest, PercentileIsAValueThatWasMeasured) {
  std::vector<Duration> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(microseconds(i));
  EXPECT_EQ(Percentile(values, 50), microseconds(500));
  EXPECT_EQ(Percentile(values, 99.9), microseconds(999));
  EXPECT_EQ(Percentile(values, 100), microseconds(1000));
  EXPECT_EQ(Percentile({microseconds(7)}, 99.9), microseconds(7));
}

TEST(OpenloopReportTest, KeepsKindsAndTheirErrorsApart) {
  OpenloopOptions options;
  options.kinds = {{"short", 99, "/s"}, {"long", 1, "/l"}};
  OpenloopResult result;
  result.errors.resize(2);
  result.errors[1].by_status[503] = 2;
  result.errors[1].unanswered = 1;
  result.samples = {{microseconds(0), microseconds(10), 0}, {microseconds(1), microseconds(30), 0}};
  const std::string json = ToJson(options, result);
  EXPECT_THAT(json, HasSubstr("{\"name\":\"short\",\"ok\":2,\"errors\":{\"status\":{},"));
  EXPECT_THAT(json, HasSubstr("\"min\":10,\"p50\":10,\"p90\":30"));
  EXPECT_THAT(json, HasSubstr("{\"name\":\"long\",\"ok\":0,\"errors\":{\"status\":{\"503\":2},"
                              "\"connection\":0,\"unanswered\":1},\"latency_us\":null}"));
}

}  // namespace
}  // namespace anteroom::bench
