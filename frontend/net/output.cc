#include "frontend/net/output.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace anteroom::frontend {
namespace {

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

void Output::Keep(absl::string_view rest) {
  if (offset_ > 0) bytes_.erase(0, std::exchange(offset_, 0));
  bytes_.append(rest.data(), rest.size());
}

Output::Progress Output::Write(int fd, absl::string_view bytes) {
  if (!empty()) {
    Keep(bytes);
    return Flush(fd);
  }
  const ssize_t n = bytes.empty() ? 0 : Send(fd, bytes);
  if (n < 0) return Progress::kClientGone;
  written_ += n;
  bytes.remove_prefix(n);
  if (bytes.empty()) return Progress::kDone;
  Keep(bytes);
  return Progress::kBlocked;
}

Output::Progress Output::WriteFile(int fd, absl::string_view head,
                                   std::shared_ptr<const CachedFile> file) {
  if (!empty()) {
    Keep(head);
    file_ = std::move(file);
    file_offset_ = 0;
    return Flush(fd);
  }
  const absl::string_view message = file->ok_message();
  const ssize_t n = Send(fd, head, message);
  if (n < 0) return Progress::kClientGone;
  written_ += n;
  const size_t sent = n;
  if (sent == head.size() + message.size()) return Progress::kDone;
  if (sent < head.size()) Keep(head.substr(sent));
  file_offset_ = sent > head.size() ? sent - head.size() : 0;
  file_ = std::move(file);
  return Progress::kBlocked;
}

Output::Progress Output::WriteSender(int fd, absl::string_view head,
                                     std::unique_ptr<FileSender> sender) {
  Keep(head);
  sender_ = std::move(sender);
  return Flush(fd);
}

Output::Progress Output::Flush(int fd) {
  while (offset_ < bytes_.size()) {
    const ssize_t n = Send(fd, absl::string_view(bytes_).substr(offset_));
    if (n < 0) return Progress::kClientGone;
    if (n == 0) return Progress::kBlocked;
    written_ += n;
    offset_ += n;
  }
  // What a slow client made us hold is given back at once; the next answer probably needs none.
  if (!bytes_.empty()) std::string().swap(bytes_);
  offset_ = 0;
  if (file_) {
    for (absl::string_view rest = file_->ok_message().substr(file_offset_); !rest.empty();) {
      const ssize_t n = Send(fd, rest);
      if (n < 0) return Progress::kClientGone;
      if (n == 0) return Progress::kBlocked;
      written_ += n;
      file_offset_ += n;
      rest.remove_prefix(n);
    }
    file_.reset();
  }
  if (sender_) {
    const uint64_t before = sender_->remaining();
    const FileSender::Progress progress = sender_->Send(fd);
    written_ += before - sender_->remaining();
    switch (progress) {
      case FileSender::Progress::kDone:
        sender_.reset();
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
  }
  return Progress::kDone;
}

uint64_t Output::TakeWritten() { return std::exchange(written_, 0); }

}  // namespace anteroom::frontend
