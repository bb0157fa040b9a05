// Who is accepted, who is refused, who waits and who is granted the next place.
#include "backend/src/admission.h"

#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace anteroom::backend {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Link = Admission::Link;

class AdmissionTest : public ::testing::Test {
 protected:
  void Make(int threads, uint64_t max_bytes = uint64_t{1} << 31) {
    admission_ =
        std::make_unique<Admission>(Admission::Options{.threads = threads, .max_bytes = max_bytes});
    for (Link& link : links_) admission_->Add(&link);
  }
  bool Admit(Link& link, Duration waited = Duration::zero(), uint64_t bytes = 0) {
    return admission_->Admit(&link, waited, bytes, now_);
  }
  // All grants that are due now.
  std::vector<Link*> Grants() {
    std::vector<Link*> grants;
    while (Link* link = admission_->NextGrant(now_)) grants.push_back(link);
    return grants;
  }

  Time now_ = Time() + seconds(1000);
  Link links_[4];
  Link& a_ = links_[0];
  Link& b_ = links_[1];
  Link& c_ = links_[2];
  Link& d_ = links_[3];
  std::unique_ptr<Admission> admission_;
};

TEST_F(AdmissionTest, AcceptsAsManyAsThereAreThreads) {
  Make(3);
  EXPECT_TRUE(Admit(a_));
  EXPECT_TRUE(Admit(b_));
  EXPECT_TRUE(Admit(a_));
  EXPECT_FALSE(Admit(a_));
  EXPECT_EQ(admission_->accepted(), 3);
}

TEST_F(AdmissionTest, WhoIsRefusedWaits) {
  Make(1);
  Admit(a_);
  EXPECT_FALSE(a_.waiting());
  Admit(b_);
  EXPECT_TRUE(b_.waiting());
  EXPECT_EQ(admission_->waiting(), 1);
  // However often: one link waits once.
  Admit(b_);
  EXPECT_EQ(admission_->waiting(), 1);
}

TEST_F(AdmissionTest, GrantsNothingWhileThereIsNoPlace) {
  Make(1);
  Admit(a_);
  Admit(b_);
  EXPECT_EQ(admission_->NextGrant(now_), nullptr);
}

TEST_F(AdmissionTest, AFreedPlaceIsReservedForWhoWaits) {
  Make(1);
  Admit(a_);
  Admit(b_);
  admission_->Finish(milliseconds(10));
  EXPECT_EQ(Grants(), std::vector<Link*>{&b_});
  EXPECT_EQ(admission_->reserved(), 1);
  EXPECT_FALSE(b_.waiting());
  // Nobody else can take it.
  EXPECT_FALSE(Admit(a_));
  EXPECT_TRUE(Admit(b_));
  EXPECT_EQ(admission_->reserved(), 0);
  EXPECT_EQ(admission_->accepted(), 1);
}

TEST_F(AdmissionTest, GrantsToWhoHasWaitedLongest) {
  Make(1);
  Admit(a_);
  Admit(b_, milliseconds(5));
  Admit(c_, milliseconds(50));
  now_ += milliseconds(10);
  Admit(d_, milliseconds(20));  // began to wait before b, after c
  std::vector<Link*> order;
  for (int i = 0; i < 3; ++i) {
    admission_->Finish(milliseconds(10));
    const std::vector<Link*> grants = Grants();
    ASSERT_EQ(grants.size(), 1u);
    order.push_back(grants[0]);
    EXPECT_TRUE(Admit(*grants[0]));
  }
  EXPECT_EQ(order, (std::vector<Link*>{&c_, &d_, &b_}));
}

TEST_F(AdmissionTest, TiesGoToWhoJoinedFirst) {
  Make(1);
  Admit(a_);
  Admit(c_);
  Admit(b_);
  admission_->Finish(milliseconds(1));
  EXPECT_EQ(Grants(), std::vector<Link*>{&b_});
}

