// The promise "no request waits behind a busy thread while another is idle" on the real protocol
// code. The bounds leave room above what was measured (docs/DECISIONS.md) for another seed, not for
// another protocol: least-connections balancing is at 313 to 480 ms where these ask for less than
// 110.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/protocol/simulation.h"

namespace anteroom {
namespace {

SimulationOptions Bimodal(int frontends, double load) {
  SimulationOptions options;
  options.frontends = frontends;
  options.load = load;
  UseBimodalService(&options);
  return options;
}

void Print(const char* what, const SimulationResult& result) {
  std::printf("  %-28s wait p50 %7.2f p99 %7.2f p99.9 %7.2f ms, %5.2f messages a request\n", what,
              result.Percentile(50), result.Percentile(99), result.Percentile(99.9),
              result.messages_per_request);
}

TEST(RejectAndGrant, OneFrontEndIsAsGoodAsACentralQueue) {
  const SimulationResult ideal = SimulateCentralQueue(Bimodal(1, 0.7));
  const SimulationResult ours = SimulateRejectAndGrant(Bimodal(1, 0.7));
  Print("central queue", ideal);
  Print("1 front end", ours);
  EXPECT_EQ(ours.unanswered, 0);
  EXPECT_LE(ours.Percentile(99.9), 1.1 * ideal.Percentile(99.9) + 1);
}

class ManyFrontEnds : public testing::TestWithParam<int> {};

TEST_P(ManyFrontEnds, StayNearTheCentralQueueAtModerateLoad) {
  const SimulationResult ideal = SimulateCentralQueue(Bimodal(GetParam(), 0.7));
  const SimulationResult ours = SimulateRejectAndGrant(Bimodal(GetParam(), 0.7));
  Print("central queue", ideal);
  Print("ours", ours);
  EXPECT_EQ(ours.unanswered, 0);
  EXPECT_LE(ours.Percentile(99.9), 1.75 * ideal.Percentile(99.9));
  EXPECT_LE(ours.messages_per_request, 8);
}

TEST_P(ManyFrontEnds, LoseNothingAtHighLoad) {
  const SimulationResult ours = SimulateRejectAndGrant(Bimodal(GetParam(), 0.9));
  Print("ours at load 0.9", ours);
  EXPECT_EQ(ours.unanswered, 0);
  EXPECT_LE(ours.Percentile(99.9), 560);
}

TEST_P(ManyFrontEnds, NeverRunMoreHandlersThanThreads) {
  EXPECT_EQ(SimulateRejectAndGrant(Bimodal(GetParam(), 0.9)).most_running, 2);
}

INSTANTIATE_TEST_SUITE_P(FrontEnds, ManyFrontEnds, testing::Values(1, 2, 4, 16));

TEST(RejectAndGrant, OverloadEndsWithEveryRequestAnswered) {
  SimulationOptions options = Bimodal(4, 1.5);
  options.requests = 20'000;
  EXPECT_EQ(SimulateRejectAndGrant(options).unanswered, 0);
}

TEST(RejectAndGrant, TinyHandlersDoNotWaitForTheRoundTrip) {
  SimulationOptions options;
  options.frontends = 2;
  options.backends = 4;
  options.load = 0.7;
  options.requests = 40'000;
  UseTinyService(&options);
  const SimulationResult ours = SimulateRejectAndGrant(options);
  Print("tiny handlers", ours);
  EXPECT_EQ(ours.unanswered, 0);
  // Two hundred microseconds of it are the round trip itself.
  EXPECT_LE(ours.Percentile(50), 1.0);
  EXPECT_LE(ours.Percentile(99.9), 10.0);
}

}  // namespace
}  // namespace anteroom
