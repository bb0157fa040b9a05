#include "backend/src/invoke.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "backend/src/response_check.h"
#include "backend/src/status_response.h"
#include "common/clock.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {
namespace {

void LogFault(const Route& route, const Context& context, absl::string_view what,
              absl::string_view reason) {
  spdlog::error("handler failed request_id={} route=\"{} {}\" fault={} reason={}",
                std::string(context.request_id()), route.method, route.pattern, std::string(what),
                std::string(reason));
}

absl::StatusOr<Response> CallGuarded(Route* route, const Request& request, BodyReader* body,
                                     Context* context) {
  try {
    if (const auto* streaming = std::get_if<StreamingHandler>(&route->handler)) {
      return (*streaming)(request, *body, *context);
    }
    return std::get<Handler>(route->handler)(request, *context);
  } catch (const std::exception& e) {
    route->metrics.exceptions.Add();
    LogFault(*route, *context, "exception", e.what());
  } catch (...) {
    route->metrics.exceptions.Add();
    LogFault(*route, *context, "exception", "not a std::exception");
  }
  // Logged already, so without a message.
  return absl::InternalError("");
}

Response NoHandler(const Router::Match& match) {
  if (match.allow.empty()) return StatusResponse(absl::NotFoundError(""));
  Response response = Response::Text("Method Not Allowed\n", 405);
  response.AddHeader("Allow", match.allow);
  return response;
}

// What BodyReader says when there is nobody to answer any more: no fault of the handler that
// returns it.
bool IsEndOfInterest(const absl::Status& status, const Context& context) {
  return context.Cancelled() && (absl::IsCancelled(status) || absl::IsUnavailable(status) ||
                                 absl::IsDeadlineExceeded(status));
}

Response CallHandler(Route* route, const Request& request, BodyReader* body, Context* context) {
  absl::StatusOr<Response> result = CallGuarded(route, request, body, context);
  if (!result.ok()) {
    absl::Status status = result.status();
    // "Nobody waits any more" means, to whoever does look, that the deadline passed.
    if (absl::IsCancelled(status) && Context::Clock::now() >= context->deadline()) {
      status = absl::DeadlineExceededError("");
    }
    if (HttpStatus(status.code()) >= 500 && !status.message().empty() &&
        !IsEndOfInterest(status, *context)) {
      LogFault(*route, *context, absl::StatusCodeToString(status.code()), status.message());
    }
    return StatusResponse(status);
  }
  if (!route->check_response) return *std::move(result);
  if (const absl::Status verdict = CheckResponse(*result); !verdict.ok()) {
    LogFault(*route, *context, "response", verdict.message());
    return StatusResponse(verdict);
  }
  Response& response = *result;
  response.headers.erase(
      std::remove_if(response.headers.begin(), response.headers.end(),
                     [](const auto& field) { return IsFramingOrHopByHop(field.first); }),
      response.headers.end());
  // These have no body (RFC 9110, sections 15.3.5 and 15.4.5).
  if (response.status == 204 || response.status == 304) {
    response.body.clear();
    response.stream = nullptr;
  }
  return *std::move(result);
}

}  // namespace

Response Invoke(const Router& router, BackendMetrics* metrics, Request::Parts parts,
                BodyReader* body, Context* context) {
  const absl::string_view path = parts.target.substr(0, parts.target.find('?'));
  const Router::Match match = router.Find(parts.method, path);
  if (match.route == nullptr) {
    Response response = NoHandler(match);
    metrics->unmatched.Observe(response.status, Duration::zero());
    return response;
  }
  for (size_t i = 0; i < match.captures.size(); ++i) {
    parts.captures.push_back({match.route->capture_names[i], match.captures[i]});
  }
  if (match.route->streaming()) parts.body = {};
  const Request request(std::move(parts));
  const Time start = Now();
  Response response = CallHandler(match.route, request, body, context);
  match.route->metrics.Observe(response.status, Now() - start);
  return response;
}

absl::Status WriteStream(const Response& response, const Context& context, BodyWriter* writer) {
  absl::Status status;
  try {
    status = response.stream(*writer);
  } catch (const std::exception& e) {
    status = absl::InternalError(e.what());
  } catch (...) {
    status = absl::InternalError("not a std::exception");
  }
  if (!status.ok() && !context.Cancelled()) {
    spdlog::error("handler failed request_id={} fault=stream reason={}",
                  std::string(context.request_id()), std::string(status.message()));
  }
  return status;
}

}  // namespace anteroom::backend
