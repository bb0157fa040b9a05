#include "frontend/dispatch/dispatcher.h"

#include <map>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Writes down what the dispatcher decides.
class Ledger final : public Dispatcher::Transport {
 public:
  void Send(uint32_t backend, Ticket* ticket) override { sent.emplace_back(backend, ticket); }
  void Decline(uint32_t backend, uint32_t places) override {
    declined.emplace_back(backend, places);
  }
  void Want(uint32_t backend, Duration oldest_wait) override {
    wanted.emplace_back(backend, oldest_wait);
  }

  std::vector<std::pair<uint32_t, Ticket*>> sent;
  std::vector<std::pair<uint32_t, uint32_t>> declined;
  std::vector<std::pair<uint32_t, Duration>> wanted;
};

class DispatcherTest : public testing::Test {
 protected:
  // One more request, and what becomes of it at once.
  Ticket* Submit(Ticket* ticket) {
    now_ += milliseconds(1);
    dispatcher_.Submit(ticket, now_);
    dispatcher_.Pump(now_);
    return ticket;
  }
  // Where the last one went.
  uint32_t LastBackend() const { return ledger_.sent.back().first; }

  Time now_ = Time() + std::chrono::hours(1);
  Ledger ledger_;
  Dispatcher dispatcher_{&ledger_, /*seed=*/7};
};

TEST_F(DispatcherTest, KeepsRequestsWhileNoBackendIsUp) {
  Ticket ticket;
  Submit(&ticket);
  EXPECT_TRUE(ticket.queued());
  EXPECT_EQ(dispatcher_.waiting(), 1u);
  dispatcher_.BackendUp(0, 1);
  dispatcher_.Pump(now_);
  EXPECT_THAT(ledger_.sent, ElementsAre(Pair(0u, &ticket)));
  EXPECT_FALSE(ticket.queued());
  EXPECT_EQ(dispatcher_.waiting(), 0u);
}

TEST_F(DispatcherTest, ChoosesTheLeastLoaded) {
  dispatcher_.BackendUp(0, 8);
  dispatcher_.BackendUp(1, 8);
  dispatcher_.BackendUp(2, 8);
  dispatcher_.OnLoad(0, 3, 8);
  dispatcher_.OnLoad(1, 1, 8);
  dispatcher_.OnLoad(2, 2, 8);
  std::vector<Ticket> tickets(6);
  for (Ticket& ticket : tickets) Submit(&ticket);
  std::map<uint32_t, int> count;
  for (const auto& [backend, ticket] : ledger_.sent) ++count[backend];
  EXPECT_THAT(count, ElementsAre(Pair(0u, 1), Pair(1u, 3), Pair(2u, 2)));
}

TEST_F(DispatcherTest, SpreadsTies) {
  constexpr int kBackends = 4;
  constexpr int kRequests = 4000;
  for (uint32_t i = 0; i < kBackends; ++i) dispatcher_.BackendUp(i, 1);
  std::map<uint32_t, int> first_choice;
  for (int i = 0; i < kRequests; ++i) {
    Ticket ticket;
    Submit(&ticket);
    ++first_choice[LastBackend()];
    dispatcher_.OnDone(LastBackend());
  }
  // With even odds 1000 each; 6 standard deviations are 164.
  for (uint32_t i = 0; i < kBackends; ++i) EXPECT_NEAR(first_choice[i], 1000, 170) << i;
}

TEST_F(DispatcherTest, CountsOnlyOthersInAReportedLoad) {
  dispatcher_.BackendUp(0, 4);
  dispatcher_.BackendUp(1, 4);
  Ticket a, b, c;
  Submit(&a);
  const uint32_t first = LastBackend();
  dispatcher_.OnLoad(first, 1, 4);  // that one is ours: it must not count twice
  Submit(&b);
  EXPECT_NE(LastBackend(), first);
  dispatcher_.OnLoad(1 - first, 3, 4);  // ours and two of others
  Submit(&c);
  EXPECT_EQ(LastBackend(), first);
}

TEST_F(DispatcherTest, NeverSendsMoreThanTheLimit) {
  dispatcher_.BackendUp(0, 2);
  Ticket a, b, c;
  Submit(&a);
  Submit(&b);
  Submit(&c);
  EXPECT_EQ(ledger_.sent.size(), 2u);
  EXPECT_TRUE(c.queued());
  dispatcher_.OnDone(0);
  dispatcher_.Pump(now_);
  EXPECT_EQ(ledger_.sent.back().second, &c);
  EXPECT_EQ(dispatcher_.outstanding(0), 2u);
}

TEST_F(DispatcherTest, FollowsALimitThatChanges) {
  dispatcher_.BackendUp(0, 1);
  Ticket a, b;
  Submit(&a);
  Submit(&b);
  EXPECT_TRUE(b.queued());
  dispatcher_.OnLoad(0, 1, 2);
  dispatcher_.Pump(now_);
  EXPECT_FALSE(b.queued());
}

