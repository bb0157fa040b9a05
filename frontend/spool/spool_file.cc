#include "frontend/spool/spool_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace anteroom::frontend {
namespace {

int OpenUnlinked(const std::string& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = absl::StrCat(directory, "/anteroom-XXXXXX");
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

// Blocks that go into one call; a chain is rarely longer.
constexpr size_t kBlocksPerWrite = 16;

bool WriteAll(int fd, const BlockChain& data, uint64_t offset) {
  uint64_t done = 0;
  while (done < data.size()) {
    iovec parts[kBlocksPerWrite];
    size_t count = 0;
    for (uint64_t at = done; at < data.size() && count < kBlocksPerWrite;) {
      const BlockChain::Piece& piece = data.At(at);
      const absl::string_view bytes = piece.block->bytes().substr(at - piece.begin);
      parts[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
      at += bytes.size();
    }
    const ssize_t n =
        pwritev(fd, parts, static_cast<int>(count), static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<uint64_t>(n);
  }
  return true;
}

bool ReadAll(int fd, uint64_t offset, Block* block) {
  for (absl::Span<char> to = block->room(); !to.empty(); to = block->room()) {
    const ssize_t n = pread(fd, to.data(), to.size(), static_cast<off_t>(offset + block->size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    block->Append({to.data(), static_cast<size_t>(n)});
  }
  return true;
}

}  // namespace

// Lives as long as the file or work on it does. `owner` is touched on the loop only, `fd` is written
// by the first write and by nobody after that.
struct SpoolFile::Shared {
  explicit Shared(const SpoolContext* context_in)
      : file_io(context_in->file_io), quota(context_in->quota), poster(context_in->poster) {}
  ~Shared() {
    if (fd >= 0) file_io->Close(fd);  // which may wait for the disk: a large file is freed
    quota->GiveBytes(bytes);
    if (has_file) quota->GiveFile();
  }

  FileIo* const file_io;
  SpoolQuota* const quota;
  const Poster poster;
  std::string directory;
  SpoolFile* owner = nullptr;
  std::atomic<bool> abandoned{false};  // nobody wants its bytes any more
  int fd = -1;
  uint64_t bytes = 0;  // of the quota
  bool has_file = false;
};

SpoolFile::SpoolFile(const SpoolContext* context, SpoolUse use)
    : shared_(std::make_shared<Shared>(context)), use_(use) {
  shared_->owner = this;
  shared_->directory = context->directory;
}

SpoolFile::~SpoolFile() {
  shared_->owner = nullptr;
  shared_->abandoned.store(true, std::memory_order_relaxed);
}

void SpoolFile::Append(std::shared_ptr<const BlockChain> data, Written written) {
  written_ = std::move(written);
  const size_t bytes = data->size();
  const auto report = [shared = shared_, bytes](Result result) {
    shared->poster([shared, bytes, result] {
      if (shared->owner != nullptr) shared->owner->OnAppended(result, bytes);
    });
  };
  if (!shared_->has_file && !shared_->quota->TakeFile(use_)) return report(Result::kNoRoom);
  shared_->has_file = true;
  if (!shared_->quota->TakeBytes(bytes, use_)) return report(Result::kNoRoom);
  shared_->bytes += bytes;
  const bool taken = shared_->file_io->SubmitContinuation(
      [shared = shared_, report, data = std::move(data), offset = size_] {
        if (shared->abandoned.load(std::memory_order_relaxed)) return;
        if (shared->fd < 0) shared->fd = OpenUnlinked(shared->directory);
        const bool ok = shared->fd >= 0 && WriteAll(shared->fd, *data, offset);
        if (ok) shared->quota->bytes_written.Add(data->size());
        report(ok ? Result::kOk : Result::kDiskFailed);
      });
  if (!taken) report(Result::kDiskFailed);  // the process ends
}

void SpoolFile::OnAppended(Result result, size_t bytes) {
  if (result == Result::kOk) {
    size_ += bytes;
  } else if (result == Result::kDiskFailed) {
    shared_->quota->disk_failures.Add();
  }
  std::exchange(written_, nullptr)(result);  // which may destroy this
}

bool SpoolFile::ReadFromMemory(uint64_t offset, Block* block) {
  const absl::Span<char> to = block->room();
  iovec target{to.data(), to.size()};
  ssize_t n;
  do {
    n = preadv2(shared_->fd, &target, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  block->Append({to.data(), static_cast<size_t>(n)});
  return true;
}

void SpoolFile::ReadFromDisk(uint64_t offset, std::shared_ptr<Block> block, Read read) {
  read_ = std::move(read);
  const auto report = [shared = shared_](std::shared_ptr<Block> filled) {
    shared->poster([shared, filled = std::move(filled)]() mutable {
      if (shared->owner != nullptr) shared->owner->OnRead(std::move(filled));
    });
  };
  const bool taken = shared_->file_io->SubmitContinuation(
      [shared = shared_, report, offset, block = std::move(block)] {
        if (shared->abandoned.load(std::memory_order_relaxed)) return;
        report(ReadAll(shared->fd, offset, block.get()) ? block : nullptr);
      });
  if (!taken) report(nullptr);
}

void SpoolFile::OnRead(std::shared_ptr<Block> block) {
  if (block == nullptr) shared_->quota->disk_failures.Add();
  std::exchange(read_, nullptr)(std::move(block));  // which may destroy this
}

}  // namespace anteroom::frontend
