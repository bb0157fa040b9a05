#include "frontend/outcome.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "frontend/http/status.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

class EveryOutcome : public testing::TestWithParam<size_t> {
 protected:
  const OutcomeInfo& info() const { return Info(static_cast<Outcome>(GetParam())); }
};

TEST_P(EveryOutcome, HasAWordThatFitsLogsAndLabels) {
  const std::string word = info().word;
  ASSERT_FALSE(word.empty());
  for (const char c : word) EXPECT_TRUE(absl::ascii_islower(c) || c == '_') << word;
}

TEST_P(EveryOutcome, TellsTheClientAnErrorOrLeavesTheStatusToSomebodyElse) {
  const int status = info().status;
  if (status == 0) return;
  EXPECT_GE(status, 400) << info().word;
  EXPECT_LE(status, 599) << info().word;
  EXPECT_TRUE(StatusHasBody(status)) << info().word;
}

// 502 and 504 mean that the request may have run; 503 and everything of the client's own doing,
// that it certainly has not (RFC 9110, section 9.2.2 is why it matters).
TEST_P(EveryOutcome, SaysByItsStatusWhetherItIsSafeToRetry) {
  const int status = info().status;
  if (status == 0) return;
  EXPECT_EQ(info().safe_to_retry, status != 502 && status != 504) << info().word;
}

INSTANTIATE_TEST_SUITE_P(Outcomes, EveryOutcome, testing::Range<size_t>(0, kOutcomes));

TEST(Outcome, WordsAreUnique) {
  std::set<std::string> words;
  for (size_t i = 0; i < kOutcomes; ++i) words.insert(Info(static_cast<Outcome>(i)).word);
  EXPECT_EQ(words.size(), kOutcomes);
}

TEST(Outcome, StatusesAreThoseOfTheManual) {
  EXPECT_EQ(Info(Outcome::kBadRequest).status, 400);
  EXPECT_EQ(Info(Outcome::kNoRoute).status, 404);
  EXPECT_EQ(Info(Outcome::kRequestTimeout).status, 408);
  EXPECT_EQ(Info(Outcome::kTooLarge).status, 413);
  EXPECT_EQ(Info(Outcome::kBackendLost).status, 502);
  EXPECT_EQ(Info(Outcome::kBackendInvalid).status, 502);
  EXPECT_EQ(Info(Outcome::kQueueFull).status, 503);
  EXPECT_EQ(Info(Outcome::kQueueTimeout).status, 503);
  EXPECT_EQ(Info(Outcome::kOverload).status, 503);
  EXPECT_EQ(Info(Outcome::kFileError).status, 500);
  EXPECT_EQ(Info(Outcome::kTimeout).status, 504);
  for (const Outcome silent : {Outcome::kClientGone, Outcome::kWriteTimeout, Outcome::kCut}) {
    EXPECT_EQ(Info(silent).status, 0) << Info(silent).word;
  }
}

}  // namespace
}  // namespace anteroom::frontend
