// Bodies with real files and real file-I/O threads.
#include "frontend/spool/spooled_body.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/frontend/static/fake_loop.h"
#include "tests/frontend/static/gate.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

using Result = SpoolFile::Result;

constexpr uint64_t kMemory = 100'000;
constexpr uint64_t kMiB = 1024 * 1024;

// Bytes that tell their own place, so that a shift or a repetition shows.
std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 2654435761u) >> 13);
  return text;
}

class SpooledBodyTest : public testing::Test, private SpooledBody::Owner {
 protected:
  ~SpooledBodyTest() override {
    body_.Clear();
    file_io_.Shutdown();
  }

  void Start(uint64_t max_bytes = 1 << 30, uint32_t max_files = 10, uint64_t memory = kMemory,
             uint64_t expected = 0) {
    quota_.emplace(max_bytes, max_files);
    spool_ = {tree_.top(), &*quota_, &file_io_, loop_.poster()};
    body_.Start(&spool_, {memory, &all_memory_, short_above_, use_}, this, expected);
  }
  // Another request with the same spool.
  void Restart(uint64_t expected = 0) {
    body_.Start(&spool_, {kMemory, &all_memory_, short_above_, use_}, this, expected);
  }
  // In pieces of `piece`, waiting whenever the disk is behind, as a connection does.
  void Append(const std::string& bytes, size_t piece = 4096) {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      body_.Append(absl::string_view(bytes).substr(at, piece));
      if (!body_.paused()) continue;
      const int before = rooms_;
      ASSERT_TRUE(loop_.RunUntil([&] { return rooms_ > before || failure_; }));
      if (failure_) return;
      EXPECT_FALSE(body_.paused());
    }
  }
  // From `offset` to the end, as a link does.
  std::string ReadFrom(uint64_t offset) {
    std::string all;
    while (offset < body_.size()) {
      const absl::string_view there = body_.Peek(offset);
      if (there.empty()) {
        const int before = fetches_;
        body_.Fetch(offset);
        if (!loop_.RunUntil([&] { return fetches_ > before; }) || !fetched_) return all;
        continue;
      }
      all.append(there.data(), there.size());
      offset += there.size();
    }
    return all;
  }
  // Waits for whatever a thread still does for a body that is gone.
  void EndWork(FileIo* threads) {
    threads->Shutdown();
    EXPECT_TRUE(loop_.RunUntil([this] { return quota_->files() == 0; }));
  }
  void AwaitWritten() {
    ASSERT_TRUE(loop_.RunUntil([this] { return quota_->bytes_written.value() >= expected_; }));
  }
  bool InFile() const { return quota_->files() > 0; }
  size_t NamesInDirectory() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(tree_.top())) {
      count += entry.path().empty() ? 0 : 1;
    }
    return count;
  }

  TempTree tree_;
  FileIo file_io_{2, 16};
  std::optional<SpoolQuota> quota_;
  FakeLoop loop_;
  SpoolContext spool_;
  std::atomic<uint64_t> all_memory_{0};
  SpooledBody body_;
  uint64_t expected_ = 1;
  int rooms_ = 0;
  int fetches_ = 0;
  int fetch_calls_ = 0;
  uint64_t short_above_ = UINT64_MAX;
  SpoolUse use_ = SpoolUse::kRequest;
  bool fetched_ = false;
  std::optional<Result> failure_;

 private:
  void OnBodyRoom() override { ++rooms_; }
  void OnBodyFailed(Result result) override { failure_ = result; }
  void OnBodyFetch() override { ++fetch_calls_; }
  void OnBodyFetched(bool ok) override {
    ++fetches_;
    fetched_ = ok;
  }
};

