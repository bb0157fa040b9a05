// What is still to be written to one client: bytes, then at most one file. Writes at once what the
// socket takes and keeps only the rest, so that a client that keeps up costs no memory.
//
// Threading: loop thread only.
#ifndef ANTEROOM_FRONTEND_NET_OUTPUT_H_
#define ANTEROOM_FRONTEND_NET_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/static/cached_file.h"
#include "frontend/static/file_sender.h"

namespace anteroom::frontend {

class Output {
 public:
  enum class Progress {
    kDone,     // nothing is left
    kBlocked,  // the socket is full: call Flush when it is writable
    kDisk,     // a file is being read: the FileSender calls its `ready`
    kClientGone,
    kFileFailed,  // what was announced cannot be sent: cut the connection
  };

  // Both write to `fd` what they can.
  Progress Write(int fd, absl::string_view bytes);
  // `head`, then the cached message of `file` from its start. For files in memory.
  Progress WriteFile(int fd, absl::string_view head, std::shared_ptr<const CachedFile> file);
  // What the sender sends follows the bytes.
  Progress WriteSender(int fd, absl::string_view head, std::unique_ptr<FileSender> sender);
  Progress Flush(int fd);

  bool empty() const { return offset_ == bytes_.size() && !file_ && !sender_; }
  // Bytes held in memory for this client alone.
  size_t held() const { return bytes_.size() - offset_; }
  // Bytes that have gone into the socket since the last call.
  uint64_t TakeWritten();

 private:
  void Keep(absl::string_view rest);

  std::string bytes_;
  size_t offset_ = 0;  // of the first unsent byte of bytes_
  std::shared_ptr<const CachedFile> file_;
  size_t file_offset_ = 0;
  std::unique_ptr<FileSender> sender_;
  uint64_t written_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_OUTPUT_H_
