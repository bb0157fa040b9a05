// An open file descriptor that is closed by a file-I/O thread and never by the loop that drops it
// last.
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_HANDLE_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_HANDLE_H_

#include <utility>

namespace anteroom::frontend {

class FileIo;

// Movable, owned by one place at a time. Safe to drop on any thread; `file_io` must outlive the
// handle.
class FileHandle {
 public:
  FileHandle() = default;
  FileHandle(int fd, FileIo* file_io) : fd_(fd), file_io_(file_io) {}
  FileHandle(FileHandle&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), file_io_(other.file_io_) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { Reset(); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void Reset();

 private:
  int fd_ = -1;
  FileIo* file_io_ = nullptr;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_HANDLE_H_
