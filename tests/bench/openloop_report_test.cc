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
  EXPECT_THAT(json, HasSubstr("\"undisturbed\":2,"));
  EXPECT_THAT(json, HasSubstr("{\"name\":\"long\",\"ok\":0,\"errors\":{\"status\":{\"503\":2},"
                              "\"connection\":0,\"unanswered\":1},\"latency_us\":null,"));
}

TEST(OpenloopReportTest, WhatAStallHadAPartInIsLeftOutOfTheSecondAccount) {
  OpenloopOptions options;
  options.kinds = {{"any", 1, "/"}};
  OpenloopResult result;
  result.errors.resize(1);
  result.start = Time(std::chrono::seconds(100));
  const auto at = [&](int64_t us) { return result.start + microseconds(us); };
  result.stalls = {{at(1000), at(3000)}, {at(9000), at(9500)}};
  result.stolen = std::chrono::milliseconds(10);
  result.samples = {
      {microseconds(0), microseconds(999), 0},     // over before it
      {microseconds(500), microseconds(500), 0},   // ends as it begins
      {microseconds(500), microseconds(8000), 0},  // across it
      {microseconds(2000), microseconds(10), 0},   // within
      {microseconds(3001), microseconds(10), 0},   // after it
      {microseconds(9400), microseconds(900), 0},  // begins in the second
      {microseconds(9600), microseconds(10), 0},   // after all
  };
  const std::string json = ToJson(options, result);
  EXPECT_THAT(json, HasSubstr("\"stalls\":{\"count\":2,\"ms\":2.5,\"stolen_ms\":10}"));
  EXPECT_THAT(json, HasSubstr("\"ok\":7"));
  EXPECT_THAT(json, HasSubstr("\"undisturbed\":3,\"undisturbed_us\":{\"min\":10,\"p50\":10,"));
  EXPECT_THAT(json, HasSubstr("\"max\":999}}]"));
}

}  // namespace
}  // namespace anteroom::bench
