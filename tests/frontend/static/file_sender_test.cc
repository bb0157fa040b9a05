#include "frontend/static/file_sender.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/fake_loop.h"
#include "tests/frontend/static/gate.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

using Progress = FileSender::Progress;

// Bytes that tell their own place, so that a shift or a repetition shows.
std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 2654435761u) >> 13);
  return text;
}

class FileSenderTest : public testing::Test {
 protected:
  FileSenderTest() {
    std::signal(SIGPIPE, SIG_IGN);
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    near_ = UniqueFd(fds[0]);
    far_ = UniqueFd(fds[1]);
  }
  ~FileSenderTest() override { file_io_.Shutdown(); }

  std::shared_ptr<const CachedFile> Open(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_GE(fd, 0) << path;
    struct stat st = {};
    EXPECT_EQ(fstat(fd, &st), 0);
    FileIdentity identity;
    identity.size = static_cast<uint64_t>(st.st_size);
    return CachedFile::OnDisk(identity, {.content_type = "text/plain"}, FileHandle(fd, &file_io_),
                              0);
  }
  void Start(std::shared_ptr<const CachedFile> file, uint64_t offset, uint64_t length) {
    StartPieces(std::move(file), {{"", {offset, length}}});
  }

  void StartPieces(std::shared_ptr<const CachedFile> file, std::vector<FilePiece> pieces) {
    sender_ = std::make_unique<FileSender>(std::move(file), std::move(pieces), &file_io_,
                                           loop_.poster(), &counters_, [this] { ++ready_; });
  }

  // Takes what has arrived; true once the other side has closed.
  bool Receive() {
    char buffer[65536];
    while (true) {
      const ssize_t n = read(far_.get(), buffer, sizeof(buffer));
      if (n <= 0) return n == 0;
      received_.append(buffer, static_cast<size_t>(n));
    }
  }
  // Sends and receives until the transfer has come to an end.
  Progress RunToEnd() {
    while (true) {
      const Progress progress = sender_->Send(near_.get());
      Receive();
      if (progress == Progress::kWaitingForDisk) {
        const int before = ready_;
        if (!loop_.RunUntil([&] { return ready_ > before; })) return progress;
      } else if (progress != Progress::kSocketFull) {
        return progress;
      }
    }
  }
  // Throws a file out of the page cache; false where the file system won't.
  static bool Evict(const std::string& path) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    fdatasync(fd.get());
    posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
    return ResidentPages(path) == 0;
  }
  // A file of which nobody can tell whether it is in memory: always cold, at first.
  static UniqueFd MakeUnprobeable(const std::string& content) {
    UniqueFd made(memfd_create("f", MFD_CLOEXEC));
    EXPECT_EQ(write(made.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
    char byte;
    iovec target{&byte, 1};
    EXPECT_LT(preadv2(made.get(), &target, 1, 0, RWF_NOWAIT), 0);
    return made;
  }
  // Begins to send all of a file that is not in memory, or only what `read` reads of it, and waits for the
  // disk. False: it can't be brought out of memory here, or comes back too quickly.
  bool StartCold(
      const std::shared_ptr<const CachedFile>& file, const std::string& path,
      const std::function<void()>& read = [] {}) {
    for (int round = 0; round < 100 && Evict(path); ++round) {
      read();
      Start(file, 0, file->size());
      const Progress progress = sender_->Send(near_.get());
      if (progress == Progress::kWaitingForDisk && sender_->remaining() == file->size())
        return true;
      // An answer of its own for each round, and none of it left.
      EXPECT_EQ(RunToEnd(), Progress::kDone);
      received_.clear();
      file->residency() = ResidencyHints();
      ready_ = 0;
    }
    return false;
  }
  // Asked without a read, since also one that must not wait makes the kernel read ahead.
  static size_t ResidentPages(const std::string& path) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const size_t size = std::filesystem::file_size(path);
    void* const map = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    EXPECT_NE(map, MAP_FAILED);
    std::vector<unsigned char> pages((size + 4095) / 4096);
    EXPECT_EQ(mincore(map, size, pages.data()), 0);
    munmap(map, size);
    return static_cast<size_t>(
        std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
  }

  TempTree tree_;
  FakeLoop loop_;
  FileIo file_io_{2, 16};
  StaticCounters counters_;
  UniqueFd near_;
  UniqueFd far_;
  int ready_ = 0;
  std::string received_;
  std::unique_ptr<FileSender> sender_;
};

TEST_F(FileSenderTest, SendsAWholeFile) {
  const std::string content = Pattern(3'000'001);
  Start(Open(tree_.Write("f", content)), 0, content.size());
  EXPECT_EQ(sender_->remaining(), content.size());
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_EQ(sender_->remaining(), 0u);
  EXPECT_TRUE(received_ == content);
}

TEST_F(FileSenderTest, SendsARange) {
  const std::string content = Pattern(1'000'000);
  Start(Open(tree_.Write("f", content)), 300'001, 500'000);
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_TRUE(received_ == content.substr(300'001, 500'000));
}

TEST_F(FileSenderTest, EmptyRangeIsDoneAtOnce) {
  Start(Open(tree_.Write("f", "x")), 1, 0);
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kDone);
}

