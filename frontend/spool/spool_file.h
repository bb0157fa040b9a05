// An unlinked temporary file that holds a part of a body.
#ifndef ANTEROOM_FRONTEND_SPOOL_SPOOL_FILE_H_
#define ANTEROOM_FRONTEND_SPOOL_SPOOL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "frontend/spool/block_chain.h"
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
  // Null: it could not be read.
  using Read = std::function<void(std::shared_ptr<Block>)>;

  SpoolFile(const SpoolContext* context, SpoolUse use);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  // Adds `data`, which is not empty, at the end. One at a time; after a failure no more. `written`
  // comes later, never from within.
  void Append(std::shared_ptr<const BlockChain> data, Written written);
  bool appending() const { return static_cast<bool>(written_); }
  // Bytes that have been written.
  uint64_t size() const { return size_; }

  // Fills an empty block with bytes from `offset` on, which have been written, if the kernel has
  // them in memory; with a part of it when the kernel has only that. False: with nothing.
  bool ReadFromMemory(uint64_t offset, Block* block);
  // Fills all of it from the disk, where that much has been written. One at a time.
  void ReadFromDisk(uint64_t offset, std::shared_ptr<Block> block, Read read);
  bool reading() const { return static_cast<bool>(read_); }

 private:
  struct Shared;  // with the file-I/O threads

  void OnAppended(Result result, size_t bytes);
  void OnRead(std::shared_ptr<Block> block);

  const std::shared_ptr<Shared> shared_;
  const SpoolUse use_;
  uint64_t size_ = 0;
  Written written_;
  Read read_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SPOOL_SPOOL_FILE_H_
