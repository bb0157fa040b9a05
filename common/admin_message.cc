#include "common/admin_message.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anteroom {
namespace {

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "";  // RFC 9112, section 4: may be empty
  }
}

bool IsVisible(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

}  // namespace

bool ParseAdminRequest(absl::string_view head, AdminRequest* request) {
  const std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  const std::vector<absl::string_view> words = absl::StrSplit(lines[0], ' ');
  if (words.size() != 3 || !IsVisible(words[0]) || !IsVisible(words[1])) return false;
  if (words[1].front() != '/') return false;
  if (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") return false;

  const std::vector<std::string> target = absl::StrSplit(words[1], absl::MaxSplits('?', 1));
  request->method.assign(words[0].data(), words[0].size());
  request->path = target[0];
  request->query = target.size() > 1 ? target[1] : "";
  request->accept.clear();
  for (size_t i = 1; i < lines.size(); ++i) {
    constexpr absl::string_view kAccept = "accept:";
    if (!absl::StartsWithIgnoreCase(lines[i], kAccept)) continue;
    const absl::string_view value = absl::StripAsciiWhitespace(lines[i].substr(kAccept.size()));
    request->accept.assign(value.data(), value.size());
  }
  return true;
}

std::string FormatAdminResponse(const AdminResponse& response, bool without_body) {
  std::string out = absl::StrCat(
      "HTTP/1.1 ", response.status, " ", ReasonPhrase(response.status),
      "\r\nContent-Type: ", response.content_type, "\r\nContent-Length: ", response.body.size(),
      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n",
      response.status == 405 ? "Allow: GET, HEAD\r\n" : "", "\r\n");
  if (!without_body) out.append(response.body);
  return out;
}

}  // namespace anteroom