TEST_F(FileSenderTest, SendsPiecesWithTheirTextInOrder) {
  const std::string content = Pattern(3'000'000);
  StartPieces(Open(tree_.Write("f", content)), {{"one:", {2'000'000, 900'000}},
                                                {"", {5, 1'500'000}},
                                                {":three:", {2'999'999, 1}},
                                                {":end", {}}});
  const std::string expected = "one:" + content.substr(2'000'000, 900'000) +
                               content.substr(5, 1'500'000) +
                               ":three:" + content.substr(2'999'999) + ":end";
  EXPECT_EQ(sender_->remaining(), expected.size());
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_EQ(sender_->remaining(), 0u);
  EXPECT_TRUE(received_ == expected);
}

TEST_F(FileSenderTest, OneCallSendsNoMoreThanItsShareOfManyPieces) {
  const int wide = 64 << 20;
  setsockopt(near_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &wide, sizeof(wide));
  std::vector<FilePiece> pieces;
  for (uint64_t i = 0; i < 16; ++i) pieces.push_back({"--part--", {i * 250'000, 249'000}});
  StartPieces(Open(tree_.Write("f", Pattern(4'000'000))), std::move(pieces));
  const uint64_t all = sender_->remaining();
  Progress progress;
  uint64_t most = 0;
  do {
    const uint64_t before = sender_->remaining();
    progress = sender_->Send(near_.get());
    most = std::max(most, before - sender_->remaining());
    Receive();
    if (progress == Progress::kWaitingForDisk) {
      const int before_ready = ready_;
      ASSERT_TRUE(loop_.RunUntil([&] { return ready_ > before_ready; }));
    }
  } while (progress == Progress::kSocketFull || progress == Progress::kWaitingForDisk);
  EXPECT_EQ(progress, Progress::kDone);
  EXPECT_EQ(received_.size(), all);
  EXPECT_LE(most, FileSender::kPerCall + 8);
}

TEST_F(FileSenderTest, FileThatShrankBetweenPiecesFails) {
  const std::string content = Pattern(1'000'000);
  const std::string path = tree_.Write("f", content);
  StartPieces(Open(path), {{"a", {0, 10}}, {"b", {900'000, 10}}});
  ASSERT_EQ(truncate(path.c_str(), 500'000), 0);
  EXPECT_EQ(RunToEnd(), Progress::kFileFailed);
  EXPECT_TRUE(received_ == "a" + content.substr(0, 10) + "b");
}

TEST_F(FileSenderTest, ClosedSocketEndsTheText) {
  StartPieces(Open(tree_.Write("f", "x")), {{"text", {}}});
  far_.Reset();
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kSocketFailed);
}

TEST_F(FileSenderTest, FullSocketIsWaitedForByText) {
  std::string text(2'000'000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  StartPieces(Open(tree_.Write("f", "x")), {{text, {0, 1}}});
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kSocketFull);
  EXPECT_LT(sender_->remaining(), text.size());
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_TRUE(received_ == text + "x");
}

TEST_F(FileSenderTest, SendersOfOneFileDoNotDisturbEachOther) {
  const std::string content = Pattern(600'000);
  const auto file = Open(tree_.Write("f", content));
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  const UniqueFd other_near(fds[0]);
  const UniqueFd other_far(fds[1]);
  FileSender other(file, {{"", {0, content.size()}}}, &file_io_, loop_.poster(), &counters_, [] {});
  EXPECT_EQ(other.Send(other_near.get()), Progress::kSocketFull);
  Start(file, 0, content.size());
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_TRUE(received_ == content);
}

TEST_F(FileSenderTest, FullSocketIsWaitedFor) {
  const std::string content = Pattern(5'000'000);
  Start(Open(tree_.Write("f", content)), 0, content.size());
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kSocketFull);
  const uint64_t remaining = sender_->remaining();
  EXPECT_LT(remaining, content.size());
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kSocketFull);
  EXPECT_EQ(sender_->remaining(), remaining);
  Receive();
  EXPECT_EQ(received_.size(), content.size() - remaining);
}

TEST_F(FileSenderTest, OneCallSendsNoMoreThanItsShare) {
  const int wide = 64 << 20;  // as far as the kernel allows
  setsockopt(near_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &wide, sizeof(wide));
  const std::string content = Pattern(4'000'000);
  Start(Open(tree_.Write("f", content)), 0, content.size());
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kSocketFull);
  EXPECT_LE(content.size() - sender_->remaining(), FileSender::kPerCall);
}

TEST_F(FileSenderTest, FileThatShrankFailsAndIsNotPadded) {
  const std::string content = Pattern(4'000'000);
  const std::string path = tree_.Write("f", content);
  Start(Open(path), 0, content.size());
  ASSERT_EQ(sender_->Send(near_.get()), Progress::kSocketFull);
  ASSERT_EQ(truncate(path.c_str(), 2'000'000), 0);
  EXPECT_EQ(RunToEnd(), Progress::kFileFailed);
  EXPECT_LE(received_.size(), 2'000'000u);
  EXPECT_TRUE(received_ == content.substr(0, received_.size()));
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kFileFailed) << "stays failed";
}

TEST_F(FileSenderTest, FileThatShrankToNothingFails) {
  const std::string path = tree_.Write("f", Pattern(100'000));
  Start(Open(path), 0, 100'000);
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  EXPECT_EQ(RunToEnd(), Progress::kFileFailed);
  EXPECT_EQ(received_, "");
}

TEST_F(FileSenderTest, FileThatGrowsIsNotReadBeyondWhatWasAnnounced) {
  const std::string content = Pattern(400'000);
  const std::string path = tree_.Write("f", content);
  Start(Open(path), 0, content.size());
  ASSERT_EQ(sender_->Send(near_.get()), Progress::kSocketFull);
  const UniqueFd appending(open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const std::string more(1'000'000, '+');
  ASSERT_EQ(write(appending.get(), more.data(), more.size()), static_cast<ssize_t>(more.size()));
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_TRUE(received_ == content);
}

TEST_F(FileSenderTest, ClosedSocketEndsTheTransfer) {
  const std::string content = Pattern(1'000'000);
  Start(Open(tree_.Write("f", content)), 0, content.size());
  far_.Reset();
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kSocketFailed);
}

TEST_F(FileSenderTest, ColdFileIsReadInTheBackground) {
  const std::string content = Pattern(3'000'000);
  const std::string path = tree_.Write("f", content);
  const auto file = Open(path);
  if (!StartCold(file, path)) GTEST_SKIP() << "nothing is cold here";
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kWaitingForDisk)
      << "asking again changes nothing";
  ASSERT_TRUE(loop_.RunUntil([&] { return ready_ == 1; }));
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_TRUE(received_ == content);
  EXPECT_GE(counters_.cold_reads.value(), 1u);
}

// A client can have single pages of a file read, by asking for ranges.
TEST_F(FileSenderTest, FileThatIsPartlyThereIsReadInTheBackground) {
  const std::string content = Pattern(1'000'000);
  const std::string path = tree_.Write("f", content);
  const auto file = Open(path);
  posix_fadvise(file->fd(), 0, 0, POSIX_FADV_RANDOM);  // without reading ahead
  const auto read_some = [&] {
    char byte;
    for (const off_t at : {0, 128 * 1024, 256 * 1024 - 1}) {
      ASSERT_EQ(pread(file->fd(), &byte, 1, at), 1);
    }
    ASSERT_LT(ResidentPages(path), 60u);
  };
  if (!StartCold(file, path, read_some)) GTEST_SKIP() << "nothing is cold here";
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_TRUE(received_ == content);
}

TEST_F(FileSenderTest, HotFileNeedsNoBackground) {
  const std::string content = Pattern(1'000'000);
  const std::string path = tree_.Write("f", content);
  const auto file = Open(path);
  char byte;
  iovec target{&byte, 1};
  if (preadv2(file->fd(), &target, 1, 0, RWF_NOWAIT) != 1) GTEST_SKIP() << "can't be probed here";
  Start(file, 0, content.size());
  EXPECT_EQ(RunToEnd(), Progress::kDone);
  EXPECT_EQ(counters_.cold_reads.value(), 0u);
}

TEST_F(FileSenderTest, FileSystemThatCanNotTellIsReadFirstAndThenBelieved) {
  const std::string content = Pattern(1'000'000);
  const UniqueFd made = MakeUnprobeable(content);
  const auto file = Open("/proc/self/fd/" + std::to_string(made.get()));
  uint64_t reads_before = 0;
  // A test that is held up for longer than a hint lives needs another round.
  for (int round = 0; round < 50; ++round) {
    received_.clear();
    reads_before = counters_.cold_reads.value();
    Start(file, 0, content.size());
    EXPECT_EQ(RunToEnd(), Progress::kDone);
    ASSERT_TRUE(received_ == content);
    if (round > 0 && counters_.cold_reads.value() == reads_before) break;
  }
  EXPECT_EQ(counters_.cold_reads.value(), reads_before);
}

TEST_F(FileSenderTest, DestroyedSenderIsNotCalled) {
  const UniqueFd made = MakeUnprobeable(Pattern(1'000'000));
  const auto file = Open("/proc/self/fd/" + std::to_string(made.get()));
  Gate gate;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(file_io_.Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  }
  gate.AwaitArrivals(2);
  Start(file, 0, 1'000'000);
  ASSERT_EQ(sender_->Send(near_.get()), Progress::kWaitingForDisk);
  sender_.reset();
  gate.Open();
  bool after = false;
  ASSERT_TRUE(file_io_.SubmitContinuation([&] { loop_.Post([&after] { after = true; }); }));
  ASSERT_TRUE(loop_.RunUntil([&] { return after; }));
  EXPECT_EQ(ready_, 0);
}

TEST_F(FileSenderTest, ColdFileThatShrankMeanwhileFails) {
  const UniqueFd made = MakeUnprobeable(Pattern(1'000'000));
  const auto file = Open("/proc/self/fd/" + std::to_string(made.get()));
  Gate gate;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(file_io_.Submit(FileIo::Lane::kQuick, [gate] { gate.Pass(); }));
  }
  gate.AwaitArrivals(2);
  Start(file, 0, 1'000'000);
  ASSERT_EQ(sender_->Send(near_.get()), Progress::kWaitingForDisk);
  ASSERT_EQ(ftruncate(made.get(), 1000), 0);
  gate.Open();
  ASSERT_TRUE(loop_.RunUntil([&] { return ready_ == 1; }));
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kFileFailed);
}

TEST_F(FileSenderTest, ShutdownFailsColdTransfers) {
  const UniqueFd made = MakeUnprobeable(Pattern(1'000'000));
  const auto file = Open("/proc/self/fd/" + std::to_string(made.get()));
  file_io_.Shutdown();
  Start(file, 0, 1'000'000);
  EXPECT_EQ(sender_->Send(near_.get()), Progress::kFileFailed);
}

}  // namespace
}  // namespace anteroom::frontend