TEST_F(DispatcherTest, LeavesABackendThatRefusedAloneUntilItGrants) {
  dispatcher_.BackendUp(0, 4);
  Ticket a, b;
  Submit(&a);
  dispatcher_.OnRefused(0, &a);
  dispatcher_.Pump(now_);
  Submit(&b);
  EXPECT_EQ(ledger_.sent.size(), 1u);
  EXPECT_EQ(dispatcher_.waiting(), 2u);
  EXPECT_EQ(dispatcher_.outstanding(0), 0u);
  dispatcher_.OnGrants(0, 1, now_);
  EXPECT_THAT(ledger_.sent.back(), Pair(0u, &a));
}

TEST_F(DispatcherTest, PutsRefusedRequestsBackByAge) {
  dispatcher_.BackendUp(0, 4);
  Ticket a, b, c;
  Submit(&a);
  Submit(&b);
  dispatcher_.OnRefused(0, &b);
  Submit(&c);
  dispatcher_.OnRefused(0, &a);
  dispatcher_.OnGrants(0, 3, now_);
  ASSERT_EQ(ledger_.sent.size(), 5u);
  EXPECT_EQ(ledger_.sent[2].second, &a);
  EXPECT_EQ(ledger_.sent[3].second, &b);
  EXPECT_EQ(ledger_.sent[4].second, &c);
}

TEST_F(DispatcherTest, SendsARefusedRequestElsewhere) {
  dispatcher_.BackendUp(0, 1);
  dispatcher_.BackendUp(1, 1);
  Ticket a;
  Submit(&a);
  const uint32_t first = LastBackend();
  dispatcher_.OnRefused(first, &a);
  dispatcher_.Pump(now_);
  EXPECT_THAT(ledger_.sent.back(), Pair(1 - first, &a));
}

TEST_F(DispatcherTest, DeclinesGrantsThatItDoesNotNeed) {
  dispatcher_.BackendUp(0, 4);
  Ticket a;
  Submit(&a);
  dispatcher_.OnRefused(0, &a);
  dispatcher_.OnGrants(0, 3, now_);
  EXPECT_THAT(ledger_.declined, ElementsAre(Pair(0u, 2u)));
  EXPECT_THAT(ledger_.wanted, IsEmpty());
}

TEST_F(DispatcherTest, WantsMoreWhileRequestsWait) {
  dispatcher_.BackendUp(0, 4);
  Ticket a, b;
  Submit(&a);
  Submit(&b);
  dispatcher_.OnRefused(0, &a);
  dispatcher_.OnRefused(0, &b);
  now_ = b.enqueued + milliseconds(40);
  dispatcher_.OnGrants(0, 1, now_);
  EXPECT_THAT(ledger_.wanted, ElementsAre(Pair(0u, Duration(milliseconds(40)))));
  EXPECT_THAT(ledger_.declined, IsEmpty());
}

TEST_F(DispatcherTest, AGrantEndsTheSilenceEvenWhenItIsDeclined) {
  dispatcher_.BackendUp(0, 4);
  Ticket a;
  Submit(&a);
  dispatcher_.OnRefused(0, &a);
  dispatcher_.Remove(&a);
  dispatcher_.OnGrants(0, 1, now_);
  EXPECT_THAT(ledger_.declined, ElementsAre(Pair(0u, 1u)));
  Ticket b;
  Submit(&b);
  EXPECT_FALSE(b.queued());
}

TEST_F(DispatcherTest, AGrantMayGoBeyondTheKnownLimit) {
  dispatcher_.BackendUp(0, 1);
  Ticket a, b;
  Submit(&a);
  Submit(&b);
  EXPECT_TRUE(b.queued());
  dispatcher_.OnGrants(0, 1, now_);
  EXPECT_FALSE(b.queued());
}

TEST_F(DispatcherTest, AReturnedRequestDoesNotSilenceItsBackend) {
  dispatcher_.BackendUp(0, 4);
  Ticket a;
  Submit(&a);
  dispatcher_.OnReturned(0, &a);
  EXPECT_EQ(dispatcher_.outstanding(0), 0u);
  dispatcher_.Pump(now_);
  EXPECT_THAT(ledger_.sent.back(), Pair(0u, &a));
  EXPECT_EQ(ledger_.sent.size(), 2u);
}

TEST_F(DispatcherTest, SendsNothingToADrainingBackend) {
  dispatcher_.BackendUp(0, 4);
  Ticket a, b;
  Submit(&a);
  dispatcher_.BackendDraining(0);
  Submit(&b);
  EXPECT_TRUE(b.queued());
  dispatcher_.OnGrants(0, 2, now_);
  EXPECT_TRUE(b.queued());
  EXPECT_THAT(ledger_.declined, ElementsAre(Pair(0u, 2u)));
  EXPECT_EQ(dispatcher_.outstanding(0), 1u);
  dispatcher_.OnDone(0);
  EXPECT_EQ(dispatcher_.outstanding(0), 0u);
}

