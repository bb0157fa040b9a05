#include "common/log.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/clock.h"
#include "common/log_format.h"
#include "spdlog/async.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/spdlog.h"

namespace anteroom {
namespace {

constexpr size_t kQueueLines = 8192;
constexpr Duration kStopPatience = std::chrono::seconds(1);

std::optional<spdlog::level::level_enum> ParseLevel(absl::string_view level) {
  if (level == "trace") return spdlog::level::trace;
  if (level == "debug") return spdlog::level::debug;
  if (level == "info") return spdlog::level::info;
  if (level == "warn") return spdlog::level::warn;
  if (level == "error") return spdlog::level::err;
  return std::nullopt;
}

absl::string_view LevelName(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    case spdlog::level::err:
      return "error";
    case spdlog::level::critical:
      return "fatal";
    case spdlog::level::off:
    case spdlog::level::n_levels:
      break;
  }
  return "-";
}

// Set when stopping: from then on a reader of standard error that does not read is not waited for.
std::atomic<Time> g_write_deadline{Time::max()};

// Writes each line with one write(2), on the log's thread only.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    line_.clear();
    AppendLogLine(msg.time, LevelName(msg.level), {msg.payload.data(), msg.payload.size()}, &line_);
    absl::string_view rest = line_;
    while (!rest.empty() && WaitWritable()) {
      const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
      if (written > 0) {
        rest.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR && errno != EAGAIN) {
        return;  // nobody is left to tell
      }
    }
  }
  void flush_() override {}

 private:
  // False when the deadline has passed. A pipe counts as writable when PIPE_BUF bytes fit, so that
  // a line, which is hardly ever longer, does not block in write() after this said yes.
  static bool WaitWritable() {
    for (;;) {
      const bool patient = Now() < g_write_deadline.load(std::memory_order_relaxed);
      pollfd fd = {STDERR_FILENO, POLLOUT, 0};
      if (poll(&fd, 1, patient ? kPollMillis : 0) != 0) return true;
      if (!patient) return false;
    }
  }

  // How soon a blocked writer notices StopLog(). It wakes up this often only while standard error
  // is blocked.
  static constexpr int kPollMillis = 200;

  std::string line_;
};

std::shared_ptr<spdlog::details::thread_pool> g_thread_pool;

}  // namespace

bool IsLogLevel(absl::string_view level) { return ParseLevel(level).has_value(); }

void StartLog(absl::string_view level) {
  g_write_deadline.store(Time::max(), std::memory_order_relaxed);
  g_thread_pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  auto logger =
      std::make_shared<spdlog::async_logger>("", std::make_shared<StderrSink>(), g_thread_pool,
                                             spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(ParseLevel(level).value_or(spdlog::level::info));
  spdlog::set_default_logger(std::move(logger));
}

void SetLogLevel(absl::string_view level) {
  if (const auto parsed = ParseLevel(level)) spdlog::default_logger_raw()->set_level(*parsed);
}

uint64_t DroppedLogLines() { return g_thread_pool ? g_thread_pool->overrun_counter() : 0; }

void StopLog() {
  g_write_deadline.store(Now() + kStopPatience, std::memory_order_relaxed);
  // The logger stays in place, so that a late spdlog call of some other thread finds one; it does
  // nothing without its thread. The pool's destructor writes out what waits and joins.
  spdlog::default_logger_raw()->set_level(spdlog::level::off);
  g_thread_pool.reset();
}

}  // namespace anteroom
