// What is still to be written to one client: bytes, then at most one file. Writes at once what the
// socket takes and keeps only the rest, so that a client that keeps up costs no memory.
//
// The rest waits in memory, or, where the caller allows it, beyond a bound in the spool: then
// whoever made the answer is done with it, however slowly the client reads.
//
// Threading: loop thread only.
#ifndef ANTEROOM_FRONTEND_NET_OUTPUT_H_
#define ANTEROOM_FRONTEND_NET_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "frontend/net/event_handles.h"
#include "frontend/spool/spooled_body.h"
#include "frontend/static/cached_file.h"
#include "frontend/static/file_sender.h"

namespace anteroom::frontend {

// The same for all connections of a loop; outlives them.
struct OutputLimits {
  const SpoolContext* spool = nullptr;
  SpooledBody::Limits memory;  // of one answer and of all bodies of the process
};

class Output {
 public:
  enum class Progress {
    kDone,     // nothing is left
    kBlocked,  // the socket is full, or others have to have their turn: call Flush when it is
               // writable
    kDisk,     // a file is being read: the FileSender calls its `ready`, the spool OnWritable()
    kClientGone,
    kFileFailed,  // what was announced cannot be sent: cut the connection
  };
  struct Result {
    Progress progress;
    uint64_t written;  // bytes that went into the socket
  };
  enum class Overflow { kMemory, kSpool };

  // OnWritable() is for the socket, and after kDisk: call Flush.
  class Client : public FdHandler {
   public:
    // HasRoom() may have become true. Not from within a call of the output.
    virtual void OnOutputRoom() = 0;
    virtual const OutputLimits& output_limits() const = 0;

   protected:
    ~Client() = default;
  };

  explicit Output(Client* client);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // These write to `fd` what they can.
  Result Write(int fd, absl::string_view bytes, Overflow overflow = Overflow::kMemory);
  // `head`, then `bytes`, which are those of `file` and are not copied. For files in memory.
  Result WriteFile(int fd, absl::string_view head, absl::string_view bytes,
                   std::shared_ptr<const CachedFile> file);
  // What the sender sends follows the bytes.
  Result WriteSender(int fd, absl::string_view head, std::unique_ptr<FileSender> sender);
  Result Flush(int fd);
  // All of a spooled answer has been written to it.
  void Settle();
  // Memory is short.
  void Relieve();

  bool empty() const { return backlog_ == nullptr; }
  // Whether more may be taken from whoever makes the answer.
  bool HasRoom(Overflow overflow) const;

 private:
  // Only a client that does not keep up has one.
  class Backlog;

  Backlog* MakeBacklog();

  Client* const client_;
  std::unique_ptr<Backlog> backlog_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_OUTPUT_H_
