#include "frontend/net/output.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

namespace anteroom::frontend {
namespace {

// Of one answer, kept as it comes; more may go to the spool. Below it, more is always welcome.
constexpr size_t kInMemory = 64 * 1024;
// Out of the spool in one go, before other connections get their turn.
constexpr uint64_t kPerCall = 1024 * 1024;

// Bytes taken by the socket; 0 when it is full, -1 when the client is gone.
ssize_t Send(int fd, absl::string_view first, absl::string_view second = {}) {
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  for (;;) {
    const ssize_t n = second.empty() ? send(fd, first.data(), first.size(), MSG_NOSIGNAL)
                                     : sendmsg(fd, &message, MSG_NOSIGNAL);
    if (n >= 0) return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace

//   bytes_ | spooled_ from read_ on | file_ or sender_
class Output::Backlog final : private SpooledBody::Owner {
 public:
  Backlog(const OutputLimits* limits, Client* client) : limits_(limits), client_(client) {}
  ~Backlog() { Count(/*now=*/0); }
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  void Keep(absl::string_view rest, Overflow overflow) {
    const size_t most = limits_->memory.MemoryIsShort() ? 0 : kInMemory;
    if (spooling_ || (overflow == Overflow::kSpool && held() + rest.size() > most)) {
      if (!std::exchange(spooling_, true)) spooled_.Start(limits_->spool, limits_->memory, this, 0);
      return spooled_.Append(rest);
    }
    if (sent_ > 0) bytes_.erase(0, std::exchange(sent_, 0));
    bytes_.append(rest.data(), rest.size());
    Count(bytes_.capacity());
  }
  void Keep(std::shared_ptr<const CachedFile> file, absl::string_view rest) {
    file_ = std::move(file);
    file_rest_ = rest;
  }
  void Keep(std::unique_ptr<FileSender> sender) { sender_ = std::move(sender); }
  void Settle() {
    if (spooling_) spooled_.Settle();
  }

  void Relieve() {
    if (spooling_) spooled_.Relieve();
  }

  bool HasRoom(Overflow overflow) const {
    if (overflow == Overflow::kSpool && !spooled_.failed()) return !spooled_.paused();
    return held() <= kInMemory;
  }

  // Adds to *written what went into the socket.
  Progress Flush(int fd, uint64_t* written) {
    Progress progress = FlushBytes(fd, written);
    if (progress == Progress::kDone) progress = FlushSpool(fd, written);
    if (progress == Progress::kDone) progress = FlushFile(fd, written);
    if (progress == Progress::kDone) progress = FlushSender(fd, written);
    return progress;
  }

 private:
  // SpooledBody::Owner. Any of these may be the end of this object.
  void OnBodyRoom() override { client_->OnOutputRoom(); }
  // What could not be written stays in memory; the answer goes on at the pace of its reader.
  void OnBodyFailed(SpoolFile::Result /*result*/) override {}
  void OnBodyFetch() override {}
  void OnBodyFetched(bool ok) override {
    lost_ = !ok;
    client_->OnWritable();
  }

  size_t held() const { return bytes_.size() - sent_ + spooled_.memory(); }
  void Count(uint64_t now) {
    std::atomic<uint64_t>* const all = limits_->memory.all_memory;
    if (now != counted_) all->fetch_add(now - counted_, std::memory_order_relaxed);
    counted_ = now;
  }

  Progress FlushBytes(int fd, uint64_t* written) {
    while (sent_ < bytes_.size()) {
      const ssize_t n = Send(fd, absl::string_view(bytes_).substr(sent_));
      if (n < 0) return Progress::kClientGone;
      if (n == 0) return Progress::kBlocked;
      *written += n;
      sent_ += n;
    }
    if (!bytes_.empty()) std::string().swap(bytes_);
    sent_ = 0;
    Count(/*now=*/0);
    return Progress::kDone;
  }

  Progress FlushSpool(int fd, uint64_t* written) {
    if (!spooling_) return Progress::kDone;
    const uint64_t pause = read_ + kPerCall;
    while (read_ < spooled_.size()) {
      if (read_ >= pause) return Progress::kBlocked;
      const absl::string_view piece = spooled_.Peek(read_);
      if (piece.empty()) {
        if (lost_) return Progress::kFileFailed;
        spooled_.Fetch(read_);
        return Progress::kDisk;
      }
      const ssize_t n = Send(fd, piece);
      if (n < 0) return Progress::kClientGone;
      *written += n;
      read_ += n;
      if (static_cast<size_t>(n) == piece.size()) continue;
      // It may be a long time until the socket takes more: the disk remembers as well as we do.
      spooled_.Release();
      spooled_.Relieve();
      return Progress::kBlocked;
    }
    spooled_.Clear();
    spooling_ = false;
    read_ = 0;
    return Progress::kDone;
  }

  Progress FlushFile(int fd, uint64_t* written) {
    while (!file_rest_.empty()) {
      const ssize_t n = Send(fd, file_rest_);
      if (n < 0) return Progress::kClientGone;
      if (n == 0) return Progress::kBlocked;
      *written += n;
      file_rest_.remove_prefix(n);
    }
    return Progress::kDone;
  }

  Progress FlushSender(int fd, uint64_t* written) {
    if (!sender_) return Progress::kDone;
    const uint64_t before = sender_->remaining();
    const FileSender::Progress progress = sender_->Send(fd);
    *written += before - sender_->remaining();
    switch (progress) {
      case FileSender::Progress::kDone:
        break;
      case FileSender::Progress::kSocketFull:
        return Progress::kBlocked;
      case FileSender::Progress::kWaitingForDisk:
        return Progress::kDisk;
      case FileSender::Progress::kFileFailed:
        return Progress::kFileFailed;
      case FileSender::Progress::kSocketFailed:
        return Progress::kClientGone;
    }
    return Progress::kDone;
  }

  const OutputLimits* const limits_;
  Client* const client_;
  std::string bytes_;
  size_t sent_ = 0;       // of bytes_
  uint64_t counted_ = 0;  // of bytes_, in limits_->memory.all_memory
  bool spooling_ = false;
  bool lost_ = false;  // what the spool has cannot be read
  SpooledBody spooled_;
  uint64_t read_ = 0;  // of spooled_
  std::shared_ptr<const CachedFile> file_;
  absl::string_view file_rest_;  // of file_, to be sent
  std::unique_ptr<FileSender> sender_;
};

Output::Output(Client* client) : client_(client) {}

Output::~Output() = default;

Output::Backlog* Output::MakeBacklog() {
  if (backlog_ == nullptr) backlog_ = std::make_unique<Backlog>(&client_->output_limits(), client_);
  return backlog_.get();
}

Output::Result Output::Write(int fd, absl::string_view bytes, Overflow overflow) {
  if (!empty()) {
    backlog_->Keep(bytes, overflow);
    return Flush(fd);
  }
  const ssize_t n = bytes.empty() ? 0 : Send(fd, bytes);
  if (n < 0) return {Progress::kClientGone, 0};
  const uint64_t written = n;
  bytes.remove_prefix(n);
  if (bytes.empty()) return {Progress::kDone, written};
  MakeBacklog()->Keep(bytes, overflow);
  return {Progress::kBlocked, written};
}

Output::Result Output::WriteFile(int fd, absl::string_view head, absl::string_view bytes,
                                 std::shared_ptr<const CachedFile> file) {
  if (!empty()) {
    backlog_->Keep(head, Overflow::kMemory);
    backlog_->Keep(std::move(file), bytes);
    return Flush(fd);
  }
  const ssize_t n = Send(fd, head, bytes);
  if (n < 0) return {Progress::kClientGone, 0};
  const size_t sent = n;
  if (sent == head.size() + bytes.size()) return {Progress::kDone, sent};
  if (sent < head.size()) MakeBacklog()->Keep(head.substr(sent), Overflow::kMemory);
  MakeBacklog()->Keep(std::move(file), bytes.substr(sent > head.size() ? sent - head.size() : 0));
  return {Progress::kBlocked, sent};
}

Output::Result Output::WriteSender(int fd, absl::string_view head,
                                   std::unique_ptr<FileSender> sender) {
  MakeBacklog()->Keep(head, Overflow::kMemory);
  backlog_->Keep(std::move(sender));
  return Flush(fd);
}

Output::Result Output::Flush(int fd) {
  if (backlog_ == nullptr) return {Progress::kDone, 0};
  uint64_t written = 0;
  const Progress progress = backlog_->Flush(fd, &written);
  // What a slow client made us hold is given back at once; the next answer probably needs none.
  if (progress == Progress::kDone) backlog_.reset();
  return {progress, written};
}

void Output::Relieve() {
  if (backlog_ != nullptr) backlog_->Relieve();
}

void Output::Settle() {
  if (backlog_ != nullptr) backlog_->Settle();
}

bool Output::HasRoom(Overflow overflow) const {
  return backlog_ == nullptr || backlog_->HasRoom(overflow);
}

}  // namespace anteroom::frontend
