#include "frontend/dispatch/pool.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/frontend/dispatch/pool_fixture.h"

namespace anteroom::frontend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Received = FakeBackend::Received;

INSTANTIATE_TEST_SUITE_P(Pumps, PoolTest, BothPumps(), PumpName);

TEST_P(PoolTest, AnswersARequest) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client("POST", "body", "X-Forwarded-For: 10.0.0.1\r\nX-A: 1\r\nX-A: 2\r\n");
  rig_.Submit(&client);
  const v1::Request request = backend.AwaitRequest(0);
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.target(), "/path?query");
  EXPECT_EQ(request.authority(), "test");
  EXPECT_EQ(request.body(), "body");
  EXPECT_EQ(request.body_size(), 4u);
  EXPECT_EQ(request.attempt(), 1u);
  EXPECT_EQ(request.request_id(), "request-id");
  EXPECT_TRUE(request.report_start());
  EXPECT_GT(request.timeout_us(), 0u);
  std::vector<std::string> fields;
  for (const v1::Header& header : request.headers()) {
    if (header.name() != "Host") fields.push_back(header.name() + ": " + header.value());
  }
  EXPECT_THAT(fields, testing::IsSupersetOf({"X-A: 1", "X-A: 2", "X-Forwarded-For: 192.0.2.7"}));
  EXPECT_THAT(fields, testing::Not(testing::Contains("X-Forwarded-For: 10.0.0.1")));
  backend.Answer(request.id(), "answer", 201);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.status, 201);
  EXPECT_EQ(client.body, "answer");
  EXPECT_EQ(client.exchange.state, ExchangeState::kIdle);
  EXPECT_EQ(*client.exchange.backend, "fake");
}

TEST_P(PoolTest, SendsAllOfOneTurnInOneMessage) {
  FakeBackend backend({.threads = 16});
  rig_.Start({backend.address()});
  rig_.AwaitLinks(1);
  std::vector<TestClient> clients(10);
  rig_.loop.Do([&] {
    for (TestClient& client : clients) rig_.SubmitOnLoop(&client);
  });
  backend.AwaitRequest(9);
  EXPECT_THAT(backend.Now().batch_sizes, ElementsAre(10u));
  for (const v1::Request& request : backend.Now().requests) backend.Answer(request.id());
  for (TestClient& client : clients) rig_.AwaitEnd(&client);
}

TEST_P(PoolTest, ARefusedRequestGoesElsewhere) {
  FakeBackend full;
  FakeBackend idle;
  rig_.Start({full.address()});
  rig_.AwaitLinks(1);
  TestClient client("POST");
  rig_.Submit(&client);
  const uint64_t id = full.AwaitRequest(0).id();
  rig_.loop.Do([&] { rig_.pool->SetBackends({full.address(), idle.address()}); });
  rig_.AwaitLinks(2);
  full.Refuse(id);
  const v1::Request again = idle.AwaitRequest(0);
  EXPECT_EQ(again.attempt(), 1u);  // it was not tried yet
  idle.Answer(again.id());
  rig_.AwaitEnd(&client);
  EXPECT_EQ(rig_.metrics.links.refused.value(), 1u);
  EXPECT_EQ(rig_.metrics.redone.value(), 0u);
}

TEST_P(PoolTest, ARefusedRequestWaitsForAGrant) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  backend.Refuse(backend.AwaitRequest(0).id());
  rig_.loop.Await("the queue", [&] { return client.exchange.queued(); });
  EXPECT_EQ(rig_.shared.waiting.load(), 1u);
  EXPECT_EQ(rig_.shared.waiting_bytes.load(), 1000u);
  backend.Grant(3);
  const v1::Request again = backend.AwaitRequest(1);
  EXPECT_EQ(rig_.shared.waiting.load(), 0u);
  backend.Await("two places given back", [](const Received& r) { return r.declined == 2; });
  EXPECT_EQ(WaitsObserved(), 0u);
  backend.Answer(again.id());
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.queued_again, 1);
  EXPECT_EQ(WaitsObserved(), 1u);
}

