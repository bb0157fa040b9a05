#include "frontend/static/request_conditions.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/request_head.h"

namespace anteroom::frontend {
namespace {

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
    // All names have another length but two, so that most fields are not compared at all.
    const auto is = [&field](absl::string_view name) {
      return field.name.size() == name.size() && absl::EqualsIgnoreCase(field.name, name);
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
