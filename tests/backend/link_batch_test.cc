// What a link sends, and when.
#include <string>

#include "tests/backend/link_fixture.h"

namespace anteroom::backend {
namespace {

class LinkBatchTest : public LinkTest {};

TEST_F(LinkBatchTest, TheFirstBatchIsTheHello) {
  const v1::BackendFrames first = transport_->Batch(0);
  EXPECT_EQ(first.hello().protocol(), 1u);
  EXPECT_EQ(first.hello().threads(), 2u);
  EXPECT_EQ(first.hello().backend(), "test");
  EXPECT_EQ(first.load().limit(), 2u);
}

TEST_F(LinkBatchTest, ASmallAnswerIsOneFrame) {
  ReceiveRequest(MakeRequest(1, "/size/5"));
  const v1::BackendFrames batch = transport_->Batch(1);
  ASSERT_EQ(batch.responses_size(), 1);
  const v1::Response& response = batch.responses(0);
  EXPECT_EQ(response.id(), 1u);
  EXPECT_EQ(response.status(), 200u);
  EXPECT_EQ(response.body(), "bbbbb");
  EXPECT_TRUE(response.last());
  EXPECT_TRUE(response.size_known());
  EXPECT_EQ(response.body_size(), 5u);
  EXPECT_EQ(batch.load().running(), 0u);
}

TEST_F(LinkBatchTest, WhatGathersDuringAWriteGoesOutTogether) {
  ReceiveRequest(MakeRequest(1, "/size/1"));
  transport_->Batch(1);  // in flight now
  for (uint64_t id = 2; id < 6; ++id) {
    ReceiveRequest(MakeRequest(id, "/size/1"));
    AwaitIdle();
  }
  EXPECT_EQ(transport_->batches(), 2u);
  pool_.Stop();  // the last Deliver() comes after that
  transport_->EndWrite(link_.get());
  EXPECT_EQ(transport_->Batch(2).responses_size(), 4);
  transport_->EndWrite(link_.get());
  EXPECT_EQ(transport_->batches(), 3u);
}

TEST_F(LinkBatchTest, ABatchHoldsNoMoreThanItMay) {
  v1::FrontendFrames ping;
  ping.mutable_ping()->set_number(1);
  Receive(ping);  // in flight
  for (uint64_t id = 1; id <= 40; ++id) {
    ReceiveRequest(MakeRequest(id, "/size/60000"));
    AwaitIdle();
  }
  pool_.Stop();
  int responses = 0;
  for (size_t number = 2; responses < 40; ++number) {
    transport_->EndWrite(link_.get());
    const v1::BackendFrames batch = transport_->Batch(number);
    ASSERT_GT(batch.responses_size(), 0);
    EXPECT_LE(batch.ByteSizeLong(), Link::kBatch + Link::kChunk + 4096);
    for (const v1::Response& response : batch.responses()) {
      EXPECT_EQ(response.body().size(), 60000u);  // up to 64 KiB come whole
      EXPECT_TRUE(response.last());
    }
    responses += batch.responses_size();
  }
  EXPECT_EQ(responses, 40);
}

TEST_F(LinkBatchTest, BigBodiesTakeTurnsAndASmallAnswerOvertakesThem) {
  v1::FrontendFrames ping;
  ping.mutable_ping()->set_number(1);
  Receive(ping);
  ReceiveRequest(MakeRequest(1, "/size/1000000"));
  AwaitIdle();
  ReceiveRequest(MakeRequest(2, "/size/1000000"));
  AwaitIdle();
  ReceiveRequest(MakeRequest(3, "/size/10"));
  AwaitIdle();
  pool_.Stop();
  transport_->EndWrite(link_.get());
  const v1::BackendFrames first = transport_->Batch(2);
  EXPECT_LE(first.ByteSizeLong(), Link::kBodyPerBatch + Link::kChunk + 4096);
  size_t bytes[4] = {};
  for (const v1::Response& response : first.responses())
    bytes[response.id()] += response.body().size();
  for (const v1::BodyChunk& chunk : first.body()) {
    EXPECT_LE(chunk.data().size(), Link::kChunk);
    bytes[chunk.id()] += chunk.data().size();
  }
  EXPECT_EQ(bytes[3], 10u);
  EXPECT_EQ(bytes[1], bytes[2]);
  EXPECT_GT(bytes[1], 0u);
}

TEST_F(LinkBatchTest, NoByteGoesBeyondTheWindow) {
  ReceiveRequest(MakeRequest(1, "/size/1000", 300));
  const v1::Response head = transport_->Batch(1).responses(0);
  EXPECT_EQ(head.body().size(), 300u);
  EXPECT_EQ(head.body_size(), 1000u);
  EXPECT_FALSE(head.last());
  transport_->EndWrite(link_.get());
  EXPECT_EQ(transport_->batches(), 2u);

  v1::FrontendFrames credit;
  credit.add_windows()->set_id(1);
  credit.mutable_windows(0)->set_bytes(200);
  Receive(credit);
  ASSERT_EQ(transport_->Batch(2).body_size(), 1);
  EXPECT_EQ(transport_->Batch(2).body(0).data().size(), 200u);
  EXPECT_FALSE(transport_->Batch(2).body(0).last());
  transport_->EndWrite(link_.get());

  credit.mutable_windows(0)->set_bytes(5000);
  Receive(credit);
  EXPECT_EQ(transport_->Batch(3).body(0).data().size(), 500u);
  EXPECT_TRUE(transport_->Batch(3).body(0).last());
}

TEST_F(LinkBatchTest, BytesOfABodyAreCountedUntilTheyAreSent) {
  ReceiveRequest(MakeRequest(1, "/size/100000", 0));
  EXPECT_EQ(transport_->Batch(1).responses(0).body().size(), 0u);
  transport_->EndWrite(link_.get());
  v1::FrontendFrames cancel;
  cancel.add_cancels()->set_id(1);
  Receive(cancel);
  // Nothing more of it, only the new load.
  EXPECT_EQ(transport_->Batch(2).body_size(), 0);
  EXPECT_TRUE(transport_->Batch(2).has_load());
}

TEST_F(LinkBatchTest, RefusedRequestsAreToldTogether) {
  v1::FrontendFrames frames;
  for (uint64_t id = 1; id <= 5; ++id) *frames.add_requests() = MakeRequest(id, "/gate");
  Receive(frames);
  const v1::BackendFrames batch = transport_->Batch(1);
  ASSERT_EQ(batch.refused_size(), 3);
  EXPECT_EQ(batch.refused(0).id(), 3u);
  EXPECT_EQ(batch.load().accepted(), 2u);
}

TEST_F(LinkBatchTest, AGrantRidesWithTheAnswerThatFreedThePlace) {
  v1::FrontendFrames frames;
  for (uint64_t id = 1; id <= 3; ++id) *frames.add_requests() = MakeRequest(id, "/gate");
  Receive(frames);
  ASSERT_EQ(transport_->Batch(1).refused_size(), 1);
  gate_.Open();
  AwaitIdle();
  pool_.Stop();  // the last Deliver() comes after that
  transport_->EndWrite(link_.get());
  const v1::BackendFrames batch = transport_->Batch(2);
  EXPECT_GE(batch.responses_size(), 1);
  EXPECT_EQ(batch.grants(), 1u);
}

TEST_F(LinkBatchTest, APingIsAnsweredWhileAllThreadsAreBusy) {
  v1::FrontendFrames frames;
  for (uint64_t id = 1; id <= 2; ++id) *frames.add_requests() = MakeRequest(id, "/gate");
  frames.mutable_ping()->set_number(42);
  Receive(frames);
  EXPECT_EQ(transport_->Batch(1).pong().number(), 42u);
}

TEST_F(LinkBatchTest, ARequestCancelledInItsOwnBatchNeverStarts) {
  v1::FrontendFrames frames;
  *frames.add_requests() = MakeRequest(1, "/gate");
  frames.add_cancels()->set_id(1);
  Receive(frames);
  EXPECT_EQ(pool_.load().accepted, 0);
  EXPECT_EQ(gate_.arrived(), 0);
  // The id is free of any trace: what refers to it is ignored.
  ReceiveChunk(1, 10, true);
  EXPECT_FALSE(transport_->closed().has_value());
}

TEST_F(LinkBatchTest, DrainTellsAndClosesOnceNothingIsLeft) {
  ReceiveRequest(MakeRequest(1, "/gate"));
  gate_.AwaitArrived(1);
  link_->Drain();
  EXPECT_TRUE(transport_->Batch(1).draining());
  transport_->EndWrite(link_.get());
  EXPECT_FALSE(transport_->closed().has_value());
  gate_.Open();
  EXPECT_EQ(transport_->Batch(2).responses_size(), 1);
  EXPECT_FALSE(transport_->closed().has_value());
  AwaitIdle();
  transport_->EndWrite(link_.get());
  ASSERT_TRUE(transport_->closed().has_value());
  EXPECT_TRUE(transport_->closed()->ok());
}

TEST_F(LinkBatchTest, TheEndWaitsForTheWriteInFlight) {
  ReceiveRequest(MakeRequest(1, "/size/1"));
  transport_->Batch(1);
  link_->OnReadEnd();
  EXPECT_FALSE(transport_->closed().has_value());
  transport_->EndWrite(link_.get());
  EXPECT_TRUE(transport_->closed().has_value());
}

TEST_F(LinkBatchTest, AWriteThatFailsEndsTheLink) {
  ReceiveRequest(MakeRequest(1, "/size/1"));
  transport_->Batch(1);
  transport_->EndWrite(link_.get(), false);
  ASSERT_TRUE(transport_->closed().has_value());
  // A clean end would say that what has not started never will.
  EXPECT_FALSE(transport_->closed()->ok());
}

TEST_F(LinkBatchTest, AHandlerWhoseStartMustBeReportedWaitsForTheWrite) {
  v1::Request request = MakeRequest(1, "/gate");
  request.set_report_start(true);
  ReceiveRequest(request);
  ASSERT_EQ(transport_->Batch(1).started_size(), 1);
  EXPECT_EQ(transport_->Batch(1).started(0).id(), 1u);
  EXPECT_EQ(gate_.arrived(), 0);
  transport_->EndWrite(link_.get());
  gate_.AwaitArrived(1);
}

TEST_F(LinkBatchTest, AHandlerWhoseStartCouldNotBeReportedDoesNotRun) {
  v1::Request request = MakeRequest(1, "/gate");
  request.set_report_start(true);
  ReceiveRequest(request);
  transport_->Batch(1);
  link_->OnReadEnd();
  AwaitIdle();
  EXPECT_EQ(gate_.arrived(), 0);
  transport_->EndWrite(link_.get(), false);
}

}  // namespace
}  // namespace anteroom::backend