TEST_P(PoolTest, SaysThatItWantsMoreWhileRequestsWait) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient first;
  TestClient second;
  rig_.Submit(&first);
  rig_.Submit(&second);
  backend.Refuse(backend.AwaitRequest(0).id());
  backend.Refuse(backend.AwaitRequest(1).id());
  rig_.loop.Await("the queue", [&] { return first.exchange.queued() && second.exchange.queued(); });
  backend.Grant(1);
  backend.AwaitRequest(2);
  backend.Await("a want", [](const Received& r) { return r.wants == 1; });
  backend.Answer(backend.AwaitRequest(2).id());
  rig_.AwaitEnd(&first);
  backend.Answer(backend.AwaitRequest(3).id());
  rig_.AwaitEnd(&second);
}

TEST_P(PoolTest, AReturnedRequestIsSentAgain) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client("POST");
  rig_.Submit(&client);
  backend.Return(backend.AwaitRequest(0).id());
  const v1::Request again = backend.AwaitRequest(1);
  EXPECT_EQ(again.attempt(), 1u);
  backend.Answer(again.id());
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.queued_again, 1);
}

TEST_P(PoolTest, ACancelledRequestIsTakenBackAndItsLateAnswerDropped) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  auto client = std::make_unique<TestClient>("PUT", Pattern(300'000));
  rig_.Submit(client.get());
  const uint64_t id = backend.AwaitRequest(0).id();
  rig_.Cancel(client.get());
  client.reset();
  backend.Await("the cancel",
                [id](const Received& r) { return r.cancels == std::vector<uint64_t>{id}; });
  backend.Answer(id);
  TestClient next;
  rig_.Submit(&next);
  const uint64_t next_id = backend.AwaitRequest(1).id();
  EXPECT_NE(next_id, id);
  backend.Answer(next_id, "next");
  rig_.AwaitEnd(&next);
  EXPECT_EQ(next.body, "next");
  EXPECT_EQ(rig_.metrics.links.late_replies.value(), 1u);
}

TEST_P(PoolTest, ARequestCancelledInItsTurnNeverLeaves) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  rig_.AwaitLinks(1);
  TestClient cancelled;
  TestClient sent;
  rig_.loop.Do([&] {
    rig_.SubmitOnLoop(&cancelled);
    rig_.SubmitOnLoop(&sent);
    rig_.pool->Cancel(&cancelled.exchange);
    rig_.pool->Cancel(&cancelled.exchange);  // harmless
  });
  backend.Answer(backend.AwaitRequest(0).id());
  rig_.AwaitEnd(&sent);
  EXPECT_EQ(backend.Now().requests.size(), 1u);
  EXPECT_THAT(backend.Now().cancels, IsEmpty());
}

TEST_P(PoolTest, ACancelledWaiterLeavesTheQueue) {
  rig_.Start({});
  TestClient client;
  rig_.Submit(&client);
  EXPECT_EQ(rig_.shared.waiting.load(), 1u);
  rig_.Cancel(&client);
  EXPECT_EQ(rig_.shared.waiting.load(), 0u);
  EXPECT_EQ(rig_.shared.waiting_bytes.load(), 0u);
}

TEST_P(PoolTest, TheQueueIsBoundedByCount) {
  rig_.config.queue.requests = 2;
  rig_.Start({});
  std::vector<TestClient> clients(3);
  rig_.Submit(&clients[0]);
  rig_.Submit(&clients[1]);
  rig_.loop.Do([&] { EXPECT_EQ(rig_.SubmitOnLoop(&clients[2]), Outcome::kQueueFull); });
  EXPECT_EQ(rig_.shared.waiting.load(), 2u);
  EXPECT_EQ(rig_.metrics.queue_full.value(), 1u);
  for (TestClient& client : clients) rig_.Cancel(&client);
}

TEST_P(PoolTest, TheQueueIsBoundedByBytes) {
  rig_.config.queue.bytes = 1500;
  rig_.Start({});
  std::vector<TestClient> clients(2);
  rig_.Submit(&clients[0]);
  rig_.loop.Do([&] { EXPECT_EQ(rig_.SubmitOnLoop(&clients[1]), Outcome::kQueueFull); });
  rig_.Cancel(&clients[0]);
}

// RFC 9110, section 9.3.2.
TEST_P(PoolTest, AnAnswerToHeadMayAnnounceABodyThatDoesNotCome) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client("HEAD");
  rig_.Submit(&client);
  v1::BackendFrames frames;
  v1::Response* response = frames.add_responses();
  response->set_id(backend.AwaitRequest(0).id());
  response->set_status(200);
  response->set_size_known(true);
  response->set_body_size(12345);
  response->set_last(true);
  backend.Send(frames);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(rig_.metrics.links.breaches.value(), 0u);
}

