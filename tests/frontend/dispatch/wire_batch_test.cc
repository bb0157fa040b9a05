#include "frontend/dispatch/wire_batch.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

// What the other side makes of it.
v1::FrontendFrames Parse(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  v1::FrontendFrames frames;
  EXPECT_TRUE(frames.ParseFromString(bytes));
  return frames;
}

v1::FrontendFrames Parse(const WireBatch& batch) {
  grpc::ByteBuffer buffer;
  batch.Serialize(&buffer);
  return Parse(buffer);
}

WireBatch::Held Hold(std::string text) {
  auto held = std::make_shared<const std::string>(std::move(text));
  return {*held, held};
}

TEST(WireBatchTest, WithoutBodiesItIsTheMessage) {
  WireBatch batch;
  batch.frames()->add_requests()->set_target("/a");
  batch.frames()->set_declined(3);
  EXPECT_EQ(Parse(batch).SerializeAsString(), batch.frames()->SerializeAsString());
}

TEST(WireBatchTest, BodiesArriveInTheirMessages) {
  for (const size_t size : {0u, 1u, 127u, 128u, 20'000u, 300'000u}) {
    WireBatch batch;
    batch.frames()->set_declined(3);
    batch.frames()->add_requests()->set_target("/copied");
    v1::Request* request = batch.AddRequest();
    batch.Attach(Hold(std::string(size, 'a')));
    batch.Attach(Hold(std::string(size, 'b')));
    request->set_id(7);
    request->set_target("/attached");
    batch.AddChunk()->set_id(7);
    batch.Attach(Hold(std::string(size, 'c')));
    batch.AddChunk()->set_last(true);
    EXPECT_EQ(batch.attached_bytes(), 3 * size);

    const v1::FrontendFrames frames = Parse(batch);
    EXPECT_EQ(frames.declined(), 3u);
    ASSERT_EQ(frames.requests_size(), 2);
    EXPECT_EQ(frames.requests(0).target(), "/copied");
    EXPECT_EQ(frames.requests(1).id(), 7u);
    EXPECT_EQ(frames.requests(1).target(), "/attached");
    EXPECT_TRUE(frames.requests(1).body() == std::string(size, 'a') + std::string(size, 'b'));
    ASSERT_EQ(frames.body_size(), 2);
    EXPECT_EQ(frames.body(0).id(), 7u);
    EXPECT_TRUE(frames.body(0).data() == std::string(size, 'c'));
    EXPECT_TRUE(frames.body(1).last());
    EXPECT_EQ(frames.body(1).data(), "");
  }
}

TEST(WireBatchTest, WhatIsAttachedIsHeldUntilItHasBeenWritten) {
  auto body = std::make_shared<const std::string>(10'000, 'x');
  grpc::ByteBuffer buffer;
  {
    WireBatch batch;
    batch.AddRequest()->set_id(1);
    batch.Attach({*body, body});
    batch.Serialize(&buffer);
    batch.Clear();
    EXPECT_EQ(batch.attached_bytes(), 0u);
    EXPECT_EQ(Parse(batch).requests_size(), 0);
    EXPECT_GT(body.use_count(), 1);
  }
  EXPECT_TRUE(Parse(buffer).requests(0).body() == *body);
  buffer.Clear();
  EXPECT_EQ(body.use_count(), 1);
}

}  // namespace
}  // namespace anteroom::frontend
