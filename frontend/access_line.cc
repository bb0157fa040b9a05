#include "frontend/access_line.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/json.h"
#include "frontend/net/client_request.h"
#include "frontend/net/connection_context.h"

namespace anteroom::frontend {
namespace {

std::tm Utc(int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return utc;
}

// "2026-01-01T00:00:00.000Z"
std::string IsoTime(int64_t wall_ms) {
  const std::tm utc = Utc(wall_ms);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, wall_ms % 1000);
}

// "01/Jan/2026:00:00:00 +0000"; names of months must not follow the locale.
std::string CommonLogTime(int64_t wall_ms) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm utc = Utc(wall_ms);
  return absl::StrFormat("%02d/%s/%04d:%02d:%02d:%02d +0000", utc.tm_mday, kMonths[utc.tm_mon],
                         utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

double Round(double ms) { return std::round(ms * 1000) / 1000; }
double RoundedMillis(Duration d) { return Round(ToMillis(std::max(d, Duration::zero()))); }

void AppendEscaped(absl::string_view text, std::string* out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out->push_back(c);
    } else {
      out->append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
}

void AppendQuoted(const std::optional<absl::string_view>& text, std::string* out) {
  out->append(" \"");
  AppendEscaped(text.value_or("-"), out);
  out->push_back('"');
}

// As far as it was read.
void AppendRequestLine(const ClientRequest& request, std::string* out) {
  const RequestHead& head = request.head();
  out->append(" \"");
  AppendEscaped(head.method().empty() ? absl::string_view("-") : head.method(), out);
  if (!head.target().empty()) {
    out->push_back(' ');
    AppendEscaped(head.target(), out);
  }
  if (request.headed != Time()) absl::StrAppend(out, " HTTP/1.", head.minor_version());
  out->push_back('"');
}

std::string NameOf(const RouteConfig& route) { return absl::StrCat(route.host, route.path); }

}  // namespace

void AppendJsonLine(const ClientRequest& request, absl::string_view client, Time now,
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
  if (const Site* const site = request.first_site(); site != nullptr) {
    json.Field("route", NameOf(*site->route));
    if (site->pool != nullptr) json.Field("pool", absl::string_view(site->route->pool));
    if (request.redirect != nullptr) json.Field("internal_route", NameOf(*request.site->route));
  }
  const bool complete = request.completed >= request.started;
  const Time completed = complete ? request.completed : now;
  json.Field("read_ms", RoundedMillis(completed - request.started));
  if (exchange.attempt > 0 && exchange.backend) {
    json.Field("backend", absl::string_view(*exchange.backend));
    json.Field("thread", exchange.thread);
    json.Field("attempt", exchange.attempt);
    json.Field("queue_ms", RoundedMillis(exchange.sent_at - completed));
    if (exchange.answered_at) {
      const Duration there = std::chrono::microseconds(exchange.queued_us) +
                             std::chrono::microseconds(exchange.run_us);
      json.Field("dispatch_ms", RoundedMillis(*exchange.answered_at - exchange.sent_at - there));
    }
    json.Field("backend_queue_ms", Round(static_cast<double>(exchange.queued_us) / 1000));
    json.Field("run_ms", Round(static_cast<double>(exchange.run_us) / 1000));
  } else if (exchange.enqueued != Time()) {
    json.Field("queue_ms", RoundedMillis((request.responding ? request.begun : now) - completed));
  }
  if (request.responding) json.Field("write_ms", RoundedMillis(now - request.begun));
  json.Field("total_ms", RoundedMillis(now - request.started));
  json.EndObject();
}

void AppendCombinedLine(const ClientRequest& request, absl::string_view client, int64_t wall_ms,
                        std::string* out) {
  const RequestHead& head = request.head();
  absl::StrAppend(out, client, " - - [", CommonLogTime(wall_ms), "]");
  AppendRequestLine(request, out);
  // Of an answer that was not even begun there may be heads that were never written.
  const uint64_t body = request.bytes_out - std::min(request.bytes_out, request.head_bytes_out);
  absl::StrAppendFormat(out, " %03d %u", request.status, body);
  AppendQuoted(head.Find("referer"), out);
  AppendQuoted(head.Find("user-agent"), out);
}

}  // namespace anteroom::frontend
