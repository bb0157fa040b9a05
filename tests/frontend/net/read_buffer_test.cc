#include "frontend/net/read_buffer.h"

#include <atomic>
#include <memory>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

class ReadBufferTest : public testing::Test {
 protected:
  absl::string_view Part(size_t begin, size_t size) {
    return {buffer_.bytes().data() + begin, size};
  }

  ReadBuffer buffer_;
  std::atomic<uint64_t> all_memory_{0};
};

TEST_F(ReadBufferTest, IsTheSameUntilItIsGiven) {
  const char* const first = buffer_.bytes().data();
  EXPECT_EQ(buffer_.bytes().size(), ReadBuffer::kSize);
  EXPECT_EQ(buffer_.bytes().data(), first);
}

TEST_F(ReadBufferTest, GoesWithAPartThatTakesMostOfIt) {
  const absl::string_view part = Part(200, ReadBuffer::kSize - 200);
  const std::shared_ptr<Block> block = buffer_.Give(part, &all_memory_);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->bytes().data(), part.data());
  EXPECT_EQ(block->size(), part.size());
  EXPECT_EQ(all_memory_.load(), ReadBuffer::kSize);
  EXPECT_NE(buffer_.bytes().data(), part.data() - 200);
  EXPECT_EQ(buffer_.bytes().size(), ReadBuffer::kSize);
}

TEST_F(ReadBufferTest, StaysForALittle) {
  const char* const first = buffer_.bytes().data();
  EXPECT_EQ(buffer_.Give(Part(0, ReadBuffer::kSize / 2), &all_memory_), nullptr);
  EXPECT_EQ(buffer_.bytes().data(), first);
  EXPECT_EQ(all_memory_.load(), 0u);
}

TEST_F(ReadBufferTest, StaysForWhatLiesElsewhere) {
  buffer_.bytes();
  ReadBuffer other;
  const absl::string_view part(other.bytes().data(), ReadBuffer::kSize);
  EXPECT_EQ(buffer_.Give(part, &all_memory_), nullptr);
  EXPECT_EQ(all_memory_.load(), 0u);
}

}  // namespace
}  // namespace anteroom::frontend
