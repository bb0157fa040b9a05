#include "anteroom/request.h"

#include <utility>

#include "absl/strings/match.h"
#include "backend/src/percent.h"

namespace anteroom {
namespace {

// Calls `visit` with the encoded value of each parameter of that name until it returns false.
template <typename Visit>
void VisitParameters(absl::string_view query, absl::string_view name, Visit visit) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const absl::string_view parameter = query.substr(0, end);
    query = end == absl::string_view::npos ? absl::string_view() : query.substr(end + 1);
    const size_t equals = parameter.find('=');
    if (backend::FormDecode(parameter.substr(0, equals)) != name) continue;
    const absl::string_view value =
        equals == absl::string_view::npos ? absl::string_view() : parameter.substr(equals + 1);
    if (!visit(value)) return;
  }
}

}  // namespace

struct Request::Owned {
  std::string method;
  std::string target;
  StringPairs headers;
  std::string body;
  StringPairs captures;
};

Request::Request(std::string method, std::string target, StringPairs headers, std::string body,
                 StringPairs captures)
    : owned_(new Owned{std::move(method), std::move(target), std::move(headers), std::move(body),
                       std::move(captures)}) {
  parts_.method = owned_->method;
  parts_.target = owned_->target;
  parts_.scheme = "http";
  parts_.body = owned_->body;
  for (const auto& [name, value] : owned_->headers) parts_.headers.push_back({name, value});
  for (const auto& [name, value] : owned_->captures) parts_.captures.push_back({name, value});
  parts_.authority = Header("Host").value_or("localhost");
}

Request::Request(Parts parts) : parts_(std::move(parts)) {}

Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

absl::string_view Request::path() const { return target().substr(0, target().find('?')); }

absl::string_view Request::query() const {
  const size_t mark = target().find('?');
  return mark == absl::string_view::npos ? absl::string_view() : target().substr(mark + 1);
}

std::optional<absl::string_view> Request::Header(absl::string_view name) const {
  for (const HeaderField& field : parts_.headers) {
    if (absl::EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::vector<absl::string_view> Request::HeaderValues(absl::string_view name) const {
  std::vector<absl::string_view> values;
  for (const HeaderField& field : parts_.headers) {
    if (absl::EqualsIgnoreCase(field.name, name)) values.push_back(field.value);
  }
  return values;
}

std::optional<std::string> Request::QueryParameter(absl::string_view name) const {
  std::optional<std::string> found;
  VisitParameters(query(), name, [&found](absl::string_view value) {
    found = backend::FormDecode(value);
    return false;
  });
  return found;
}

std::vector<std::string> Request::QueryParameters(absl::string_view name) const {
  std::vector<std::string> values;
  VisitParameters(query(), name, [&values](absl::string_view value) {
    values.push_back(backend::FormDecode(value));
    return true;
  });
  return values;
}

std::string Request::PathParameter(absl::string_view name) const {
  for (const HeaderField& capture : parts_.captures) {
    if (capture.name == name) return backend::PercentDecode(capture.value);
  }
  return "";
}

}  // namespace anteroom