TEST_F(SpooledBodyTest, ASmallBodyStaysInMemory) {
  Start();
  const std::string bytes = Pattern(kMemory);
  Append(bytes);
  body_.Complete();
  EXPECT_FALSE(InFile());
  EXPECT_EQ(body_.size(), kMemory);
  EXPECT_TRUE(ReadFrom(0) == bytes);
  EXPECT_EQ(body_.Peek(99'999), bytes.substr(99'999));
  EXPECT_EQ(fetches_, 0);
  EXPECT_GE(all_memory_.load(), kMemory);
  EXPECT_LE(all_memory_.load(), 2 * kMemory);
  EXPECT_EQ(quota_->files(), 0u);
  body_.Clear();
  EXPECT_EQ(all_memory_.load(), 0u);
}

TEST_F(SpooledBodyTest, ALargeOneMovesToAFileWithoutAName) {
  Start();
  const std::string bytes = Pattern(3 * kMiB);
  Append(bytes);
  body_.Complete();
  ASSERT_FALSE(failure_);
  EXPECT_TRUE(InFile());
  EXPECT_EQ(NamesInDirectory(), 0u);
  EXPECT_EQ(quota_->files(), 1u);
  EXPECT_GT(quota_->bytes(), 2 * kMiB);
  EXPECT_LE(body_.memory(), 4 * SpooledBody::kPiece);
  EXPECT_EQ(body_.size(), bytes.size());
  EXPECT_EQ(ReadFrom(0), bytes);
  EXPECT_EQ(ReadFrom(1'234'567), bytes.substr(1'234'567));
  EXPECT_EQ(ReadFrom(0), bytes);  // as often as it has to be sent
  body_.Release();
  EXPECT_LE(body_.memory(), 4 * SpooledBody::kPiece);
  body_.Clear();
  EXPECT_EQ(body_.size(), 0u);
  EndWork(&file_io_);
  EXPECT_EQ(all_memory_.load(), 0u);
  EXPECT_EQ(quota_->bytes(), 0u);
}