TEST_F(AdmissionTest, ARefusalNeverWorsensTheRank) {
  Make(1);
  Admit(a_);
  Admit(b_, milliseconds(40));
  Admit(c_, milliseconds(20));
  Admit(b_, milliseconds(1));
  admission_->Finish(milliseconds(1));
  EXPECT_EQ(Grants(), std::vector<Link*>{&b_});
}

TEST_F(AdmissionTest, AWantReplacesTheRank) {
  Make(1);
  Admit(a_);
  Admit(b_, milliseconds(40));
  Admit(c_, milliseconds(20));
  admission_->Want(&b_, milliseconds(1), now_);
  admission_->Finish(milliseconds(1));
  EXPECT_EQ(Grants(), std::vector<Link*>{&c_});
}

TEST_F(AdmissionTest, AWantWithFreePlacesIsGrantedAtOnce) {
  Make(2);
  admission_->Want(&a_, milliseconds(1), now_);
  EXPECT_EQ(Grants(), std::vector<Link*>{&a_});
  admission_->Want(&a_, milliseconds(1), now_);
  EXPECT_EQ(Grants(), std::vector<Link*>{&a_});
  EXPECT_EQ(a_.reserved(), 2);
  admission_->Want(&a_, milliseconds(1), now_);
  EXPECT_TRUE(Grants().empty());
}

TEST_F(AdmissionTest, ADeclinedPlaceGoesToTheNext) {
  Make(1);
  Admit(a_);
  Admit(b_, milliseconds(9));
  Admit(c_);
  admission_->Finish(milliseconds(1));
  EXPECT_EQ(Grants(), std::vector<Link*>{&b_});
  EXPECT_EQ(admission_->Decline(&b_, 1), 1);
  EXPECT_EQ(Grants(), std::vector<Link*>{&c_});
}

