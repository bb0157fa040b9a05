#include "frontend/dispatch/pool.h"

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/dispatch/fake_backend.h"
#include "tests/frontend/dispatch/pool_rig.h"
#include "tests/frontend/dispatch/pumps.h"

namespace anteroom::frontend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Received = FakeBackend::Received;

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

class PoolTest : public testing::TestWithParam<CompletionPump> {
 protected:
  // Requests of which the metric knows how long they waited.
  uint64_t WaitsObserved() {
    HistogramTotals totals;
    rig_.metrics.wait.AddTo(&totals);
    return std::accumulate(totals.counts.begin(), totals.counts.end(), uint64_t{0});
  }
  PoolRig rig_{GetParam()};
};

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

TEST_P(PoolTest, SendsALargeBodyWithinItsWindow) {
  FakeBackend backend({.request_window = 100'000});
  rig_.Start({backend.address()});
  const std::string body = Pattern(500'000);
  TestClient upload("PUT", body);
  TestClient small;
  rig_.Submit(&upload);
  const uint64_t id = backend.AwaitRequest(0).id();
  constexpr size_t kInline = 64 * 1024;
  const auto arrived = [id](size_t bytes) {
    return [id, bytes](const Received& received) { return received.bodies.at(id).size() == bytes; };
  };
  backend.Await("the window's worth", arrived(kInline + 100'000));
  // A small request passes the upload that is stuck, and no more of the upload comes with it.
  rig_.Submit(&small);
  backend.Answer(backend.AwaitRequest(1).id());
  rig_.AwaitEnd(&small);
  EXPECT_EQ(backend.Now().bodies.at(id).size(), kInline + 100'000);
  EXPECT_FALSE(backend.Now().complete.at(id));

  v1::BackendFrames credit;
  credit.add_windows()->set_id(id);
  credit.mutable_windows(0)->set_bytes(150'000);
  backend.Send(credit);
  backend.Await("what the credit allows", arrived(kInline + 250'000));
  credit.mutable_windows(0)->set_bytes(~uint64_t{0});  // more than there is, and no overflow
  backend.Send(credit);
  backend.Await("the whole body", [id](const Received& r) { return r.complete.at(id); });
  EXPECT_EQ(backend.Now().bodies.at(id), body);
  EXPECT_LE(backend.Now().largest_chunk, 64u * 1024);
  backend.Answer(id);
  rig_.AwaitEnd(&upload);
}

// A body of which a piece at a time is in memory, as from a disk that knows nothing in advance.
class DiskBody final : public BodySource {
 public:
  DiskBody(std::string text, PoolRig* rig, Exchange* exchange)
      : text_(std::move(text)), rig_(rig), exchange_(exchange) {}
  uint64_t size() const override { return text_.size(); }
  absl::string_view Peek(uint64_t offset) override {
    const bool there = offset >= begin_ && offset < end_;
    return there ? absl::string_view(text_).substr(offset, end_ - offset) : absl::string_view();
  }
  void Fetch(uint64_t offset) override {
    ++fetches;
    begin_ = end_ = 0;
    rig_->loop.loop()->Post([this, offset] {
      if (held) return;
      begin_ = offset;
      end_ = std::min<uint64_t>(offset + kPiece, text_.size());
      rig_->pool->OnBodyReadable(exchange_);
    });
  }
  void Release() override { ++releases; }

  // Loop thread only.
  bool held = false;  // nothing comes from the disk
  int fetches = 0;
  int releases = 0;

 private:
  static constexpr uint64_t kPiece = 100'000;  // no multiple of a chunk

  const std::string text_;
  PoolRig* const rig_;
  Exchange* const exchange_;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
};

TEST_P(PoolTest, ABodyThatHasToBeFetchedArrivesWhole) {
  FakeBackend backend({.request_window = 256 * 1024});
  rig_.Start({backend.address()});
  const std::string text = Pattern(1'000'000);
  TestClient upload("PUT");
  DiskBody body(text, &rig_, &upload.exchange);
  upload.exchange.body = &body;
  rig_.Submit(&upload);
  const uint64_t id = backend.AwaitRequest(0).id();
  for (int i = 0; i < 4; ++i) {
    v1::BackendFrames credit;
    credit.add_windows()->set_id(id);
    credit.mutable_windows(0)->set_bytes(256 * 1024);
    backend.Send(credit);
  }
  backend.Await("the whole body", [id](const Received& r) { return r.complete.at(id); });
  EXPECT_TRUE(backend.Now().bodies.at(id) == text);
  backend.Answer(id);
  rig_.AwaitEnd(&upload);
  rig_.loop.Do([&] {
    EXPECT_EQ(body.fetches, 10);
    EXPECT_EQ(body.releases, 1);
  });
}

TEST_P(PoolTest, ALinkThatBreaksDuringAFetchLeavesNothingBehind) {
  FakeBackend backend({.request_window = 256 * 1024});
  rig_.Start({backend.address()});
  const std::string text = Pattern(200'000);  // within the first window
  TestClient upload("PUT");
  DiskBody body(text, &rig_, &upload.exchange);
  body.held = true;
  upload.exchange.body = &body;
  rig_.Submit(&upload);
  backend.AwaitRequest(0);
  rig_.loop.Await("a fetch", [&] { return body.fetches == 1; });
  rig_.loop.Do([&] { EXPECT_TRUE(upload.exchange.fetching); });
  backend.CutStreams();
  rig_.loop.Await("the break", [&] { return upload.queued_again == 1; });
  rig_.loop.Do([&] {
    if (upload.exchange.link == nullptr) {
      EXPECT_FALSE(upload.exchange.fetching);
    }
    body.held = false;
    rig_.pool->OnBodyReadable(&upload.exchange);  // of the first fetch, late
  });
  const uint64_t id = backend.AwaitRequest(1).id();
  backend.Await("the whole body", [id](const Received& r) { return r.complete.at(id); });
  EXPECT_TRUE(backend.Now().bodies.at(id) == text);
  backend.Answer(id);
  rig_.AwaitEnd(&upload);
  EXPECT_EQ(upload.status, 200);
}

// The thread is free when the handler has returned, however long its answer takes to be fetched.
TEST_P(PoolTest, AnAnswerThatIsStillBeingFetchedHoldsNoPlace) {
  FakeBackend backend({.threads = 1});
  rig_.Start({backend.address()});
  TestClient slow;
  rig_.Submit(&slow);
  const uint64_t id = backend.AwaitRequest(0).id();
  backend.Head(id, 100);
  rig_.loop.Await("the head", [&] { return slow.status == 200; });
  TestClient next;
  rig_.Submit(&next);
  backend.Answer(backend.AwaitRequest(1).id());
  rig_.AwaitEnd(&next);
  EXPECT_EQ(next.status, 200);
  backend.Chunk(id, std::string(100, 'x'), /*last=*/true);
  rig_.AwaitEnd(&slow);
  EXPECT_EQ(rig_.metrics.in_flight.value(), 0);
  // Freed once: of two more, one has to wait.
  TestClient third;
  TestClient fourth;
  rig_.Submit(&third);
  rig_.Submit(&fourth);
  const uint64_t third_id = backend.AwaitRequest(2).id();
  rig_.loop.Do([&] { EXPECT_EQ(fourth.exchange.state, ExchangeState::kWaiting); });
  backend.Answer(third_id);
  backend.Answer(backend.AwaitRequest(3).id());
  rig_.AwaitEnd(&fourth);
}

TEST_P(PoolTest, AHandlerThatStreamsHoldsItsPlaceToTheEnd) {
  FakeBackend backend({.threads = 1});
  rig_.Start({backend.address()});
  TestClient stream;
  rig_.Submit(&stream);
  const uint64_t id = backend.AwaitRequest(0).id();
  backend.Head(id, 0, /*size_known=*/false);
  rig_.loop.Await("the head", [&] { return stream.status == 200; });
  TestClient next;
  rig_.Submit(&next);
  rig_.loop.Do([&] { EXPECT_EQ(next.exchange.state, ExchangeState::kWaiting); });
  backend.Chunk(id, "x", /*last=*/true);
  backend.Answer(backend.AwaitRequest(1).id());
  rig_.AwaitEnd(&next);
  EXPECT_EQ(next.status, 200);
}

TEST_P(PoolTest, AWindowOfAnySizeIsTaken) {
  FakeBackend backend({.request_window = ~uint64_t{0}});
  rig_.Start({backend.address()});
  const std::string body = Pattern(3'000'000);
  TestClient upload("PUT", body);
  rig_.Submit(&upload);
  const uint64_t id = backend.AwaitRequest(0).id();
  v1::BackendFrames credit;
  credit.add_windows()->set_id(id);
  credit.mutable_windows(0)->set_bytes(1);
  backend.Send(credit);
  backend.Await("the whole body", [id](const Received& r) { return r.complete.at(id); });
  EXPECT_EQ(backend.Now().bodies.at(id), body);
  backend.Answer(id);
  rig_.AwaitEnd(&upload);
}

TEST_P(PoolTest, GivesCreditForALargeAnswerAsItIsConsumed) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  const v1::Request request = backend.AwaitRequest(0);
  const std::string body = Pattern(2 * request.response_window());
  const std::string first = body.substr(0, request.response_window());
  backend.Head(request.id(), body.size());
  backend.Chunk(request.id(), first);
  rig_.loop.Await("the first window", [&] { return client.body.size() == first.size(); });
  EXPECT_EQ(backend.Now().credit[request.id()], 0u);
  rig_.loop.Do([&] { rig_.pool->Consumed(&client.exchange, first.size()); });
  backend.Await("credit", [&](const Received& r) {
    return r.credit.contains(request.id()) && r.credit.at(request.id()) == first.size();
  });
  backend.Chunk(request.id(), body.substr(first.size()), /*last=*/true);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.body, body);
  EXPECT_EQ(client.heads, 1);
  EXPECT_EQ(client.failure, std::nullopt);
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

class HeldBatchTest : public PoolTest {
 protected:
  // A backend of one thread that takes a hundred requests, and has `before` of them.
  void Start(size_t before) {
    rig_.Start({backend_.address()});
    rig_.AwaitLinks(1);
    v1::BackendFrames frames;
    frames.mutable_load()->set_limit(100);
    backend_.Send(frames);
    TestClient probe;  // comes back when the load has come
    rig_.Submit(&probe);
    backend_.Answer(backend_.AwaitRequest(0).id());
    rig_.AwaitEnd(&probe);
    for (size_t i = 0; i < before; ++i) {
      clients_.push_back(std::make_unique<TestClient>());
      rig_.Submit(clients_.back().get());
      backend_.AwaitRequest(1 + i);
    }
  }
  void AnswerAll(size_t count) {
    for (size_t i = 1; i <= count; ++i) {
      if (!clients_[i - 1]->ends) backend_.Answer(backend_.AwaitRequest(i).id());
      rig_.AwaitEnd(clients_[i - 1].get());
    }
  }
  // Each in a turn of its own.
  void SubmitMore(int count) {
    for (int i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<TestClient>());
      rig_.Submit(clients_.back().get());
    }
  }
  FakeBackend backend_{{.threads = 1}};
  std::vector<std::unique_ptr<TestClient>> clients_;
};

INSTANTIATE_TEST_SUITE_P(Pumps, HeldBatchTest, BothPumps(), PumpName);

TEST_P(HeldBatchTest, GoesOutWithTheNextMessageFromTheBackend) {
  rig_.links.longest_hold = std::chrono::hours(1);
  Start(4);
  SubmitMore(3);
  EXPECT_EQ(backend_.Now().requests.size(), 5u);
  backend_.Answer(backend_.AwaitRequest(1).id());
  backend_.AwaitRequest(7);
  EXPECT_EQ(backend_.Now().batch_sizes.back(), 3u);
  rig_.AwaitEnd(clients_[0].get());
  AnswerAll(7);
}

TEST_P(HeldBatchTest, GoesOutWhenItsTimeIsUp) {
  rig_.links.longest_hold = std::chrono::milliseconds(5);
  Start(4);
  SubmitMore(1);
  backend_.AwaitRequest(5);
  AnswerAll(5);
}

TEST_P(HeldBatchTest, GoesOutWhenItHasGrown) {
  rig_.links.longest_hold = std::chrono::hours(1);
  Start(4);
  SubmitMore(16);
  backend_.AwaitRequest(20);
  EXPECT_EQ(backend_.Now().batch_sizes.back(), 16u);
  AnswerAll(20);
}

// Their threads are free, however long the clients take to read.
TEST_P(HeldBatchTest, AnswersThatAreStillComingAreNoWork) {
  rig_.links.longest_hold = std::chrono::hours(1);
  Start(4);
  const uint64_t first = backend_.AwaitRequest(1).id();
  backend_.Head(first, 10);
  rig_.loop.Await("the head", [&] { return clients_[0]->heads == 1; });
  SubmitMore(1);
  backend_.AwaitRequest(5);
  backend_.Chunk(first, "0123456789", /*last=*/true);
  rig_.AwaitEnd(clients_[0].get());
  AnswerAll(5);
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

TEST_P(PoolTest, AGetUnderABrokenLinkIsAnsweredByAnother) {
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

TEST_P(PoolTest, APostUnderABrokenLinkIsLost) {
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

TEST_P(PoolTest, AnAnswerThatHadBegunIsNotRedone) {
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

TEST_P(PoolTest, ARequestThatBreaksLinksIsGivenUp) {
  FakeBackend fragile({.dies_of_requests = true});
  rig_.Start({fragile.address()});
  TestClient client;
  rig_.Submit(&client);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendLost);
  EXPECT_EQ(fragile.Now().requests.size(), size_t{Pool::kMaxBroken});
}

// What still lies in the outbox has not left, so that even a POST may go elsewhere.
TEST_P(PoolTest, WhatHadNotBeenSentIsSentElsewhere) {
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

TEST_P(PoolTest, AnAbortedRequestFailsAndIsNotRedone) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  backend.Abort(backend.AwaitRequest(0).id(), "the handler gave up");
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendInvalid);
  EXPECT_EQ(client.reason, "the handler gave up");
}

TEST_P(PoolTest, AReasonInAnyEncodingCostsNoLink) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient client;
  rig_.Submit(&client);
  backend.Abort(backend.AwaitRequest(0).id(), "no file caf\xe9.jpg");
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.reason, "no file caf\xe9.jpg");
  EXPECT_EQ(rig_.metrics.links.lost.value(), 0u);
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
