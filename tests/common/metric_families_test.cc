#include "common/metric_families.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using testing::HasSubstr;

TEST(MetricFamiliesTest, GroupsSeriesOfOneName) {
  MetricFamilies families;
  AddCounter(&families, "anteroom_requests_total", "Requests.", {{"outcome", "ok"}}, 5);
  AddGauge(&families, "anteroom_connections", "Open connections.", {}, 2);
  AddCounter(&families, "anteroom_requests_total", "Requests.", {{"outcome", "timeout"}}, 1);
  ASSERT_EQ(families.size(), 2u);
  EXPECT_EQ(SerializeMetrics(families),
            "# HELP anteroom_requests_total Requests.\n"
            "# TYPE anteroom_requests_total counter\n"
            "anteroom_requests_total{outcome=\"ok\"} 5\n"
            "anteroom_requests_total{outcome=\"timeout\"} 1\n"
            "# HELP anteroom_connections Open connections.\n"
            "# TYPE anteroom_connections gauge\n"
            "anteroom_connections 2\n");
}

TEST(MetricFamiliesTest, WritesCumulativeHistograms) {
  MetricFamilies families;
  AddHistogram(&families, "anteroom_wait_seconds", "Waiting time.", {{"pool", "g"}},
               {{0.5, 1}, {3, 2, 1}, 4.5});
  EXPECT_EQ(SerializeMetrics(families),
            "# HELP anteroom_wait_seconds Waiting time.\n"
            "# TYPE anteroom_wait_seconds histogram\n"
            "anteroom_wait_seconds_count{pool=\"g\"} 6\n"
            "anteroom_wait_seconds_sum{pool=\"g\"} 4.5\n"
            "anteroom_wait_seconds_bucket{pool=\"g\",le=\"0.5\"} 3\n"
            "anteroom_wait_seconds_bucket{pool=\"g\",le=\"1\"} 5\n"
            "anteroom_wait_seconds_bucket{pool=\"g\",le=\"+Inf\"} 6\n");
}

TEST(MetricFamiliesTest, EscapesLabelValues) {
  MetricFamilies families;
  AddInfo(&families, "anteroom_build_info", "What runs.", {{"version", "a\"b\\c\nd"}});
  EXPECT_THAT(SerializeMetrics(families), HasSubstr(R"({version="a\"b\\c\nd"} 1)"));
}

class Source : public prometheus::Collectable {
 public:
  explicit Source(const char* part) : part_(part) {}
  std::vector<prometheus::MetricFamily> Collect() const override {
    MetricFamilies families;
    AddCounter(&families, "anteroom_errors_total", "Errors.", {{"part", part_}}, 1);
    return families;
  }

 private:
  const char* part_;
};

// A family that comes twice is not a valid page.
TEST(MetricFamiliesTest, MergesFamiliesOfSeveralSources) {
  const Source a("a");
  const Source b("b");
  EXPECT_EQ(SerializeMetrics(std::vector<const prometheus::Collectable*>{&a, &b}),
            "# HELP anteroom_errors_total Errors.\n"
            "# TYPE anteroom_errors_total counter\n"
            "anteroom_errors_total{part=\"a\"} 1\n"
            "anteroom_errors_total{part=\"b\"} 1\n");
}

TEST(MetricFamiliesTest, KeepsLargeCountersExact) {
  MetricFamilies families;
  AddCounter(&families, "anteroom_bytes_total", "Bytes.", {}, 1234567890123.0);
  EXPECT_THAT(SerializeMetrics(families), HasSubstr("anteroom_bytes_total 1234567890123\n"));
}

}  // namespace
}  // namespace anteroom
