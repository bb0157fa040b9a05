// Everything that a front end sends is checked; what breaks a rule ends the link and frees what it
// held.
#include <functional>
#include <string>

#include "tests/backend/link_fixture.h"

namespace anteroom::backend {
namespace {

class LinkBreachTest : public LinkTest {
 protected:
  void ExpectRequestBreach(const std::function<void(v1::Request*)>& change) {
    v1::Request request = MakeRequest(1, "/size/1");
    change(&request);
    ReceiveRequest(request);
    ExpectBreach();
    EXPECT_EQ(pool_.load().accepted, 0);
    EXPECT_EQ(metrics_.breaches.value(), 1u);
  }
};

TEST_F(LinkBreachTest, ARequestWithoutAnId) {
  ExpectRequestBreach([](v1::Request* request) { request->set_id(0); });
}
TEST_F(LinkBreachTest, ARequestWithoutAMethod) {
  ExpectRequestBreach([](v1::Request* request) { request->clear_method(); });
}
TEST_F(LinkBreachTest, ARequestWithoutATarget) {
  ExpectRequestBreach([](v1::Request* request) { request->clear_target(); });
}
TEST_F(LinkBreachTest, ARequestIdThatCouldForgeALogLine) {
  ExpectRequestBreach([](v1::Request* request) { request->set_request_id("a\nb"); });
}
TEST_F(LinkBreachTest, ARequestIdThatIsTooLong) {
  ExpectRequestBreach([](v1::Request* request) { request->set_request_id(std::string(129, 'a')); });
}
TEST_F(LinkBreachTest, MoreBodyThanAnnounced) {
  ExpectRequestBreach([](v1::Request* request) {
    request->set_body("abc");
    request->set_body_size(2);
  });
}
TEST_F(LinkBreachTest, ASmallBodyThatIsNotWithItsHead) {
  ExpectRequestBreach([](v1::Request* request) { request->set_body_size(65536); });
}

TEST_F(LinkBreachTest, AnIdThatIsInUse) {
  ReceiveRequest(MakeRequest(1, "/gate"));
  ReceiveRequest(MakeRequest(1, "/gate"));
  ExpectBreach();
}

TEST_F(LinkBreachTest, OneBadRequestTakesTheGoodOnesOfItsBatchAlong) {
  v1::FrontendFrames frames;
  *frames.add_requests() = MakeRequest(1, "/gate");
  *frames.add_requests() = MakeRequest(0, "/gate");
  Receive(frames);
  ExpectBreach();
  EXPECT_EQ(pool_.load().accepted, 0);
  EXPECT_EQ(gate_.arrived(), 0);
}

TEST_F(LinkBreachTest, ASecondHello) {
  v1::FrontendFrames frames;
  frames.mutable_hello()->set_protocol(1);
  Receive(frames);
  ExpectBreach();
}

class LinkBodyTest : public LinkTest {
 protected:
  LinkBodyTest() {
    v1::Request request = MakeRequest(1, "/length");
    request.set_body_size(200'000);
    ReceiveRequest(request);
  }
};

TEST_F(LinkBodyTest, TakesAPlaceAndWaitsForItsBody) {
  EXPECT_EQ(pool_.load().accepted, 1);
  EXPECT_EQ(pool_.queued(), 0);
  for (int i = 0; i < 3; ++i) ReceiveChunk(1, 60'000, false);
  ReceiveChunk(1, 20'000, false);
  EXPECT_EQ(pool_.queued(), 0);
  ReceiveChunk(1, 0, true);
  EXPECT_EQ(transport_->Batch(1).responses(0).body(), "200000");
}
TEST_F(LinkBodyTest, AChunkThatIsTooLarge) {
  ReceiveChunk(1, Link::kChunk + 1, false);
  ExpectBreach();
}
TEST_F(LinkBodyTest, AChunkWithoutAnId) {
  ReceiveChunk(0, 1, false);
  ExpectBreach();
}
TEST_F(LinkBodyTest, ABodyThatEndsEarly) {
  ReceiveChunk(1, 10, true);
  ExpectBreach();
  EXPECT_EQ(pool_.load().accepted, 0);
}
TEST_F(LinkBodyTest, ABodyThatIsTooLong) {
  for (int i = 0; i < 3; ++i) ReceiveChunk(1, 65'000, false);
  ReceiveChunk(1, 10'000, false);
  ExpectBreach();
}
TEST_F(LinkBodyTest, CreditComesBackAsTheBodyComesIn) {
  v1::Request request = MakeRequest(2, "/length");
  request.set_body_size(host_.max_request_body);
  ReceiveRequest(request);
  for (size_t sent = 0; sent < Link::kRequestWindow / 2; sent += Link::kChunk) {
    EXPECT_EQ(transport_->batches(), 1u);
    ReceiveChunk(2, Link::kChunk, false);
  }
  const v1::BackendFrames batch = transport_->Batch(1);
  ASSERT_EQ(batch.windows_size(), 1);
  EXPECT_EQ(batch.windows(0).id(), 2u);
  EXPECT_EQ(batch.windows(0).bytes(), Link::kRequestWindow / 2);
}
TEST_F(LinkBodyTest, ChunksOfNobodyAreIgnored) {
  ReceiveChunk(77, 10, false);
  EXPECT_FALSE(transport_->closed().has_value());
}
TEST_F(LinkBodyTest, AChunkAfterTheEnd) {
  v1::Request request = MakeRequest(2, "/gate");
  ReceiveRequest(request);
  ReceiveChunk(2, 1, true);
  ExpectBreach();
}
TEST_F(LinkBodyTest, ALinkThatEndsMidBodyFreesThePlace) {
  ReceiveChunk(1, 1000, false);
  link_->OnReadEnd();
  EXPECT_EQ(pool_.load().accepted, 0);
}
TEST_F(LinkBodyTest, TooMuchCreditIsABreach) {
  v1::FrontendFrames credit;
  credit.add_windows()->set_id(1);
  credit.mutable_windows(0)->set_bytes(~uint64_t{0});
  Receive(credit);
  ExpectBreach();
}

TEST(LinkGreetingTest, AnotherProtocolIsRefusedAsSuch) {
  Router router;
  BackendMetrics metrics;
  WorkerPool pool({.min_threads = 0, .max_threads = 1});
  LinkHost host{&pool, &router, &metrics, "test", "0", 1 << 20};
  const auto transport = std::make_shared<FakeTransport>();
  const auto link = std::make_shared<Link>(&host, transport);
  link->Open("peer");
  transport->EndWrite(link.get());
  v1::FrontendFrames hello;
  hello.mutable_hello()->set_protocol(2);
  link->OnBatch(&hello);
  ASSERT_TRUE(transport->closed().has_value());
  EXPECT_EQ(transport->closed()->code(), absl::StatusCode::kFailedPrecondition);
}

TEST(LinkGreetingTest, ABatchBeforeTheHelloIsABreach) {
  Router router;
  BackendMetrics metrics;
  WorkerPool pool({.min_threads = 0, .max_threads = 1});
  LinkHost host{&pool, &router, &metrics, "test", "0", 1 << 20};
  const auto transport = std::make_shared<FakeTransport>();
  const auto link = std::make_shared<Link>(&host, transport);
  link->Open("peer");
  transport->EndWrite(link.get());
  v1::FrontendFrames frames;
  frames.mutable_ping()->set_number(1);
  link->OnBatch(&frames);
  ASSERT_TRUE(transport->closed().has_value());
  EXPECT_EQ(transport->closed()->code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace anteroom::backend
