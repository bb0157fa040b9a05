#include "backend/src/response_check.h"

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace anteroom::backend {
namespace {

constexpr std::array<bool, 256> TokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : absl::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = TokenTable();

// Far more than clients take, and far less than what a message to the front end may hold.
constexpr size_t kMaxHeaderBytes = 256 * 1024;

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool IsFieldValue(absl::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

absl::Status CheckResponse(const Response& response) {
  if (response.status < 200 || response.status > 599) {
    return absl::InternalError(absl::StrCat("status ", response.status, " is outside 200..599"));
  }
  size_t bytes = 0;
  for (const auto& [name, value] : response.headers) {
    bytes += name.size() + value.size();
    if (bytes > kMaxHeaderBytes) {
      return absl::InternalError(
          absl::StrCat("its header fields take more than ", kMaxHeaderBytes, " bytes"));
    }
    if (!IsToken(name)) {
      return absl::InternalError(
          absl::StrCat("the field name \"", absl::CHexEscape(name), "\" is not a token"));
    }
    if (!IsFieldValue(value)) {
      return absl::InternalError(absl::StrCat("the value of field ", name, " holds CR, LF or NUL"));
    }
  }
  return absl::OkStatus();
}

bool IsFramingOrHopByHop(absl::string_view name) {
  // The length decides most names without a comparison.
  switch (name.size()) {
    case 2:
      return absl::EqualsIgnoreCase(name, "TE");
    case 7:
      return absl::EqualsIgnoreCase(name, "Trailer") || absl::EqualsIgnoreCase(name, "Upgrade");
    case 10:
      return absl::EqualsIgnoreCase(name, "Connection") ||
             absl::EqualsIgnoreCase(name, "Keep-Alive");
    case 14:
      return absl::EqualsIgnoreCase(name, "Content-Length");
    case 16:
      return absl::EqualsIgnoreCase(name, "Proxy-Connection");
    case 17:
      return absl::EqualsIgnoreCase(name, "Transfer-Encoding");
    default:
      return false;
  }
}

}  // namespace anteroom::backend
