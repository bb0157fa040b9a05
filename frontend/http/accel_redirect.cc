#include "frontend/http/accel_redirect.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/target.h"

namespace anteroom::frontend {
namespace {

constexpr size_t kShown = 64;  // bytes of a handler's text in a reason
constexpr absl::string_view kLineEnd = "\r\n";

absl::Status Refuse(absl::string_view why, absl::string_view value) {
  return absl::InvalidArgumentError(absl::StrCat("X-Accel-Redirect: ", why, ": \"",
                                                 absl::CHexEscape(value.substr(0, kShown)), "\""));
}

bool IsDotSegment(absl::string_view segment) {
  const std::string plain = absl::StrReplaceAll(segment, {{"%2e", "."}, {"%2E", "."}});
  return plain == "." || plain == "..";
}

// Takes a line off the front of `rest`, with its end.
absl::string_view TakeLine(absl::string_view* rest) {
  const size_t end = rest->find(kLineEnd);
  const size_t size = end == absl::string_view::npos ? rest->size() : end + kLineEnd.size();
  const absl::string_view line = rest->substr(0, size);
  rest->remove_prefix(size);
  return line;
}

absl::string_view NameOf(absl::string_view line) { return line.substr(0, line.find(':')); }

bool HasField(absl::string_view fields, absl::string_view name) {
  while (!fields.empty()) {
    if (absl::EqualsIgnoreCase(NameOf(TakeLine(&fields)), name)) return true;
  }
  return false;
}

bool IsReplaced(absl::string_view name, absl::string_view handlers) {
  if (EqualsLower(name, "vary")) return false;
  // How long an answer may be kept is said by one of the two, not half by each.
  if (EqualsLower(name, "cache-control") || EqualsLower(name, "expires")) {
    return HasField(handlers, "cache-control") || HasField(handlers, "expires");
  }
  return HasField(handlers, name);
}

}  // namespace

bool IsAccelRedirect(absl::string_view name) { return EqualsLower(name, "x-accel-redirect"); }

bool GoesWithFile(absl::string_view name, absl::string_view value) {
  constexpr absl::string_view kOfTheBody[] = {"accept-ranges",
                                              "content-digest",
                                              "content-encoding",
                                              "content-location",
                                              "content-md5",
                                              "content-range",
                                              "date",
                                              "digest",
                                              "etag",
                                              "last-modified",
                                              "repr-digest"};
  if (absl::StartsWithIgnoreCase(name, "x-accel-")) return false;
  if (value.empty() && EqualsLower(name, "content-type")) return false;
  return std::none_of(std::begin(kOfTheBody), std::end(kOfTheBody),
                      [name](absl::string_view other) { return EqualsLower(name, other); });
}

absl::StatusOr<std::string> AccelRedirectPath(absl::string_view value, size_t longest) {
  if (value.size() > longest) return Refuse("longer than limits.target", value);
  if (absl::StrContains(value, '?')) return Refuse("a query", value);
  for (const char c : value) {
    // The same bytes that the parser of requests lets through.
    if (c != '%' && !IsByte(c, kPathByte)) return Refuse("not percent-encoded", value);
  }
  for (const absl::string_view segment : absl::StrSplit(value, '/')) {
    if (IsDotSegment(segment)) return Refuse("a dot segment", value);
  }
  absl::StatusOr<std::string> path = DecodePath(value);
  if (!path.ok()) return Refuse(path.status().message(), value);
  return path;
}

void AppendHandlersFields(absl::string_view fields, int status, std::string* out) {
  while (!fields.empty()) {
    const absl::string_view line = TakeLine(&fields);
    if (status == 304 && absl::StartsWithIgnoreCase(line, "content-")) continue;
    out->append(line.data(), line.size());
  }
}

void AppendFilesFields(absl::string_view file, absl::string_view handlers, std::string* out) {
  while (!file.empty()) {
    const absl::string_view line = TakeLine(&file);
    if (line != kLineEnd && IsReplaced(NameOf(line), handlers)) continue;
    out->append(line.data(), line.size());
  }
}

}  // namespace anteroom::frontend
