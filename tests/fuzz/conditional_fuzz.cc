// Any conditional fields: the verdict is that of the rules of RFC 9110 written down a second time.
// The input is field lines.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "frontend/http/http_date.h"
#include "frontend/http/request_parser.h"
#include "frontend/static/conditional.h"
#include "frontend/static/request_conditions.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

constexpr std::time_t kNow = 1767225600;  // 1 January 2026
constexpr Validators kValidators{"\"tag\"", 784111777, true};

absl::string_view Trimmed(absl::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == absl::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<absl::string_view> Lines(const RequestHead& head, absl::string_view name) {
  std::vector<absl::string_view> lines;
  for (size_t i = 0; i < head.field_count(); ++i) {
    if (absl::EqualsIgnoreCase(head.field(i).name, name)) lines.push_back(head.field(i).value);
  }
  return lines;
}

// Divided at commas that are not within quotes.
std::vector<absl::string_view> Members(absl::string_view list) {
  std::vector<absl::string_view> members;
  size_t begin = 0;
  bool quoted = false;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i == list.size() || (list[i] == ',' && !quoted)) {
      members.push_back(Trimmed(list.substr(begin, i - begin)));
      begin = i + 1;
    } else if (list[i] == '"') {
      quoted = !quoted;
    }
  }
  return members;
}

bool IsOpaqueTag(absl::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  for (const char c : text.substr(1, text.size() - 2)) {
    if (c == '"' || c == ' ' || c == '\t' || c == 0x7f || (c >= 0 && c < 0x20)) return false;
  }
  return true;
}

bool Matches(absl::string_view list, bool weakly) {
  if (Trimmed(list) == "*") return true;
  for (const absl::string_view member : Members(list)) {
    if (member.empty()) continue;
    const bool weak = absl::StartsWith(member, "W/");
    const absl::string_view opaque = weak ? member.substr(2) : member;
    if (!IsOpaqueTag(opaque)) return false;
    if (opaque == kValidators.etag && (weakly || !weak)) return true;
  }
  return false;
}

// The one date of a field, if there is a single one and it is valid.
std::optional<std::time_t> Date(const RequestHead& head, absl::string_view name) {
  const std::vector<absl::string_view> lines = Lines(head, name);
  return lines.size() == 1 ? ParseHttpDate(lines[0], kNow) : std::nullopt;
}

ConditionalVerdict Expected(const RequestHead& head) {
  const auto match = Lines(head, "if-match");
  const auto none_match = Lines(head, "if-none-match");
  const auto unmodified = Date(head, "if-unmodified-since");
  const auto modified = Date(head, "if-modified-since");
  const bool failed = match.empty() ? unmodified && *unmodified < kValidators.last_modified
                                    : !Matches(absl::StrJoin(match, ","), /*weakly=*/false);
  if (failed) return ConditionalVerdict::kPreconditionFailed;
  const bool known = none_match.empty() ? modified && *modified >= kValidators.last_modified
                                        : Matches(absl::StrJoin(none_match, ","), /*weakly=*/true);
  return known ? ConditionalVerdict::kNotModified : ConditionalVerdict::kSend;
}

void CheckRange(const RequestHead& head, const Conditions& conditions) {
  const auto range = Lines(head, "range");
  FuzzCheck(conditions.range.has_value() == !range.empty(), "Range is found");
  FuzzCheck(range.empty() || *conditions.range == (range.size() == 1 ? range[0] : ""),
            "of several none counts");
  const auto lines = Lines(head, "if-range");
  const bool same_date = Date(head, "if-range") == kValidators.last_modified;
  const bool same_tag = lines.size() == 1 && lines[0] == kValidators.etag;
  FuzzCheck(RangeApplies(conditions, kValidators, kNow) == (lines.empty() || same_tag || same_date),
            "If-Range names this representation");
  Validators fresh = kValidators;
  fresh.date_is_strong = false;
  FuzzCheck(RangeApplies(conditions, fresh, kNow) == (lines.empty() || same_tag),
            "a weak date does not");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const absl::string_view line : absl::StrSplit(input, '\n')) {
    if (!line.empty()) absl::StrAppend(&bytes, line, "\r\n");
  }
  bytes += "\r\n";
  const HttpLimits limits;
  RequestParser parser(limits);
  size_t consumed = 0;
  if (parser.Parse(bytes, &consumed) != RequestParser::Event::kHead) return 0;
  const RequestHead& head = parser.head();
  if (head.method() != "GET") return 0;
  const RequestConditions conditions(head);
  const ConditionalVerdict verdict = EvaluateConditions(conditions.get(), kValidators, kNow);
  FuzzCheck(verdict == Expected(head), "the verdict of RFC 9110, section 13.2.2");
  CheckRange(head, conditions.get());
  const KeptConditions kept(conditions.get());
  FuzzCheck(EvaluateConditions(kept.get(), kValidators, kNow) == verdict, "kept, it is the same");
  FuzzCheck(kept.get().range == conditions.get().range, "Range is kept, too");
  return 0;
}

}  // namespace anteroom::frontend