TEST_F(SpooledBodyTest, CanBeReadWhileItsEndIsBeingWritten) {
  Gate gate;
  FileIo slow(1, 16);
  Start();
  spool_.file_io = &slow;
  const std::string bytes = Pattern(kMemory + 100);
  body_.Append(bytes.substr(0, kMemory));
  ASSERT_TRUE(slow.Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  body_.Append(bytes.substr(kMemory, 50));  // begins a write, which waits for the gate
  body_.Append(bytes.substr(kMemory + 50));
  body_.Complete();
  EXPECT_EQ(ReadFrom(0), bytes);
  EXPECT_EQ(ReadFrom(kMemory + 49), bytes.substr(kMemory + 49));
  gate.Open();
  expected_ = kMemory + 50;
  AwaitWritten();
  EXPECT_EQ(ReadFrom(0), bytes);
  body_.Clear();
  EndWork(&slow);
}

TEST_F(SpooledBodyTest, PausesWhileTheDiskIsBehind) {
  Gate gate;
  FileIo slow(1, 16);
  Start();
  spool_.file_io = &slow;
  ASSERT_TRUE(slow.Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  const std::string bytes = Pattern(kMemory + 1 + SpooledBody::kPiece);
  body_.Append(absl::string_view(bytes).substr(0, kMemory + 1));
  body_.Append(absl::string_view(bytes).substr(kMemory + 1, SpooledBody::kPiece - 1));
  EXPECT_FALSE(body_.paused());
  body_.Append(absl::string_view(bytes).substr(bytes.size() - 1));
  EXPECT_TRUE(body_.paused());
  EXPECT_GE(all_memory_.load(), bytes.size());
  EXPECT_LE(all_memory_.load(), 2 * bytes.size());
  gate.Open();
  ASSERT_TRUE(loop_.RunUntil([this] { return rooms_ == 1; }));
  EXPECT_FALSE(body_.paused());
  EXPECT_EQ(ReadFrom(0), bytes);
  body_.Clear();
  EndWork(&slow);
}

TEST_F(SpooledBodyTest, IsRefusedWhenTheQuotaIsSpent) {
  Start(kMiB);
  Append(Pattern(2 * kMiB));
  ASSERT_TRUE(loop_.RunUntil([this] { return failure_.has_value(); }));
  EXPECT_EQ(failure_, Result::kNoRoom);
  EXPECT_LE(quota_->bytes(), kMiB);
  EXPECT_EQ(quota_->refused.value(), 1u);
}

TEST_F(SpooledBodyTest, IsRefusedWhenThereAreTooManyFiles) {
  Start(1 << 30, 0);
  Append(Pattern(kMiB));
  ASSERT_TRUE(loop_.RunUntil([this] { return failure_.has_value(); }));
  EXPECT_EQ(failure_, Result::kNoRoom);
  EXPECT_EQ(quota_->bytes(), 0u);
}

TEST_F(SpooledBodyTest, IsRefusedWhenTheDirectoryIsGone) {
  Start();
  spool_.directory = tree_.Path("gone");
  Append(Pattern(kMiB));
  ASSERT_TRUE(loop_.RunUntil([this] { return failure_.has_value(); }));
  EXPECT_EQ(failure_, Result::kDiskFailed);
  EXPECT_EQ(quota_->disk_failures.value(), 1u);
}

// A limit on the size of files is the nearest thing to a full disk that needs no privilege.
TEST_F(SpooledBodyTest, IsRefusedWhenTheDiskIsFull) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 300'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Start();
  Append(Pattern(2 * kMiB));
  EXPECT_TRUE(loop_.RunUntil([this] { return failure_.has_value(); }));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(failure_, Result::kDiskFailed);
}

TEST_F(SpooledBodyTest, AFailureAfterTheLastByteLosesNothing) {
  Gate gate;
  FileIo slow(1, 16);
  Start();
  spool_.file_io = &slow;
  spool_.directory = tree_.Path("gone");
  ASSERT_TRUE(slow.Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  const std::string bytes = Pattern(150'000);
  body_.Append(bytes);
  body_.Complete();
  gate.Open();
  ASSERT_TRUE(loop_.RunUntil([this] { return quota_->disk_failures.value() == 1; }));
  EXPECT_FALSE(failure_);
  EXPECT_EQ(ReadFrom(0), bytes);
  body_.Clear();
  EndWork(&slow);
}

TEST_F(SpooledBodyTest, ServesOneRequestAfterTheOther) {
  Start();
  for (const size_t size : {size_t{100}, size_t{500'000}, size_t{200'000}, size_t{1}}) {
    Restart();
    const std::string bytes = Pattern(size);
    Append(bytes, 10'000);
    body_.Complete();
    EXPECT_EQ(ReadFrom(0), bytes) << size;
    body_.Clear();
    EXPECT_EQ(body_.size(), 0u);
  }
  EndWork(&file_io_);
  EXPECT_EQ(all_memory_.load(), 0u);
}

// A link sends a small body along with its request, and asks for all of it at once.
TEST_F(SpooledBodyTest, ASmallBodyIsNeverSpooledWhateverTheLimit) {
  Start(1 << 30, 10, /*memory=*/0);
  const std::string bytes = Pattern(BodySource::kInline);
  Append(bytes, 10'000);
  body_.Complete();
  EXPECT_FALSE(InFile());
  EXPECT_TRUE(ReadFrom(0) == bytes);
  EXPECT_EQ(fetches_, 0);
}

TEST_F(SpooledBodyTest, WhatWaitsForTheDiskCountsWhenItsBodyIsGone) {
  Gate gate;
  FileIo slow(1, 16);
  Start();
  spool_.file_io = &slow;
  ASSERT_TRUE(slow.Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  body_.Append(Pattern(kMemory + 1));
  body_.Clear();
  EXPECT_GT(all_memory_.load(), kMemory);
  EXPECT_EQ(quota_->files(), 1u);
  gate.Open();
  bool through = false;  // behind the write in the queue
  ASSERT_TRUE(slow.SubmitContinuation([&] { loop_.Post([&] { through = true; }); }));
  ASSERT_TRUE(loop_.RunUntil([&] { return through; }));
  EndWork(&slow);
  EXPECT_EQ(all_memory_.load(), 0u);
  EXPECT_EQ(quota_->bytes_written.value(), 0u);  // nobody wanted it any more
}

TEST_F(SpooledBodyTest, WhatIsHeldStaysWhereItIsAndCounts) {
  Start();
  const std::string bytes = Pattern(kMiB);
  Append(bytes);
  body_.Complete();
  const absl::string_view in_file = body_.Peek(0);
  const std::shared_ptr<const void> first = body_.Hold();
  const uint64_t end = body_.size() - 1;
  const absl::string_view in_memory = body_.Peek(end);
  const std::shared_ptr<const void> last = body_.Hold();
  body_.Clear();
  EndWork(&file_io_);
  EXPECT_GT(in_file.size(), 1000u);
  EXPECT_TRUE(in_file == absl::string_view(bytes).substr(0, in_file.size()));
  EXPECT_TRUE(in_memory == absl::string_view(bytes).substr(end));
  EXPECT_GE(all_memory_.load(), in_file.size() + in_memory.size());
}

TEST_F(SpooledBodyTest, TakesNoMoreMemoryThanItHasBytesOrIsToHave) {
  Start();
  for (const uint64_t expected : {0u, 100u, 40'000u, 90'000u}) {
    Restart(expected);
    for (uint64_t size = 1; size <= 90'000; size += 500) {
      body_.Append(size == 1 ? "x" : std::string(500, 'x'));
      EXPECT_EQ(body_.memory(), all_memory_.load());
      EXPECT_GE(body_.memory(), size);
      EXPECT_LE(body_.memory(), std::max<uint64_t>(17 * 1024, 2 * size + 512)) << size;
      EXPECT_LE(body_.memory(), size <= expected ? expected + 512 : 2 * kMemory);
    }
    body_.Clear();
  }
}

TEST_F(SpooledBodyTest, WhatIsReadIntoItsRoomIsNotCopied) {
  Start();
  const std::string bytes = Pattern(kMiB);
  for (const size_t size : {1u, 1000u, 60'000u, 99'000u, 1'048'576u}) {
    Restart(size);
    size_t done = 0;
    while (done < size) {
      const absl::Span<char> room = body_.Room(size - done);
      ASSERT_FALSE(room.empty());
      ASSERT_LE(room.size(), size - done);
      EXPECT_LE(body_.memory(), std::max<uint64_t>(17 * 1024, 2 * done + 512));
      const size_t taken = std::min<size_t>(room.size(), 5000);
      std::copy_n(bytes.data() + done, taken, room.data());
      body_.Append(absl::string_view(room.data(), taken));
      if (!InFile()) {
        EXPECT_EQ(body_.Peek(done).data(), room.data());
      }
      done += taken;
      while (body_.paused()) {
        const int before = rooms_;
        ASSERT_TRUE(loop_.RunUntil([&] { return rooms_ > before; }));
      }
    }
    body_.Complete();
    EXPECT_TRUE(ReadFrom(0) == absl::string_view(bytes).substr(0, size)) << size;
    body_.Clear();
  }
  EndWork(&file_io_);
  EXPECT_EQ(all_memory_.load(), 0u);
}

TEST_F(SpooledBodyTest, TakesABlockOfWhichAPartIsItsOwn) {
  Start();
  const std::string bytes = Pattern(80'000);
  auto block = std::make_shared<Block>(Block::kLargest);
  std::copy_n(bytes.data(), 60'000, block->room().data() + 100);
  const absl::string_view part(block->room().data() + 100, 60'000);
  block->Become(part, &all_memory_);
  EXPECT_EQ(block->room().size(), Block::kLargest - 60'100);
  body_.Append(std::move(block));
  EXPECT_EQ(body_.Peek(0).data(), part.data());
  EXPECT_EQ(body_.memory(), Block::kLargest);
  Append(bytes.substr(60'000));
  EXPECT_TRUE(ReadFrom(0) == bytes);
  EXPECT_EQ(body_.memory(), all_memory_.load());
  body_.Clear();
  EXPECT_EQ(all_memory_.load(), 0u);
}

// An answer whose reader is slow.
TEST_F(SpooledBodyTest, SettlesWhatIsLeftInMemoryOnceItIsWhole) {
  Start();
  const std::string bytes = Pattern(kMemory + 1 + 50'000);
  Append(bytes.substr(0, kMemory + 1));
  ASSERT_TRUE(loop_.RunUntil([&] { return quota_->bytes_written.value() > kMemory; }));
  Append(bytes.substr(kMemory + 1));
  EXPECT_GE(body_.memory(), 50'000u);
  body_.Settle();
  ASSERT_TRUE(loop_.RunUntil([&] { return body_.memory() == 0; }));
  EXPECT_TRUE(ReadFrom(0) == bytes);
}

TEST_F(SpooledBodyTest, SettlesASmallAnswerInMemory) {
  Start();
  const std::string bytes = Pattern(50'000);
  Append(bytes);
  body_.Settle();
  EXPECT_FALSE(InFile());
  EXPECT_TRUE(ReadFrom(0) == bytes);
}

// And it is read while it grows.
TEST_F(SpooledBodyTest, OneThatIsToBeTooLargeForMemoryDoesNotFillItFirst) {
  constexpr uint64_t kMost = 4 * SpooledBody::kPiece;
  for (const bool too_large : {false, true}) {
    Start(1 << 30, 10, kMost, too_large ? kMost + 1 : kMost);
    body_.Append(Pattern(SpooledBody::kPiece + 1));
    EXPECT_EQ(quota_->files(), too_large ? 1u : 0u);
    body_.Clear();
  }
  EndWork(&file_io_);
}

TEST_F(SpooledBodyTest, IsReadWhileItGrows) {
  Start();
  const std::string bytes = Pattern(kMiB);
  std::string read;
  for (size_t at = 0; at < bytes.size(); at += 64 * 1024) {
    Append(bytes.substr(at, 64 * 1024));
    if (at % (256 * 1024) == 0) read += ReadFrom(read.size());
  }
  body_.Settle();
  read += ReadFrom(read.size());
  EXPECT_TRUE(read == bytes);
}

TEST_F(SpooledBodyTest, GoesToAFileEarlierWhileMemoryIsShort) {
  short_above_ = 1000;
  use_ = SpoolUse::kAnswer;
  Start();
  Append(Pattern(20'000));
  ASSERT_TRUE(loop_.RunUntil([&] { return body_.memory() == 0; }));
  EXPECT_EQ(quota_->bytes_written.value(), 20'000u);
}

// What waited for its reader before goes too.
TEST_F(SpooledBodyTest, IsRelievedOnceMemoryHasBecomeShort) {
  short_above_ = 100'000;
  use_ = SpoolUse::kAnswer;
  Start();
  Append(Pattern(50'000));
  EXPECT_FALSE(InFile());
  all_memory_ += 100'000;
  body_.Relieve();
  ASSERT_TRUE(loop_.RunUntil([&] { return body_.memory() == 0; }));
  all_memory_ -= 100'000;
  EXPECT_EQ(quota_->bytes_written.value(), 50'000u);
}

TEST_F(SpooledBodyTest, ARequestKeepsWhatGoesAlongWithItInMemoryAtAllTimes) {
  short_above_ = 0;
  Start();
  Append(Pattern(BodySource::kInline));
  EXPECT_FALSE(InFile());
}

}  // namespace
}  // namespace anteroom::frontend
