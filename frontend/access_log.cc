#include "frontend/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/mutex.h"
#include "common/unique_fd.h"
#include "frontend/access_line.h"
#include "spdlog/async.h"
#include "spdlog/async_logger.h"
#include "spdlog/sinks/sink.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// For whoever reads the log, when it ends.
constexpr Duration kPatience = std::chrono::seconds(1);

}  // namespace

// A file that can be opened again under its name, after somebody has moved it away; or standard
// output. Writes payloads as they are, a line each. A pipe that nobody reads holds up the log's
// thread, and so costs lines, but neither the end of the log nor of the process.
class AccessLog::FileSink final : public spdlog::sinks::sink {
 public:
  FileSink(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  // Whichever thread drops the logger last; the lock orders it behind the last line for those who
  // don't see into spdlog.
  ~FileSink() override { MutexLock lock(&mu_); }

  // Does not wait for the reader of a FIFO: without one it fails.
  static UniqueFd Open(const std::string& path) {
    if (path == "-") return UniqueFd(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    return UniqueFd(
        open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644));
  }
  // From any thread: what is not written by then is lost.
  void GiveUpAt(Time deadline) { deadline_.store(deadline, std::memory_order_relaxed); }
  // From any thread. Takes effect with the next flush or line.
  void RequestReopen() { reopen_.store(true); }
  uint64_t lost() const { return lost_.load(); }

  void log(const spdlog::details::log_msg& message) override {
    MutexLock lock(&mu_);
    ReopenIfRequestedLocked();
    // Behind what is left of a line that did not fit on the disk.
    line_.clear();
    if (torn_) line_ += '\n';
    line_.append(message.payload.data(), message.payload.size());
    line_ += '\n';
    for (size_t done = 0; done < line_.size();) {
      // Standard output belongs to others as well, and so cannot be made not to block.
      const bool writable = path_ != "-" || WaitWritable(file_.get());
      const ssize_t n =
          writable ? write(file_.get(), line_.data() + done, line_.size() - done) : -1;
      if (n < 0 && writable && errno == EINTR) continue;
      if (n < 0 && writable && errno == EAGAIN && WaitWritable(file_.get())) continue;
      if (n <= 0) {  // a full disk: the line is lost, and the next one is tried
        torn_ = torn_ || done > 0;
        lost_.fetch_add(1);
        return;
      }
      done += static_cast<size_t>(n);
    }
    torn_ = false;
  }
  void flush() override {
    MutexLock lock(&mu_);
    ReopenIfRequestedLocked();
  }
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

 private:
  // False when the deadline has passed. A pipe counts as writable when PIPE_BUF bytes fit, which is
  // more than nearly every line.
  bool WaitWritable(int fd) const {
    for (;;) {
      const bool patient = Now() < deadline_.load(std::memory_order_relaxed);
      pollfd waiting{fd, POLLOUT, 0};
      if (poll(&waiting, 1, patient ? kPollMillis : 0) != 0) return true;
      if (!patient) return false;
    }
  }

  // How soon a blocked writer notices GiveUpAt(); it wakes up this often only while it is blocked.
  static constexpr int kPollMillis = 200;

  void ReopenIfRequestedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!reopen_.exchange(false) || path_ == "-") return;
    UniqueFd file = Open(path_);
    if (!file.valid()) {
      spdlog::error("access log not reopened path={} reason={}", path_, strerror(errno));
      return;  // the old one is better than none
    }
    file_ = std::move(file);
    torn_ = false;
    spdlog::info("access log reopened path={}", path_);
  }

  const std::string path_;
  std::atomic<bool> reopen_{false};
  std::atomic<Time> deadline_{Time::max()};
  Mutex mu_;  // of the log's thread, and whoever opened the log
  UniqueFd file_ ABSL_GUARDED_BY(mu_);
  std::string line_ ABSL_GUARDED_BY(mu_);
  bool torn_ ABSL_GUARDED_BY(mu_) = false;  // the file ends within a line
  std::atomic<uint64_t> lost_{0};
};

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const AccessLogConfig& config) {
  UniqueFd file = FileSink::Open(config.path);
  if (!file.valid()) {
    return absl::UnavailableError(absl::StrCat("access log: ", config.path, ": ", strerror(errno)));
  }
  auto sink = std::make_shared<FileSink>(config.path, std::move(file));
  auto thread = std::make_shared<spdlog::details::thread_pool>(config.queue_lines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "access", sink, thread, spdlog::async_overflow_policy::overrun_oldest);
  logger->flush_on(spdlog::level::info);
  return std::unique_ptr<AccessLog>(
      new AccessLog(config.format, std::move(thread), std::move(logger), std::move(sink)));
}

AccessLog::AccessLog(AccessLogFormat format, std::shared_ptr<spdlog::details::thread_pool> thread,
                     std::shared_ptr<spdlog::logger> logger, std::shared_ptr<FileSink> file)
    : format_(format),
      thread_(std::move(thread)),
      logger_(std::move(logger)),
      file_(std::move(file)) {}

AccessLog::~AccessLog() { file_->GiveUpAt(Now() + kPatience); }

void AccessLog::Reopen() {
  file_->RequestReopen();
  logger_->flush();  // on the log's thread
}

uint64_t AccessLog::dropped() const { return thread_->overrun_counter() + file_->lost(); }

void AccessLog::Write(const ClientRequest& request, absl::string_view client, Time now) {
  thread_local std::string line;
  line.clear();
  const int64_t wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
  switch (format_) {
    case AccessLogFormat::kJson:
      AppendJsonLine(request, client, now, wall_ms, &line);
      break;
    case AccessLogFormat::kCombined:
      AppendCombinedLine(request, client, wall_ms, &line);
      break;
  }
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace anteroom::frontend
