// How many requests wait at the backend beside those that run: enough to hide the round trip of
// tiny handlers, none for slow ones.
#include <memory>

#include "backend/src/admission.h"
#include "gtest/gtest.h"

namespace anteroom::backend {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PrefetchTest : public ::testing::Test {
 protected:
  explicit PrefetchTest(int threads = 2) { Make(threads); }
  void Make(int threads) {
    threads_ = threads;
    admission_ = std::make_unique<Admission>(Admission::Options{.threads = threads});
    link_ = std::make_unique<Admission::Link>();
    admission_->Add(link_.get());
  }

  // One request of that length, from a front end that measures that round trip.
  void Cycle(Duration round_trip, Duration service) {
    admission_->ObserveRoundTrip(round_trip);
    ASSERT_TRUE(admission_->Admit(link_.get(), {}, 0, now_));
    admission_->Finish(service);
  }
  int Prefetch(Duration round_trip, Duration service) {
    for (int i = 0; i < 300; ++i) Cycle(round_trip, service);
    return admission_->limit() - threads_;
  }

  int threads_;
  Time now_ = Time() + seconds(1000);
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<Admission::Link> link_;
};

TEST_F(PrefetchTest, IsNothingBeforeAnythingIsKnown) {
  EXPECT_EQ(admission_->limit(), 2);
  admission_->Admit(link_.get(), {}, 0, now_);
  admission_->Finish(microseconds(50));
  EXPECT_EQ(admission_->limit(), 2);  // no front end has said how far away it is
}

struct Case {
  int threads;
  Duration round_trip;
  Duration service;
  int prefetch;
};

class PrefetchTableTest : public PrefetchTest, public ::testing::WithParamInterface<Case> {};

TEST_P(PrefetchTableTest, IsTheWorkOfOneRoundTrip) {
  Make(GetParam().threads);
  EXPECT_EQ(Prefetch(GetParam().round_trip, GetParam().service), GetParam().prefetch);
}

INSTANTIATE_TEST_SUITE_P(, PrefetchTableTest,
                         ::testing::Values(
                             // Slow handlers: nothing waits behind a busy thread.
                             Case{2, microseconds(200), milliseconds(10), 0},
                             Case{8, microseconds(200), milliseconds(10), 0},
                             Case{48, microseconds(200), milliseconds(10), 0},
                             Case{4, microseconds(200), seconds(60), 0},
                             // Tiny ones: threads x round trip / service.
                             Case{2, microseconds(200), microseconds(50), 8},
                             Case{4, microseconds(200), microseconds(50), 16},
                             Case{2, microseconds(1000), microseconds(100), 20},
                             Case{1, microseconds(150), microseconds(100), 1},
                             // Never beyond 64 a thread and 1024 in all.
                             Case{2, milliseconds(100), microseconds(1), 128},
                             Case{256, milliseconds(100), microseconds(1), 1024}));

TEST_F(PrefetchTest, FollowsWhenHandlersBecomeSlow) {
  EXPECT_GT(Prefetch(microseconds(200), microseconds(50)), 0);
  EXPECT_EQ(Prefetch(microseconds(200), milliseconds(10)), 0);
}

TEST_F(PrefetchTest, SurvivesImmeasurablyShortHandlers) {
  EXPECT_EQ(Prefetch(microseconds(200), Duration::zero()), 128);
}

class StallTest : public PrefetchTest {
 protected:
  StallTest() { Prefetch(microseconds(200), microseconds(50)); }
};

TEST_F(StallTest, GivesBackWhatHasWaitedTooLong) {
  const Time ready = now_;
  EXPECT_EQ(admission_->NextDeadline(ready), ready + admission_->Patience());
  now_ = ready + admission_->Patience() - microseconds(1);
  EXPECT_FALSE(admission_->OnTimer(ready, now_).give_back);
  now_ += microseconds(1);
  EXPECT_TRUE(admission_->OnTimer(ready, now_).give_back);
}

TEST_F(StallTest, TakesNothingInAdvanceUntilAHandlerHasEnded) {
  ASSERT_GT(admission_->limit(), 2);
  while (admission_->Admit(link_.get(), {}, 0, now_)) {
  }
  const Time ready = now_;
  now_ += admission_->Patience();
  ASSERT_TRUE(admission_->OnTimer(ready, now_).give_back);
  while (admission_->accepted() > 2) admission_->Drop();
  EXPECT_EQ(admission_->limit(), 2);
  EXPECT_EQ(admission_->NextGrant(now_),
            nullptr);  // or what was given back would come straight back
  admission_->Finish(milliseconds(6));
  EXPECT_GT(admission_->limit(), 1);
  EXPECT_NE(admission_->NextGrant(now_), nullptr);
}

TEST_F(StallTest, PatienceIsFourRoundTripsAndNeverShort) {
  EXPECT_EQ(admission_->Patience(), Admission::kMinPatience);
  Prefetch(milliseconds(20), microseconds(50));
  EXPECT_GT(admission_->Patience(), milliseconds(70));
  EXPECT_LT(admission_->Patience(), milliseconds(90));
}

}  // namespace
}  // namespace anteroom::backend
