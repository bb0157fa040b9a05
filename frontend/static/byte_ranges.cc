#include "frontend/static/byte_ranges.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/list.h"

namespace anteroom::frontend {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// Takes digits off the front; nothing when there are none.
std::optional<absl::string_view> ConsumeDigits(absl::string_view* rest) {
  size_t count = 0;
  while (count < rest->size() && IsByte((*rest)[count], kDigitByte)) ++count;
  if (count == 0) return std::nullopt;
  const absl::string_view digits = rest->substr(0, count);
  rest->remove_prefix(count);
  return digits;
}

// As numbers, however large.
bool IsLess(absl::string_view a, absl::string_view b) {
  for (absl::string_view* digits : {&a, &b}) {
    digits->remove_prefix(std::min(digits->find_first_not_of('0'), digits->size()));
  }
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// What is too large is kMax, which is behind the end of every file.
std::optional<uint64_t> ToNumber(std::optional<absl::string_view> digits) {
  if (!digits) return std::nullopt;
  uint64_t value = 0;
  return absl::SimpleAtoi(*digits, &value) ? value : kMax;
}

// int-range: `first`, and `last` unless it is open; suffix-range: `last` only, a number of bytes.
struct RangeSpec {
  std::optional<uint64_t> first;
  std::optional<uint64_t> last;
};

std::optional<RangeSpec> ParseSpec(absl::string_view text) {
  const std::optional<absl::string_view> first = ConsumeDigits(&text);
  if (!absl::ConsumePrefix(&text, "-")) return std::nullopt;
  const std::optional<absl::string_view> last = ConsumeDigits(&text);
  if (!text.empty() || (!first && !last)) return std::nullopt;
  if (first && last && IsLess(*last, *first)) return std::nullopt;
  return RangeSpec{ToNumber(first), ToNumber(last)};
}

// Nothing when it is not satisfiable. Of no bytes only where the file has none.
std::optional<ByteRange> Resolve(const RangeSpec& spec, uint64_t size) {
  if (!spec.first) {
    if (*spec.last == 0) return std::nullopt;
    const uint64_t length = std::min(*spec.last, size);
    return ByteRange{size - length, length};
  }
  if (*spec.first >= size) return std::nullopt;
  const uint64_t last = std::min(spec.last.value_or(kMax), size - 1);
  return ByteRange{*spec.first, last - *spec.first + 1};
}

bool Touch(const ByteRange& a, const ByteRange& b) {
  return a.offset <= b.offset + b.length && b.offset <= a.offset + a.length;
}

void Widen(ByteRange* range, const ByteRange& by) {
  const uint64_t end = std::max(range->offset + range->length, by.offset + by.length);
  range->offset = std::min(range->offset, by.offset);
  range->length = end - range->offset;
}

// Ranges that are there already don't touch each other, so that one pass finds all which the new one
// joins: what it grows by when it swallows one can't reach another.
void Coalesce(const ByteRange& added, std::vector<ByteRange>* ranges) {
  const auto touches = [&added](const ByteRange& range) { return Touch(range, added); };
  const auto first = std::find_if(ranges->begin(), ranges->end(), touches);
  if (first == ranges->end()) {
    ranges->push_back(added);
    return;
  }
  for (auto it = first + 1; it != ranges->end(); ++it) {
    if (touches(*it)) Widen(&*first, *it);
  }
  Widen(&*first, added);
  ranges->erase(std::remove_if(first + 1, ranges->end(), touches), ranges->end());
}

}  // namespace

SelectedRanges SelectRanges(absl::string_view field, uint64_t size) {
  const size_t equals = field.find('=');
  // Names of units are case-insensitive (section 14.1).
  if (equals == absl::string_view::npos ||
      !absl::EqualsIgnoreCase(field.substr(0, equals), "bytes")) {
    return {};
  }
  SelectedRanges selected;
  size_t specs = 0;
  ListReader list(field.substr(equals + 1));
  while (list.Next()) {
    if (list.member().empty()) continue;
    const std::optional<RangeSpec> spec = ParseSpec(list.member());
    if (!spec || ++specs > kMostByteRanges) return {};
    if (const auto range = Resolve(*spec, size)) Coalesce(*range, &selected.ranges);
  }
  if (specs == 0) return {};
  if (selected.ranges.empty()) {
    selected.verdict = SelectedRanges::Verdict::kNotSatisfiable;
    return selected;
  }
  if (size == 0) return {};  // Content-Range has no way to say that a part is empty
  selected.verdict = SelectedRanges::Verdict::kRanges;
  return selected;
}

std::string ContentRange(const ByteRange& range, uint64_t size) {
  return absl::StrCat("bytes ", range.offset, "-", range.offset + range.length - 1, "/", size);
}

std::string UnsatisfiedContentRange(uint64_t size) { return absl::StrCat("bytes */", size); }

}  // namespace anteroom::frontend