TEST_F(DispatcherTest, AnIdThatComesBackStartsAfresh) {
  dispatcher_.BackendUp(0, 1);
  Ticket a;
  Submit(&a);
  dispatcher_.OnRefused(0, &a);
  dispatcher_.BackendDraining(0);
  dispatcher_.BackendDown(0);
  dispatcher_.BackendDown(0);  // idempotent
  EXPECT_EQ(dispatcher_.backends_up(), 0u);
  dispatcher_.BackendUp(0, 1);
  EXPECT_EQ(dispatcher_.backends_up(), 1u);
  dispatcher_.Pump(now_);
  EXPECT_THAT(ledger_.sent.back(), Pair(0u, &a));
  EXPECT_EQ(dispatcher_.outstanding(0), 1u);
}

TEST_F(DispatcherTest, RequeuedRequestsOfALostBackendGoElsewhere) {
  dispatcher_.BackendUp(0, 4);
  Ticket a, b;
  Submit(&a);
  Submit(&b);
  dispatcher_.BackendDown(0);
  dispatcher_.Requeue(&b);
  dispatcher_.Requeue(&a);
  dispatcher_.BackendUp(1, 4);
  dispatcher_.Pump(now_);
  ASSERT_EQ(ledger_.sent.size(), 4u);
  EXPECT_THAT(ledger_.sent[2], Pair(1u, &a));
  EXPECT_THAT(ledger_.sent[3], Pair(1u, &b));
}

TEST_F(DispatcherTest, IgnoresWhatABackendThatIsDownSays) {
  dispatcher_.BackendUp(0, 1);
  dispatcher_.BackendDown(0);
  Ticket a;
  Submit(&a);
  dispatcher_.OnGrants(0, 1, now_);
  dispatcher_.OnLoad(0, 0, 5);
  dispatcher_.OnDone(0);
  dispatcher_.OnDone(17);  // never heard of
  dispatcher_.Pump(now_);
  EXPECT_TRUE(a.queued());
  EXPECT_THAT(ledger_.sent, IsEmpty());
  EXPECT_THAT(ledger_.declined, IsEmpty());
}

TEST_F(DispatcherTest, ARemovedRequestIsNeverSent) {
  Ticket a, b, c;
  Submit(&a);
  Submit(&b);
  Submit(&c);
  dispatcher_.Remove(&b);
  EXPECT_FALSE(b.queued());
  EXPECT_EQ(dispatcher_.oldest(), &a);
  dispatcher_.BackendUp(0, 8);
  dispatcher_.Pump(now_);
  EXPECT_THAT(ledger_.sent, ElementsAre(Pair(0u, &a), Pair(0u, &c)));
}

std::vector<Ticket*> Drain(TicketQueue* queue) {
  std::vector<Ticket*> order;
  while (!queue->empty()) {
    order.push_back(queue->front());
    queue->Remove(queue->front());
  }
  return order;
}

TEST(TicketQueueTest, NewTicketsOfOneMomentKeepTheirOrder) {
  TicketQueue queue;
  Ticket a, b, c;
  for (Ticket* ticket : {&a, &b, &c}) queue.InsertNew(ticket);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_THAT(Drain(&queue), ElementsAre(&a, &b, &c));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(TicketQueueTest, TicketsThatComeBackStandByAge) {
  Ticket tickets[6];
  for (int i = 0; i < 6; ++i) tickets[i].enqueued = Time() + milliseconds(i);
  TicketQueue queue;
  queue.InsertNew(&tickets[1]);
  queue.InsertNew(&tickets[3]);
  queue.InsertNew(&tickets[5]);
  queue.InsertBack(&tickets[4]);
  queue.InsertBack(&tickets[0]);
  queue.InsertBack(&tickets[2]);
  EXPECT_THAT(Drain(&queue), ElementsAre(&tickets[0], &tickets[1], &tickets[2], &tickets[3],
                                         &tickets[4], &tickets[5]));
}

TEST(TicketQueueTest, RemovesFromAnyPlace) {
  Ticket a, b, c, d;
  TicketQueue queue;
  for (Ticket* ticket : {&a, &b, &c, &d}) queue.InsertNew(ticket);
  queue.Remove(&b);
  queue.Remove(&d);
  queue.Remove(&a);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_TRUE(c.queued());
  EXPECT_FALSE(a.queued());
  queue.InsertNew(&a);
  EXPECT_THAT(Drain(&queue), ElementsAre(&c, &a));
}

}  // namespace
}  // namespace anteroom::frontend
