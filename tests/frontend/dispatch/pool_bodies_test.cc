// Bodies of requests and answers through a pool, and the windows that bound them.
#include <memory>
#include <string>

#include "tests/frontend/dispatch/pool_fixture.h"

namespace anteroom::frontend {
namespace {

using Received = FakeBackend::Received;

class PoolBodiesTest : public PoolTest {};

INSTANTIATE_TEST_SUITE_P(Pumps, PoolBodiesTest, BothPumps(), PumpName);

TEST_P(PoolBodiesTest, SendsALargeBodyWithinItsWindow) {
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

TEST_P(PoolBodiesTest, ABodyThatHasToBeFetchedArrivesWhole) {
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

TEST_P(PoolBodiesTest, ALinkThatBreaksDuringAFetchLeavesNothingBehind) {
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
TEST_P(PoolBodiesTest, AnAnswerThatIsStillBeingFetchedHoldsNoPlace) {
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

TEST_P(PoolBodiesTest, AHandlerThatStreamsHoldsItsPlaceToTheEnd) {
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

TEST_P(PoolBodiesTest, AWindowOfAnySizeIsTaken) {
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

TEST_P(PoolBodiesTest, GivesCreditForALargeAnswerAsItIsConsumed) {
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

}  // namespace
}  // namespace anteroom::frontend
