// An unlinked temporary file that holds a part of a body.
#ifndef ANTEROOM_FRONTEND_SPOOL_SPOOL_FILE_H_
#define ANTEROOM_FRONTEND_SPOOL_SPOOL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "frontend/spool/spool_quota.h"
#include "frontend/static/file_io.h"

namespace anteroom::frontend {

// What one loop needs to make spool files; outlives them.
struct SpoolContext {
  std::string directory;
  SpoolQuota* quota = nullptr;  // of the process
  FileIo* file_io = nullptr;
  Poster poster;
};

// Threading: loop thread only. Opening, writing and reading from the disk happen on file-I/O
// threads; their callbacks come on the loop, and none comes after destruction. The file has no name
// from the beginning (open(2), O_TMPFILE; where the file system has no such thing, for the moment
// until it is unlinked), so nothing is left behind by a crash. It grows with what is written and is
// never allocated ahead. Its quota is given back when it is closed.
class SpoolFile {
 public:
  enum class Result {
    kOk,
    kNoRoom,      // the quota of the process is spent
    kDiskFailed,  // full, or broken
  };
  using Written = std::function<void(Result)>;
  // Empty: it could not be read.
  using Read = std::function<void(std::string)>;

  explicit SpoolFile(const SpoolContext* context);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  // Adds `data`, which is not empty, at the end. One at a time; after a failure no more. `written`
  // comes later, never from within.
  void Append(std::shared_ptr<const std::string> data, Written written);
  bool appending() const { return static_cast<bool>(written_); }
  // Bytes that have been written.
  uint64_t size() const { return size_; }

  // [offset, offset + size), which has been written, if the kernel has it in memory; else empty. A
  // part of it when the kernel has only that.
  std::string ReadFromMemory(uint64_t offset, size_t size);
  // The same from the disk. One at a time.
  void ReadFromDisk(uint64_t offset, size_t size, Read read);
  bool reading() const { return static_cast<bool>(read_); }

 private:
  struct Shared;  // with the file-I/O threads

  void OnAppended(Result result, size_t bytes);
  void OnRead(std::string data);

  const std::shared_ptr<Shared> shared_;
  uint64_t size_ = 0;
  Written written_;
  Read read_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_SPOOL_FILE_H_
