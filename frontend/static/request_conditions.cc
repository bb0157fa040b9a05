#include "frontend/static/request_conditions.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {
namespace {

// The lengths of the names, by bit: most fields of a request are not looked at any closer.
constexpr size_t kLongest = sizeof("if-unmodified-since") - 1;
constexpr uint32_t kLengths = 1u << (sizeof("range") - 1) | 1u << (sizeof("if-match") - 1) |
                              1u << (sizeof("if-none-match") - 1) |
                              1u << (sizeof("if-modified-since") - 1) | 1u << kLongest;

void AddSingle(absl::string_view value, std::optional<absl::string_view>* field) {
  // Nothing is no date, no tag and no range.
  *field = field->has_value() ? absl::string_view() : value;
}

void AddList(absl::string_view value, std::optional<absl::string_view>* field,
             std::string* joined) {
  if (!field->has_value()) {
    *field = value;
    return;
  }
  if (joined->empty()) absl::StrAppend(joined, **field);
  absl::StrAppend(joined, ", ", value);
  *field = *joined;
}

}  // namespace

RequestConditions::RequestConditions(const RequestHead& head) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    const Field field = head.field(i);
    if (field.name.size() > kLongest || (kLengths >> field.name.size() & 1) == 0) continue;
    const auto is = [&field](absl::string_view name) {
      return absl::EqualsIgnoreCase(field.name, name);
    };
    if (is("range")) {
      if (head.method() == "GET") AddSingle(field.value, &conditions_.range);
    } else if (is("if-match")) {
      AddList(field.value, &conditions_.if_match, &if_match_);
    } else if (is("if-range")) {
      AddSingle(field.value, &conditions_.if_range);
    } else if (is("if-none-match")) {
      AddList(field.value, &conditions_.if_none_match, &if_none_match_);
    } else if (is("if-modified-since")) {
      AddSingle(field.value, &conditions_.if_modified_since);
    } else if (is("if-unmodified-since")) {
      AddSingle(field.value, &conditions_.if_unmodified_since);
    }
  }
}

}  // namespace anteroom::frontend
