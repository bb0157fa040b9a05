#include "examples/gallery/gallery_handlers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/json.h"

namespace anteroom::gallery {
namespace {

// A thumbnail has no validator, so its age is the only thing that a cache goes by: an hour is long
// enough to spare the pool a visitor's second look and short enough for a photograph that somebody
// has replaced.
constexpr absl::string_view kThumbnailCaching = "public, max-age=3600";

// Failures are not for caches: what is corrupt now may be replaced a second later.
Response Failure(int status, absl::string_view reason) {
  Response response = Response::Text(absl::StrCat(reason, "\n"), status);
  response.SetHeader("Cache-Control", "no-store");
  return response;
}

absl::StatusOr<Response> FailureOrStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Failure(400, status.message());
    case absl::StatusCode::kNotFound:
      return Failure(404, "no such photograph");
    case absl::StatusCode::kPermissionDenied:
      return Failure(403, "this photograph may not be read");
    case absl::StatusCode::kUnimplemented:
      return Failure(415, status.message());
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kOutOfRange:
      return Failure(422, status.message());
    case absl::StatusCode::kResourceExhausted:
      return absl::UnavailableError(status.message());
    default:
      return status;
  }
}

// The one value of a parameter; nullopt without it.
absl::StatusOr<std::optional<std::string>> SingleParameter(const Request& request,
                                                           absl::string_view name) {
  std::vector<std::string> values = request.QueryParameters(name);
  if (values.size() > 1) return absl::InvalidArgumentError(absl::StrCat(name, " is given twice"));
  if (values.empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(values.front()));
}

// Digits only: SimpleAtoi alone would also take signs and white space.
bool ParseWidth(absl::string_view text, int* width) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, width) && *width >= ThumbnailSpec::kMinWidth &&
         *width <= ThumbnailSpec::kMaxWidth;
}

}  // namespace

absl::StatusOr<ThumbnailSpec> ParseThumbnailSpec(const Request& request) {
  ThumbnailSpec spec;
  const auto width = SingleParameter(request, "w");
  if (!width.ok()) return width.status();
  if (width->has_value() && !ParseWidth(**width, &spec.width)) {
    return absl::InvalidArgumentError(absl::StrCat("w must be a whole number of pixels from ",
                                                   ThumbnailSpec::kMinWidth, " to ",
                                                   ThumbnailSpec::kMaxWidth));
  }
  const auto format = SingleParameter(request, "fmt");
  if (!format.ok()) return format.status();
  if (!format->has_value() || **format == "jpeg") {
    spec.format = ThumbnailFormat::kJpeg;
  } else if (**format == "webp") {
    spec.format = ThumbnailFormat::kWebp;
  } else {
    return absl::InvalidArgumentError("fmt must be jpeg or webp");
  }
  return spec;
}

absl::StatusOr<Response> GalleryHandlers::Photos(const Request&, Context&) const {
  const absl::StatusOr<std::vector<std::string>> names = library_.List();
  if (!names.ok()) return names.status();
  std::string json;
  JsonWriter writer(&json);
  writer.BeginArray();
  for (const std::string& name : *names) writer.String(name);
  writer.EndArray();
  Response response = Response::Json(std::move(json));
  response.SetHeader("Cache-Control", "no-cache");
  return response;
}

absl::StatusOr<Response> GalleryHandlers::Thumb(const Request& request, Context& context) const {
  const absl::StatusOr<ThumbnailSpec> spec = ParseThumbnailSpec(request);
  if (!spec.ok()) return FailureOrStatus(spec.status());
  const absl::StatusOr<std::string> photo = library_.Read(request.PathParameter("name"));
  if (!photo.ok()) return FailureOrStatus(photo.status());
  absl::StatusOr<std::string> thumbnail = MakeThumbnail(
      *photo, *spec, [&context] { return context.Cancelled(); }, limits_);
  if (!thumbnail.ok()) return FailureOrStatus(thumbnail.status());

  Response response = Response::Bytes(std::move(*thumbnail), ContentType(spec->format));
  response.SetHeader("Cache-Control", kThumbnailCaching);
  response.SetHeader("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace anteroom::gallery
