#include "anteroom/response.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "backend/src/percent.h"

namespace anteroom {

Response Response::Text(std::string text, int status) {
  return Bytes(std::move(text), "text/plain; charset=utf-8", status);
}

Response Response::Json(std::string json, int status) {
  return Bytes(std::move(json), "application/json", status);
}

Response Response::Bytes(std::string bytes, absl::string_view content_type, int status) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::string(content_type));
  response.body = std::move(bytes);
  return response;
}

Response Response::Stream(std::function<absl::Status(BodyWriter&)> stream,
                          absl::string_view content_type, int status) {
  Response response = Bytes("", content_type, status);
  response.stream = std::move(stream);
  return response;
}

Response Response::Empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response Response::File(absl::string_view path) {
  Response response;
  response.headers.emplace_back("X-Accel-Redirect", backend::PercentEncodePath(path));
  return response;
}

Response& Response::SetHeader(absl::string_view name, absl::string_view value) {
  headers.erase(std::remove_if(headers.begin(), headers.end(),
                               [name](const auto& field) {
                                 return absl::EqualsIgnoreCase(field.first, name);
                               }),
                headers.end());
  return AddHeader(name, value);
}

Response& Response::AddHeader(absl::string_view name, absl::string_view value) {
  headers.emplace_back(std::string(name), std::string(value));
  return *this;
}

absl::string_view Response::Header(absl::string_view name) const {
  for (const auto& [field_name, value] : headers) {
    if (absl::EqualsIgnoreCase(field_name, name)) return value;
  }
  return "";
}

}  // namespace anteroom
