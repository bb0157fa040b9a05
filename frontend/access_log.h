// One JSON line an exchange, written by a thread of its own.
//
// Threading: Write from any loop; never blocks. When config.queue_lines lines wait, the oldest are
// dropped and counted. Whatever bytes a client sent, a line is one valid JSON object on one line.
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
  // Writes what is waiting.
  ~AccessLog();

  void Write(const ClientRequest& request, absl::string_view client, Time now);
  // Opens the file anew under its name, after the line that is being written; a file that cannot be
  // opened leaves the old one in use. Any thread; returns at once.
  void Reopen();

  // Lines lost: dropped since the thread was behind, or not written since the disk was full.
  uint64_t dropped() const;

 private:
  class FileSink;

  AccessLog(std::shared_ptr<spdlog::details::thread_pool> thread,
            std::shared_ptr<spdlog::logger> logger, std::shared_ptr<FileSink> file);

  const std::shared_ptr<spdlog::details::thread_pool> thread_;
  const std::shared_ptr<spdlog::logger> logger_;
  const std::shared_ptr<FileSink> file_;  // null: standard output
};

// The line without its line end. Pure but for `wall_ms`, milliseconds since 1970.
void AppendAccessLine(const ClientRequest& request, absl::string_view client, Time now,
                      int64_t wall_ms, std::string* out);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_ACCESS_LOG_H_