TEST_F(AdmissionTest, NobodyDeclinesMoreThanWasGranted) {
  Make(2);
  admission_->Want(&a_, {}, now_);
  Grants();
  Admit(b_);
  EXPECT_EQ(admission_->Decline(&a_, 4'000'000'000u), 1);
  EXPECT_EQ(admission_->Decline(&a_, 1), 0);
  EXPECT_EQ(admission_->reserved(), 0);
  EXPECT_EQ(admission_->accepted(), 1);
}

TEST_F(AdmissionTest, AReservationEndsAfterAWhileAndThePlaceGoesOn) {
  Make(1);
  Admit(a_);
  Admit(b_, milliseconds(9));
  Admit(c_);
  admission_->Finish(milliseconds(1));
  Grants();
  ASSERT_EQ(admission_->NextDeadline(std::nullopt), now_ + Admission::kReservation);
  now_ += Admission::kReservation - microseconds(1);
  EXPECT_EQ(admission_->OnTimer(std::nullopt, now_).expired, 0);
  now_ += microseconds(1);
  EXPECT_EQ(admission_->OnTimer(std::nullopt, now_).expired, 1);
  EXPECT_EQ(Grants(), std::vector<Link*>{&c_});
  // Who comes too late is one among others.
  EXPECT_FALSE(Admit(b_));
}

TEST_F(AdmissionTest, NothingToWaitForMeansNoDeadline) {
  Make(1);
  EXPECT_EQ(admission_->NextDeadline(std::nullopt), std::nullopt);
  Admit(a_);
  Admit(b_);
  EXPECT_EQ(admission_->NextDeadline(std::nullopt), std::nullopt);
}

TEST_F(AdmissionTest, ALinkThatIsGoneFreesItsReservationsAndWaitsNoLonger) {
  Make(2);
  admission_->Want(&a_, milliseconds(2), now_);
  Grants();
  admission_->Want(&a_, milliseconds(2), now_);
  Grants();
  Admit(b_);
  Admit(a_);  // uses one of its two
  admission_->Want(&a_, milliseconds(9), now_);
  admission_->Remove(&a_);
  EXPECT_EQ(admission_->reserved(), 0);
  EXPECT_EQ(Grants(), std::vector<Link*>{&b_});
  // What it still asks for leaves no trace.
  EXPECT_FALSE(Admit(a_));
  admission_->Want(&a_, milliseconds(9), now_);
  EXPECT_EQ(admission_->waiting(), 0);
}

TEST_F(AdmissionTest, ADroppedRequestFreesItsPlace) {
  Make(1);
  Admit(a_);
  Admit(b_);
  admission_->Drop();
  EXPECT_EQ(admission_->accepted(), 0);
  EXPECT_EQ(Grants(), std::vector<Link*>{&b_});
}

TEST_F(AdmissionTest, DrainingRefusesAllAndGrantsNothing) {
  Make(2);
  Admit(a_);
  admission_->Want(&b_, {}, now_);
  Grants();
  Admit(c_);
  admission_->Drain();
  EXPECT_EQ(admission_->reserved(), 0);
  EXPECT_EQ(admission_->waiting(), 0);
  EXPECT_FALSE(Admit(b_));
  admission_->Want(&b_, {}, now_);
  admission_->Finish(milliseconds(1));
  EXPECT_TRUE(Grants().empty());
  EXPECT_EQ(admission_->NextDeadline(std::nullopt), std::nullopt);
}

TEST_F(AdmissionTest, RefusesWhileTooManyBytesAreHere) {
  Make(8, 1000);
  EXPECT_TRUE(Admit(a_, {}, 600));
  EXPECT_FALSE(Admit(b_, {}, 600));
  EXPECT_TRUE(Grants().empty());  // or it would come straight back
  EXPECT_FALSE(Admit(c_, {}, 1));
  admission_->Finish(milliseconds(1));
  admission_->ReleaseBytes(600);
  EXPECT_EQ(Grants(), (std::vector<Link*>{&b_, &c_}));
  EXPECT_TRUE(Admit(b_, {}, 600));
}

TEST_F(AdmissionTest, OneBodyAlwaysFits) {
  Make(1, 1000);
  EXPECT_TRUE(Admit(a_, {}, 5000));
  EXPECT_EQ(admission_->bytes(), 5000u);
}

TEST_F(AdmissionTest, SurvivesAbsurdWaits) {
  Make(1);
  Admit(a_);
  EXPECT_FALSE(Admit(b_, Duration::max()));
  admission_->Want(&c_, Duration::max(), now_);
  admission_->Finish(milliseconds(1));
  EXPECT_EQ(Grants().size(), 1u);
}

// Random operations keep the invariants that admission.h states.
TEST_F(AdmissionTest, InvariantsHoldUnderRandomUse) {
  Make(4);
  uint32_t random = 12345;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % below;
  };
  for (int i = 0; i < 200'000; ++i) {
    Link& link = links_[next(4)];
    now_ += microseconds(next(300));
    switch (next(6)) {
      case 0:
      case 1: {
        const bool reserved = link.reserved() > 0;
        const bool room = admission_->accepted() + admission_->reserved() < admission_->limit();
        EXPECT_EQ(Admit(link, microseconds(next(5000))), reserved || room);
        break;
      }
      case 2:
        admission_->Want(&link, microseconds(next(5000)), now_);
        break;
      case 3:
        admission_->Decline(&link, next(3));
        break;
      case 4:
        if (admission_->accepted() > 0) admission_->Finish(microseconds(1 + next(2000)));
        break;
      case 5:
        admission_->OnTimer(std::nullopt, now_);
        if (next(100) == 0) {
          admission_->Remove(&link);
          admission_->Add(&link);
        }
        break;
    }
    Grants();
    int reserved = 0;
    int waiting = 0;
    for (const Link& each : links_) {
      reserved += each.reserved();
      waiting += each.waiting();
    }
    ASSERT_EQ(reserved, admission_->reserved());
    ASSERT_EQ(waiting, admission_->waiting());
    ASSERT_GE(admission_->accepted(), 0);
    ASSERT_TRUE(waiting == 0 ||
                admission_->accepted() + admission_->reserved() >= admission_->limit());
  }
}

}  // namespace
}  // namespace anteroom::backend
