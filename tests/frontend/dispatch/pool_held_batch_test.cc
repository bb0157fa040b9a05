// A small batch for a busy backend waits for a message that it can go with.
#include <chrono>
#include <memory>
#include <vector>

#include "tests/frontend/dispatch/pool_fixture.h"

namespace anteroom::frontend {
namespace {

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
      bool ended = false;
      rig_.loop.Do([&] { ended = clients_[i - 1]->ends > 0; });
      if (!ended) backend_.Answer(backend_.AwaitRequest(i).id());
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

}  // namespace
}  // namespace anteroom::frontend
