#include "frontend/static/file_handle.h"

#include "frontend/static/file_io.h"

namespace anteroom::frontend {

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = std::exchange(other.fd_, -1);
    file_io_ = other.file_io_;
  }
  return *this;
}

void FileHandle::Reset() {
  if (fd_ >= 0) file_io_->Close(std::exchange(fd_, -1));
}

}  // namespace anteroom::frontend
