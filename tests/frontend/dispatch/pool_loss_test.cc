// Links that break, and exchanges that backends give up: what is done again, and what is lost.
#include <memory>
#include <string>

#include "tests/frontend/dispatch/pool_fixture.h"

namespace anteroom::frontend {
namespace {

using testing::HasSubstr;

class PoolLossTest : public PoolTest {};

INSTANTIATE_TEST_SUITE_P(Pumps, PoolLossTest, BothPumps(), PumpName);

TEST_P(PoolLossTest, AGetUnderABrokenLinkIsAnsweredByAnother) {
  auto dying = std::make_unique<FakeBackend>();
  FakeBackend other;
  rig_.Start({dying->address()});
  TestClient client;
  rig_.Submit(&client);
  dying->AwaitRequest(0);
  rig_.loop.Do([&] { rig_.pool->SetBackends({dying->address(), other.address()}); });
  rig_.AwaitLinks(2);
  dying.reset();
  const v1::Request again = other.AwaitRequest(0);
  EXPECT_EQ(again.attempt(), 2u);
  other.Answer(again.id(), "other");
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.body, "other");
  EXPECT_EQ(client.queued_again, 1);
  EXPECT_EQ(rig_.metrics.redone.value(), 1u);
}

TEST_P(PoolLossTest, APostUnderABrokenLinkIsLost) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient sent("POST");
  TestClient started("POST");
  rig_.Submit(&sent);
  backend.AwaitRequest(0);
  rig_.Submit(&started);
  backend.Start(backend.AwaitRequest(1).id());
  rig_.loop.Await("the start", [&] { return started.exchange.state == ExchangeState::kStarted; });
  backend.CutStreams();
  rig_.AwaitEnd(&sent);
  rig_.AwaitEnd(&started);
  EXPECT_EQ(sent.failure, Outcome::kBackendLost);
  EXPECT_THAT(sent.reason, HasSubstr("not known to have started"));
  EXPECT_EQ(started.failure, Outcome::kBackendLost);
  EXPECT_THAT(started.reason, HasSubstr("; started"));
  EXPECT_EQ(sent.ends + started.ends, 2);
}

TEST_P(PoolLossTest, AnAnswerThatHadBegunIsNotRedone) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  backend.Head(backend.AwaitRequest(0).id(), 1000);
  rig_.loop.Await("the head", [&] { return client.heads == 1; });
  backend.CutStreams();
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendLost);
  EXPECT_THAT(client.reason, HasSubstr("answering"));
}

TEST_P(PoolLossTest, ARequestThatBreaksLinksIsGivenUp) {
  FakeBackend fragile({.dies_of_requests = true});
  rig_.Start({fragile.address()});
  TestClient client;
  rig_.Submit(&client);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendLost);
  EXPECT_EQ(fragile.Now().requests.size(), size_t{Pool::kMaxBroken});
}

// What still lies in the outbox has not left, so that even a POST may go elsewhere.
TEST_P(PoolLossTest, WhatHadNotBeenSentIsSentElsewhere) {
  // Found dead by its pings, which it does not read either.
  FakeBackend stuck({.request_window = 64 << 20, .reads = false});
  FakeBackend other;
  rig_.links.ping_after = std::chrono::milliseconds(100);
  rig_.links.ping_timeout = std::chrono::milliseconds(3000);
  rig_.Start({stuck.address()});
  rig_.AwaitLinks(1);
  TestClient large("POST", Pattern(20'000'000));
  rig_.Submit(&large);
  uint64_t sent_before = 0;
  int looks = 0;
  rig_.loop.Await("the upload to be stuck", [&] {
    const uint64_t sent = large.exchange.body_sent;
    looks = sent > 0 && sent == sent_before ? looks + 1 : 0;
    sent_before = sent;
    return looks == 200;  // milliseconds: what gRPC and the kernel still take has been taken
  });
  TestClient behind("POST", "behind");
  rig_.Submit(&behind);
  rig_.loop.Do([&] {
    EXPECT_TRUE(large.exchange.encoded);
    EXPECT_FALSE(behind.exchange.encoded);
    rig_.pool->SetBackends({stuck.address(), other.address()});
  });
  const v1::Request again = other.AwaitRequest(0);
  EXPECT_EQ(again.body(), "behind");
  EXPECT_EQ(again.attempt(), 1u);
  other.Answer(again.id());
  rig_.AwaitEnd(&behind);
  rig_.AwaitEnd(&large);
  EXPECT_EQ(behind.status, 200);
  EXPECT_EQ(large.failure, Outcome::kBackendLost);
}

TEST_P(PoolLossTest, AnAbortedRequestFailsAndIsNotRedone) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  backend.Abort(backend.AwaitRequest(0).id(), "the handler gave up");
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendInvalid);
  EXPECT_EQ(client.reason, "the handler gave up");
}

TEST_P(PoolLossTest, AReasonInAnyEncodingCostsNoLink) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  backend.Abort(backend.AwaitRequest(0).id(), "no file caf\xe9.jpg");
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.reason, "no file caf\xe9.jpg");
  EXPECT_EQ(rig_.metrics.links.lost.value(), 0u);
}

}  // namespace
}  // namespace anteroom::frontend
