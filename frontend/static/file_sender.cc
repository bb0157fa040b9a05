#include "frontend/static/file_sender.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace anteroom::frontend {
namespace {

// Brings [begin, end) into the page cache and waits for it. False when the file ends before or
// can't be read.
bool ReadThrough(int fd, uint64_t begin, uint64_t end) {
  std::array<char, 64 * 1024> scratch;
  while (begin < end) {
    const ssize_t n = pread(fd, scratch.data(), std::min<uint64_t>(scratch.size(), end - begin),
                            static_cast<off_t>(begin));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    begin += static_cast<uint64_t>(n);
  }
  return true;
}

}  // namespace

// Shared by the sender and the thread that reads for it; `sender` is touched on the loop only.
struct FileSender::Wait {
  FileSender* sender;  // null once the sender is gone
};

FileSender::FileSender(std::shared_ptr<const CachedFile> file, std::vector<FilePiece> pieces,
                       FileIo* file_io, Poster poster, StaticCounters* counters,
                       std::function<void()> ready)
    : file_(std::move(file)),
      file_io_(file_io),
      poster_(std::move(poster)),
      counters_(counters),
      ready_(std::move(ready)),
      pieces_(std::move(pieces)) {
  for (const FilePiece& piece : pieces_) later_ += piece.text.size() + piece.range.length;
}

FileSender::~FileSender() {
  if (wait_ != nullptr) wait_->sender = nullptr;
}

FileSender::Progress FileSender::Send(int socket) {
  if (failed_) return Progress::kFileFailed;
  if (wait_ != nullptr) return Progress::kWaitingForDisk;
  const uint64_t stop = remaining() - std::min(remaining(), kPerCall);
  do {
    if (const Progress progress = SendText(socket); progress != Progress::kDone) return progress;
    const uint64_t most = remaining() - std::min(remaining(), stop);
    if (const Progress progress = SendRange(socket, most); progress != Progress::kDone) {
      return progress;
    }
  } while (BeginPiece());
  return Progress::kDone;
}

bool FileSender::BeginPiece() {
  if (next_ == pieces_.size()) return false;
  const FilePiece& piece = pieces_[next_++];
  later_ -= piece.text.size() + piece.range.length;
  text_ = piece.text;
  offset_ = piece.range.offset;
  end_ = offset_ + piece.range.length;
  resident_end_ = offset_;
  return true;
}

FileSender::Progress FileSender::SendText(int socket) {
  while (!text_.empty()) {
    // One packet with what follows, if that is at hand.
    const int flags = MSG_NOSIGNAL | (offset_ < end_ ? MSG_MORE : 0);
    const ssize_t n = send(socket, text_.data(), text_.size(), flags);
    if (n >= 0) {
      text_.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      return Progress::kSocketFull;
    } else if (errno != EINTR) {
      return Progress::kSocketFailed;
    }
  }
  return Progress::kDone;
}

FileSender::Progress FileSender::SendRange(int socket, uint64_t most) {
  const Time now = Now();
  // Meanwhile the pages may have gone.
  if (now - probed_at_ >= ResidencyHints::kBelieved) resident_end_ = offset_;
  const uint64_t stop = std::min(end_, offset_ + most);
  while (offset_ < stop) {
    if (offset_ >= resident_end_) {
      const uint64_t window_end = std::min(end_, ResidencyHints::WindowEnd(offset_));
      const Residency residency = file_->residency().SeenLately(offset_, now)
                                      ? Residency::kCached
                                      : Probe(offset_, window_end, now);
      switch (residency) {
        case Residency::kCached:
          resident_end_ = window_end;
          probed_at_ = now;
          break;
        case Residency::kCold:
          return ReadInBackground(window_end);
        case Residency::kFailed:
          return FileFailed();
      }
    }
    auto position = static_cast<off_t>(offset_);
    const ssize_t n =
        sendfile(socket, file_->fd(), &position, std::min(stop, resident_end_) - offset_);
    if (n > 0) {
      offset_ += static_cast<uint64_t>(n);
      continue;
    }
    if (n == 0) return FileFailed();  // the file ends before what was announced
    switch (errno) {
      case EINTR:
        break;
      case EAGAIN:
        return Progress::kSocketFull;
      case EPIPE:
      case ECONNRESET:
      case ENOTCONN:
      case ETIMEDOUT:
        return Progress::kSocketFailed;
      case EIO:
      case ESTALE:
        return FileFailed();
      default:
        failed_ = true;
        return Progress::kFileFailed;
    }
  }
  return offset_ == end_ ? Progress::kDone : Progress::kSocketFull;
}

// Whoever asks for it next gets what is there by then.
FileSender::Progress FileSender::FileFailed() {
  failed_ = true;
  file_->MarkBroken();
  return Progress::kFileFailed;
}

FileSender::Residency FileSender::Probe(uint64_t begin, uint64_t end, Time now) {
  // Every page of it, for a client can have had some of them read by asking for ranges, and the rest
  // would hold up the loop. The bytes are not wanted: all go to the same page.
  constexpr size_t kPage = 4096;
  static_assert(ResidencyHints::kWindow / kPage <= IOV_MAX);
  char page[kPage];
  std::array<iovec, ResidencyHints::kWindow / kPage> pages;
  size_t count = 0;
  for (uint64_t at = begin; at < end; at += kPage) {
    pages[count++] = {page, static_cast<size_t>(std::min<uint64_t>(kPage, end - at))};
  }
  ssize_t n;
  do {
    n = preadv2(file_->fd(), pages.data(), static_cast<int>(count), static_cast<off_t>(begin),
                RWF_NOWAIT);
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(end - begin)) {
    file_->residency().Saw(begin, end, file_->size(), now);
    return Residency::kCached;
  }
  // Part of it; or, where the file system can't tell (overlayfs, tmpfs), it is better not trusted.
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EOPNOTSUPP))) return Residency::kCold;
  return Residency::kFailed;
}

FileSender::Progress FileSender::ReadInBackground(uint64_t end) {
  auto wait = std::make_shared<Wait>(Wait{this});
  const bool taken = file_io_->SubmitContinuation(
      [wait, file = file_, begin = offset_, end, poster = poster_]() mutable {
        const bool read = ReadThrough(file->fd(), begin, end);
        file.reset();
        poster([wait = std::move(wait), read, begin, end] {
          if (wait->sender != nullptr) wait->sender->OnRead(read, begin, end);
        });
      });
  if (!taken) {  // shutting down
    failed_ = true;
    return Progress::kFileFailed;
  }
  counters_->cold_reads.Add();
  wait_ = std::move(wait);
  return Progress::kWaitingForDisk;
}

void FileSender::OnRead(bool read, uint64_t begin, uint64_t end) {
  wait_ = nullptr;
  // What was just read is sent without a probe, so that there is progress however short the memory
  // is.
  if (read) {
    resident_end_ = end;
    probed_at_ = Now();
    file_->residency().Saw(begin, end, file_->size(), Now());
  }
  if (!read) FileFailed();
  const std::function<void()> ready = ready_;  // it may destroy this sender
  ready();
}

}  // namespace anteroom::frontend