TEST_P(PoolTest, ADrainingBackendGetsNothingNewAndFinishesWhatItHas) {
  FakeBackend draining;
  FakeBackend other({.answers_all = true});
  rig_.Start({draining.address()});
  TestClient old;
  rig_.Submit(&old);
  const uint64_t id = draining.AwaitRequest(0).id();
  rig_.loop.Do([&] { rig_.pool->SetBackends({draining.address(), other.address()}); });
  rig_.AwaitLinks(2);
  v1::BackendFrames frames;
  frames.set_draining(true);
  frames.set_grants(1);
  draining.Send(frames);
  draining.Await("the declined place", [](const Received& r) { return r.declined == 1; });
  std::vector<TestClient> clients(8);
  for (TestClient& client : clients) {
    rig_.Submit(&client);
    rig_.AwaitEnd(&client);
  }
  EXPECT_EQ(draining.Now().requests.size(), 1u);
  draining.Answer(id);
  rig_.AwaitEnd(&old);
  EXPECT_EQ(old.status, 200);
}

TEST_P(PoolTest, ABackendThatIsNoLongerListedFinishesWhatItHasAndIsLeft) {
  FakeBackend leaving;
  FakeBackend staying;
  rig_.Start({leaving.address(), staying.address()});
  rig_.AwaitLinks(2);
  std::vector<TestClient> clients(2);
  for (TestClient& client : clients) rig_.Submit(&client);
  const uint64_t id = leaving.AwaitRequest(0).id();
  rig_.loop.Do([&] { rig_.pool->SetBackends({staying.address()}); });
  staying.Answer(staying.AwaitRequest(0).id());
  rig_.loop.Await("one answer", [&] { return clients[0].ends + clients[1].ends == 1; });
  EXPECT_EQ(rig_.metrics.links_up.value(), 2);
  leaving.Answer(id);
  for (TestClient& client : clients) rig_.AwaitEnd(&client);
  rig_.AwaitLinks(1);
  leaving.Await("the end of the stream", [](const Received& r) { return r.open_streams == 0; });
  EXPECT_EQ(clients[0].status + clients[1].status, 400);
  // The healthy link was not touched, and nobody goes back to the other.
  EXPECT_EQ(staying.Now().streams, 1);
  EXPECT_EQ(leaving.Now().streams, 1);
  EXPECT_EQ(rig_.metrics.links.connects.value(), 2u);
}

TEST_P(PoolTest, AnIdleBackendThatIsNoLongerListedIsLeftAtOnceAndMayReturn) {
  FakeBackend backend({.answers_all = true});
  rig_.Start({backend.address()});
  rig_.AwaitLinks(1);
  rig_.loop.Do([&] { rig_.pool->SetBackends({}); });
  rig_.AwaitLinks(0);
  rig_.loop.Do([&] { rig_.pool->SetBackends({backend.address()}); });
  TestClient client;
  rig_.Submit(&client);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(backend.Now().streams, 2);
}

TEST_P(PoolTest, TheSameListAgainChangesNothing) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  rig_.AwaitLinks(1);
  for (int i = 0; i < 3; ++i) {
    rig_.loop.Do([&] { rig_.pool->SetBackends({backend.address()}); });
  }
  EXPECT_EQ(rig_.metrics.links.connects.value(), 1u);
  EXPECT_EQ(rig_.metrics.links_up.value(), 1);
}

// What PoolRig's destructor asserts is the point: the streams are given back.
TEST_P(PoolTest, MayBeDestroyedWithStreamsOpenAndBackendsInEveryState) {
  FakeBackend up;
  FakeBackend stuck({.request_window = 64 << 20, .reads = false});
  FakeBackend mute({.says_hello = false});
  rig_.Start({up.address(), stuck.address(), {"127.0.0.1", 1}});
  rig_.AwaitLinks(2);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<TestClient>("PUT", Pattern(5'000'000)));
    rig_.Submit(clients.back().get());
  }
  up.AwaitRequest(0);
  rig_.loop.Do([&] {
    for (const auto& client : clients) rig_.pool->Cancel(&client->exchange);
    clients.clear();
    rig_.pool.reset();
  });
}

}  // namespace
}  // namespace anteroom::frontend
