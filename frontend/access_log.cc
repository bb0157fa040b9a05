#include "frontend/access_log.h"

#include <chrono>
#include <cmath>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/json.h"
#include "frontend/net/client_request.h"
#include "frontend/net/connection_context.h"
#include "spdlog/async.h"
#include "spdlog/async_logger.h"
#include "spdlog/sinks/basic_file_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace anteroom::frontend {
namespace {

// "2026-01-01T00:00:00.000Z"
std::string IsoTime(int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, wall_ms % 1000);
}

double Round(double ms) { return std::round(ms * 1000) / 1000; }

}  // namespace

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const AccessLogConfig& config) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  // spdlog reports a file that cannot be opened by throwing; nothing of that leaves this function.
  try {
    if (config.path == "-") {
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.path);
    }
  } catch (const spdlog::spdlog_ex& e) {
    return absl::UnavailableError(absl::StrCat("access log: ", e.what()));
  }
  sink->set_pattern("%v");
  auto thread = std::make_shared<spdlog::details::thread_pool>(config.queue_lines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "access", std::move(sink), thread, spdlog::async_overflow_policy::overrun_oldest);
  logger->flush_on(spdlog::level::info);
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(thread), std::move(logger)));
}

AccessLog::AccessLog(std::shared_ptr<spdlog::details::thread_pool> thread,
                     std::shared_ptr<spdlog::logger> logger)
    : thread_(std::move(thread)), logger_(std::move(logger)) {}

AccessLog::~AccessLog() = default;

uint64_t AccessLog::dropped() const { return thread_->overrun_counter(); }

void AccessLog::Write(const ClientRequest& request, absl::string_view client, Time now) {
  thread_local std::string line;
  line.clear();
  const int64_t wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
  AppendAccessLine(request, client, now, wall_ms, &line);
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void AppendAccessLine(const ClientRequest& request, absl::string_view client, Time now,
                      int64_t wall_ms, std::string* out) {
  const RequestHead& head = request.head();
  const Exchange& exchange = request.exchange;
  JsonWriter json(out);
  json.BeginObject();
  json.Field("time", IsoTime(wall_ms));
  json.Field("id", request.id());
  json.Field("client", client);
  json.Field("method", head.method());
  json.Field("host", head.authority());
  json.Field("target", head.target());
  json.Field("status", request.status);
  json.Field("outcome", absl::string_view(Info(request.outcome).word));
  if (!request.detail.empty()) json.Field("detail", absl::string_view(request.detail));
  json.Field("bytes_in", request.bytes_in);
  json.Field("bytes_out", request.bytes_out);
  if (const auto agent = head.Find("user-agent")) json.Field("user_agent", *agent);
  if (request.site != nullptr) {
    json.Field("route", absl::string_view(request.site->route->path));
    if (request.site->pool != nullptr)
      json.Field("pool", absl::string_view(request.site->route->pool));
  }
  const bool complete = request.completed >= request.started;
  const Time completed = complete ? request.completed : now;
  json.Field("read_ms", Round(ToMillis(completed - request.started)));
  if (exchange.attempt > 0 && exchange.backend) {
    json.Field("backend", absl::string_view(*exchange.backend));
    json.Field("thread", exchange.thread);
    json.Field("attempt", exchange.attempt);
    json.Field("queue_ms", Round(ToMillis(exchange.sent_at - completed)));
    json.Field("backend_queue_ms", Round(static_cast<double>(exchange.queued_us) / 1000));
    json.Field("run_ms", Round(static_cast<double>(exchange.run_us) / 1000));
  }
  json.Field("total_ms", Round(ToMillis(now - request.started)));
  json.EndObject();
}

}  // namespace anteroom::frontend
