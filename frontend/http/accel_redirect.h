// X-Accel-Redirect (nginx's field): a handler names a file that the front end is to send in place of a
// body. What the field may say, and what of the handler's answer goes on with the file.
//
// Pure; any thread.
#ifndef ANTEROOM_FRONTEND_HTTP_ACCEL_REDIRECT_H_
#define ANTEROOM_FRONTEND_HTTP_ACCEL_REDIRECT_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anteroom::frontend {

bool IsAccelRedirect(absl::string_view name);

// Whether a field of the handler's goes on with the file. Not those that describe the body that the
// handler did not send, or that only the file knows (Content-Encoding, ETag, Last-Modified,
// Accept-Ranges, digests, ...), nor Date and the X-Accel-* fields; nor an empty Content-Type.
bool GoesWithFile(absl::string_view name, absl::string_view value);

// The path that the value of the field names: decoded, as DecodePath() has it. InvalidArgument, with
// a reason for the log, for what no client could ask for; for a query; for dot segments, in whatever
// writing: a handler that puts a name together from what a client sent must not be led to another
// directory; and for more than `longest` bytes.
absl::StatusOr<std::string> AccelRedirectPath(absl::string_view value, size_t longest);

template <typename Fields>
bool NamesFile(const Fields& fields) {
  for (const auto& field : fields) {
    if (IsAccelRedirect(field.name())) return true;
  }
  return false;
}

struct NamedFile {
  std::string path;    // decoded
  std::string fields;  // what goes on with the file: complete lines, each with its CR LF
};

// For an answer of which NamesFile() is true and whose head has passed CheckResponseHead(). Beside
// the path, the status has to be 200 (the file's answer says what it is), and there must be no second
// field of the name.
template <typename Fields>
absl::StatusOr<NamedFile> ReadNamedFile(int status, const Fields& fields, size_t longest) {
  if (status != 200) {
    return absl::InvalidArgumentError(absl::StrCat("X-Accel-Redirect with status ", status));
  }
  NamedFile named;
  for (const auto& field : fields) {
    if (IsAccelRedirect(field.name())) {
      if (!named.path.empty()) return absl::InvalidArgumentError("X-Accel-Redirect twice");
      absl::StatusOr<std::string> path = AccelRedirectPath(field.value(), longest);
      if (!path.ok()) return path.status();
      named.path = *std::move(path);
    } else if (GoesWithFile(field.name(), field.value())) {
      absl::StrAppend(&named.fields, field.name(), ": ", field.value(), "\r\n");
    }
  }
  return named;
}

// NamedFile::fields, for an answer with this status: a 304 repeats nothing about the content that the
// client has already (RFC 9110, section 15.4.5).
void AppendHandlersFields(absl::string_view fields, int status, std::string* out);

// The lines of `file`, which may end with the empty line that ends a head, but for those in whose
// place `handlers` (NamedFile::fields) has its own: fields of the same name, and Cache-Control and
// Expires where it has either. Vary is in both: its lines add up (RFC 9110, section 5.3).
void AppendFilesFields(absl::string_view file, absl::string_view handlers, std::string* out);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_ACCEL_REDIRECT_H_
