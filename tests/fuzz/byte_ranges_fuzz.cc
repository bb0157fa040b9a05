// Any bytes as Range of a file of any size: what is selected is what was asked for, by the rules
// written down a second time. The first line of the input is the size, the rest the field's value.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "frontend/static/byte_ranges.h"
#include "frontend/static/cached_file.h"
#include "frontend/static/partial_content.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

using Verdict = SelectedRanges::Verdict;
using Interval = std::pair<uint64_t, uint64_t>;  // first and last byte

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

absl::string_view Trimmed(absl::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == absl::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

uint64_t NumberOf(absl::string_view digits) {
  uint64_t value = 0;
  return absl::SimpleAtoi(digits, &value) ? value : kMax;
}

// With zeros before it, so that texts compare as numbers do.
std::string Padded(absl::string_view digits, absl::string_view field) {
  return absl::StrCat(std::string(field.size() - digits.size(), '0'), digits);
}

bool AllDigits(absl::string_view text) {
  return text.find_first_not_of("0123456789") == absl::string_view::npos;
}

// What the members ask for, in their order and each for itself; those that are not satisfiable have
// none. Nothing when the field is to be ignored.
std::optional<std::vector<std::optional<Interval>>> Asked(absl::string_view field, uint64_t size) {
  const std::vector<absl::string_view> sides = absl::StrSplit(field, absl::MaxSplits('=', 1));
  if (sides.size() != 2 || absl::AsciiStrToLower(sides[0]) != "bytes") return std::nullopt;
  std::vector<std::optional<Interval>> asked;
  for (const absl::string_view padded : absl::StrSplit(sides[1], ',')) {
    const absl::string_view member = Trimmed(padded);
    if (member.empty()) continue;
    const std::vector<absl::string_view> ends = absl::StrSplit(member, '-');
    if (ends.size() != 2 || !AllDigits(ends[0]) || !AllDigits(ends[1])) return std::nullopt;
    if (ends[0].empty() && ends[1].empty()) return std::nullopt;
    const uint64_t first = NumberOf(ends[0]);
    const uint64_t last = ends[1].empty() ? kMax : NumberOf(ends[1]);
    if (ends[0].empty()) {
      if (last == 0) {
        asked.emplace_back();
      } else {  // of an empty file 0 to -1, so to say
        asked.emplace_back(Interval(last > size ? 0 : size - last, size - 1));
      }
    } else if (!ends[1].empty() && Padded(ends[1], field) < Padded(ends[0], field)) {
      return std::nullopt;
    } else if (first >= size) {
      asked.emplace_back();
    } else {
      asked.emplace_back(Interval(first, std::min(last, size - 1)));
    }
  }
  if (asked.empty() || asked.size() > kMostByteRanges) return std::nullopt;
  return asked;
}

std::vector<Interval> Union(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end());
  std::vector<Interval> merged;
  for (const Interval& next : intervals) {
    // The last byte of a file is never kMax.
    if (!merged.empty() && next.first <= merged.back().second + 1) {
      merged.back().second = std::max(merged.back().second, next.second);
    } else {
      merged.push_back(next);
    }
  }
  return merged;
}

bool Holds(const ByteRange& range, const Interval& interval) {
  return range.offset <= interval.first && interval.second - range.offset < range.length;
}

void CheckPartial(const std::vector<ByteRange>& ranges, uint64_t size) {
  FileIdentity identity;
  identity.size = size;
  const auto file = CachedFile::InMemory(identity, {.content_type = "text/plain"}, "", 1000);
  const auto partial = MakePartialContent(*file, ranges, "boundary");
  if (partial == nullptr) {
    FuzzCheck(ranges.size() > 1, "one range can be sent");
    return;
  }
  uint64_t sum = 0;
  std::vector<ByteRange> sent;
  for (const FilePiece& piece : partial->pieces) {
    sum += piece.text.size() + piece.range.length;
    if (piece.range.length > 0) sent.push_back(piece.range);
  }
  FuzzCheck(sum == partial->size && sum <= size, "never more than the file");
  FuzzCheck(sent == ranges, "what was selected is sent");
}

void Check(absl::string_view field, uint64_t size) {
  const SelectedRanges selected = SelectRanges(field, size);
  FuzzCheck((selected.verdict == Verdict::kRanges) != selected.ranges.empty(),
            "there are ranges when it says so");
  const auto asked = Asked(field, size);
  if (!asked) return FuzzCheck(selected.verdict == Verdict::kWhole, "it is ignored");
  std::vector<Interval> wanted;
  for (const auto& interval : *asked) {
    if (interval) wanted.push_back(*interval);
  }
  if (wanted.empty()) {
    return FuzzCheck(selected.verdict == Verdict::kNotSatisfiable, "it is not satisfiable");
  }
  if (size == 0) return FuzzCheck(selected.verdict == Verdict::kWhole, "the end of nothing");
  FuzzCheck(selected.verdict == Verdict::kRanges, "it is satisfiable");

  std::vector<Interval> got;
  for (const ByteRange& range : selected.ranges) {
    FuzzCheck(range.length > 0 && range.length <= size && range.offset <= size - range.length,
              "a range is within the file");
    got.emplace_back(range.offset, range.offset + range.length - 1);
  }
  std::sort(got.begin(), got.end());
  FuzzCheck(got == Union(wanted), "what was asked for, in as few ranges as can be");
  size_t before = 0;
  for (const ByteRange& range : selected.ranges) {
    const auto first = std::find_if(wanted.begin(), wanted.end(),
                                    [&range](const Interval& one) { return Holds(range, one); });
    FuzzCheck(first != wanted.end(), "it was asked for");
    const auto place = static_cast<size_t>(first - wanted.begin());
    FuzzCheck(&range == selected.ranges.data() || place > before, "in the order of the request");
    before = place;
  }
  CheckPartial(selected.ranges, size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\n'), input.size());
  const absl::string_view digits = input.substr(0, end);
  if (digits.empty() || !AllDigits(digits)) return 0;
  Check(end < input.size() ? input.substr(end + 1) : absl::string_view(), NumberOf(digits));
  return 0;
}

}  // namespace anteroom::frontend
