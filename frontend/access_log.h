// One line an exchange (access_line.h), written by a thread of its own.
//
// Threading: Write from any loop; never blocks. When config.queue_lines lines wait, the oldest are
// dropped and counted.
#ifndef ANTEROOM_FRONTEND_ACCESS_LOG_H_
#define ANTEROOM_FRONTEND_ACCESS_LOG_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "frontend/config.h"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace anteroom::frontend {

struct ClientRequest;

class AccessLog {
 public:
  // Opens config.path for appending ("-": standard output). Fails with the system's reason.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(const AccessLogConfig& config);
  // Writes what is waiting, for a second at most when whoever reads it does not.
  ~AccessLog();

  void Write(const ClientRequest& request, absl::string_view client, Time now);
  // Opens the file anew under its name, after the line that is being written; a file that cannot be
  // opened leaves the old one in use. Any thread; returns at once.
  void Reopen();

  // Lines lost: dropped since the thread was behind, or not written since the disk was full.
  uint64_t dropped() const;

 private:
  class FileSink;

  AccessLog(AccessLogFormat format, std::shared_ptr<spdlog::details::thread_pool> thread,
            std::shared_ptr<spdlog::logger> logger, std::shared_ptr<FileSink> file);

  const AccessLogFormat format_;
  const std::shared_ptr<spdlog::details::thread_pool> thread_;
  const std::shared_ptr<spdlog::logger> logger_;
  const std::shared_ptr<FileSink> file_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_ACCESS_LOG_H_
