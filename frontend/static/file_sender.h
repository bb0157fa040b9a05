// Sends ranges of a file, and text between them, to a socket with sendfile and never waits for a
// disk on the loop: before each window it asks the kernel whether the pages are there (preadv2 with
// RWF_NOWAIT) and lets a file-I/O thread read them when not.
//
// What was there a moment ago isn't asked for again (residency_hints.h).
//
// Threading: one loop. The callback comes on the loop; none comes after destruction.
// Exactly what was asked for is sent or the transfer fails: a file that grows is not read beyond,
// one that shrinks is never padded; the connection must then be cut, since the announced
// Content-Length can't be kept any more. SIGPIPE must be ignored by the process (sendfile has no MSG_NOSIGNAL).
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_SENDER_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_SENDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "frontend/static/cached_file.h"
#include "frontend/static/file_io.h"
#include "frontend/static/partial_content.h"
#include "frontend/static/static_counters.h"
#include "frontend/static/static_files.h"

namespace anteroom::frontend {

class FileSender {
 public:
  enum class Progress {
    kDone,            // every byte is in the socket's buffer
    kSocketFull,      // call Send again when the socket is writable (level-triggered: also said for
                      // fairness)
    kWaitingForDisk,  // `ready` will be called on the loop; call Send then
    kFileFailed,      // the file shrank or can't be read: cut the connection
    kSocketFailed,    // the client is gone
  };

  // The most bytes that one call of Send puts into a socket before others get their turn.
  static constexpr uint64_t kPerCall = 1024 * 1024;

  // Sends `pieces` of `file`, which must not be in_memory(), in their order. `ready` is kept and
  // called after each kWaitingForDisk. `file_io` and `counters` must outlive the sender.
  FileSender(std::shared_ptr<const CachedFile> file, std::vector<FilePiece> pieces, FileIo* file_io,
             Poster poster, StaticCounters* counters, std::function<void()> ready);
  ~FileSender();
  FileSender(const FileSender&) = delete;
  FileSender& operator=(const FileSender&) = delete;

  // Never blocks. `socket` must be non-blocking.
  Progress Send(int socket);

  // Bytes, those of the text included.
  uint64_t remaining() const { return text_.size() + (end_ - offset_) + later_; }

 private:
  struct Wait;  // shared with the file-I/O thread that reads

  enum class Residency { kCached, kCold, kFailed };
  // False when there is no piece left.
  bool BeginPiece();
  Progress SendText(int socket);
  Progress SendRange(int socket, uint64_t most);
  Progress FileFailed();
  Residency Probe(uint64_t begin, uint64_t end, Time now);
  Progress ReadInBackground(uint64_t end);
  void OnRead(bool read, uint64_t begin, uint64_t end);

  const std::shared_ptr<const CachedFile> file_;
  FileIo* const file_io_;
  const Poster poster_;
  StaticCounters* const counters_;
  const std::function<void()> ready_;
  const std::vector<FilePiece> pieces_;
  size_t next_ = 0;             // of pieces_: the one to begin next
  uint64_t later_ = 0;          // bytes of the pieces that have not begun
  absl::string_view text_;      // to be sent before the range
  uint64_t end_ = 0;            // of the range
  uint64_t offset_ = 0;         // of the next byte to send
  uint64_t resident_end_ = 0;   // bytes before this one were seen in the page cache...
  Time probed_at_{};            // ...at that time
  bool failed_ = false;         // the file-I/O thread found the file shorter or unreadable
  std::shared_ptr<Wait> wait_;  // while a file-I/O thread reads for us
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_SENDER_H_
