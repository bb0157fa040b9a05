#include "bench/slowclients_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace anteroom::bench {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

TEST(SlowclientsReportTest, SaysHowManySucceededAndWhyOthersDidNot) {
  SlowclientsOptions options;
  options.direction = Direction::kDownload;
  options.count = 6;
  SlowclientsResult result;
  result.durations = {seconds(3), seconds(1), seconds(2)};
  result.by_status[503] = 2;
  result.timeout = 1;
  const std::string json = ToJson(options, result);
  EXPECT_THAT(json, HasSubstr("\"direction\":\"down\",\"count\":6,"));
  EXPECT_THAT(json, HasSubstr("\"completed\":3,\"errors\":{\"status\":{\"503\":2},\"mismatch\":0,"
                              "\"malformed\":0,\"connection\":0,\"timeout\":1}"));
  EXPECT_THAT(json, HasSubstr("\"seconds\":{\"min\":1,\"p50\":2,\"p99\":3,\"max\":3}"));
  EXPECT_THAT(json, HasSubstr("\"lateness_s\":null"));
}

TEST(SlowclientsReportTest, CountsFailuresByKind) {
  const TransferPlan plan(Direction::kDownload, "/", 5);
  Transfer refused(&plan, 0);
  refused.Feed("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  Transfer wrong(&plan, 0);
  wrong.Feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  Transfer garbled(&plan, 0);
  garbled.Feed("what?\r\n\r\n");
  SlowclientsResult result;
  for (const Transfer* transfer : {&refused, &wrong, &garbled}) CountFailure(*transfer, &result);
  EXPECT_EQ(result.by_status[503], 1u);
  EXPECT_EQ(result.mismatch, 1u);
  EXPECT_EQ(result.malformed, 1u);
}

TEST(SlowclientsOptionsTest, NeedsWhereWhatAndHowFast) {
  const auto parse = [](std::vector<const char*> argv) {
    argv.insert(argv.begin(), "slowclients");
    return ParseSlowclientsOptions(static_cast<int>(argv.size()), const_cast<char**>(argv.data()));
  };
  const auto options = parse({"--address", "127.0.0.1:80", "--direction", "down", "--path", "/x",
                              "--bytes", "5", "--rate", "2.5", "--mss", "1400"});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->direction, Direction::kDownload);
  EXPECT_EQ(options->rate, 2.5);
  EXPECT_EQ(options->max_segment_size, 1400);
  EXPECT_FALSE(parse({"--address", "127.0.0.1:80", "--path", "/x", "--bytes", "5"}).has_value());
  EXPECT_FALSE(parse({"--rate", "0"}).has_value());
  EXPECT_FALSE(parse({"--direction", "sideways"}).has_value());
  EXPECT_FALSE(parse({"--rate"}).has_value());
}

}  // namespace
}  // namespace anteroom::bench
