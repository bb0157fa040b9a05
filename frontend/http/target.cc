#include "frontend/http/target.h"

#include "absl/status/status.h"
#include "frontend/http/byte_class.h"

namespace anteroom::frontend {
namespace {

bool IsControl(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }

// `path` ends in a complete segment, without the slash behind it. Leaves it ending in a slash if
// the segment was a dot segment. False above the root.
bool RemoveDotSegment(std::string* path, bool* was_dot_segment) {
  const size_t slash = path->rfind('/');
  const absl::string_view segment = absl::string_view(*path).substr(slash + 1);
  *was_dot_segment = segment == "." || segment == "..";
  if (!*was_dot_segment) return true;
  if (segment == ".") {
    path->resize(slash + 1);
    return true;
  }
  if (slash == 0) return false;
  // Each byte that goes here was appended once: linear over the whole path.
  path->resize(path->rfind('/', slash - 1) + 1);
  return true;
}

}  // namespace

absl::StatusOr<std::string> DecodePath(absl::string_view raw_path) {
  if (raw_path.empty() || raw_path[0] != '/') {
    return absl::InvalidArgumentError("the path does not begin with a slash");
  }
  std::string path = "/";
  path.reserve(raw_path.size());
  bool was_dot_segment = false;
  for (size_t i = 1; i < raw_path.size(); ++i) {
    char c = raw_path[i];
    if (c == '/') {
      if (!RemoveDotSegment(&path, &was_dot_segment)) {
        return absl::InvalidArgumentError("the path leads above the root");
      }
      if (!was_dot_segment) path += '/';
      continue;
    }
    if (c == '%') {
      if (raw_path.size() - i < 3 || !IsByte(raw_path[i + 1], kHexDigitByte) ||
          !IsByte(raw_path[i + 2], kHexDigitByte)) {
        return absl::InvalidArgumentError("the path has a broken percent escape");
      }
      c = static_cast<char>(HexValue(raw_path[i + 1]) << 4 | HexValue(raw_path[i + 2]));
      i += 2;
      if (c == '/') return absl::InvalidArgumentError("the path has an encoded slash");
    }
    if (c == '\\') return absl::InvalidArgumentError("the path has a backslash");
    if (IsControl(c)) return absl::InvalidArgumentError("the path has a control byte");
    path += c;
  }
  if (!RemoveDotSegment(&path, &was_dot_segment)) {
    return absl::InvalidArgumentError("the path leads above the root");
  }
  return path;
}

void AppendPercentEncoded(char byte, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out->push_back('%');
  out->push_back(kHex[value >> 4]);
  out->push_back(kHex[value & 0xf]);
}

}  // namespace anteroom::frontend
