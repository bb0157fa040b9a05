#include "common/units.h"

#include <array>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace anteroom {
namespace {

struct Unit {
  absl::string_view name;
  uint64_t factor;
};

// From large to small: formatting takes the first that divides.
constexpr std::array<Unit, 6> kDurationUnits = {{{"h", 3600ull * 1000 * 1000 * 1000},
                                                 {"m", 60ull * 1000 * 1000 * 1000},
                                                 {"s", 1000ull * 1000 * 1000},
                                                 {"ms", 1000ull * 1000},
                                                 {"us", 1000},
                                                 {"ns", 1}}};
constexpr std::array<Unit, 5> kSizeUnits = {{{"TiB", uint64_t{1} << 40},
                                             {"GiB", uint64_t{1} << 30},
                                             {"MiB", uint64_t{1} << 20},
                                             {"KiB", uint64_t{1} << 10},
                                             {"B", 1}}};

struct Split {
  absl::string_view digits;
  absl::string_view unit;
};

Split SplitUnit(absl::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
    ++digits;
  }
  return {text.substr(0, digits), text.substr(digits)};
}

absl::Status Invalid(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' ", why));
}

template <size_t N>
absl::StatusOr<uint64_t> Parse(absl::string_view text, const std::array<Unit, N>& units,
                               uint64_t max, absl::string_view expected) {
  const Split split = SplitUnit(text);
  if (split.digits.empty()) return Invalid(text, expected);
  for (const Unit& unit : units) {
    if (unit.name != split.unit) continue;
    uint64_t number = 0;
    if (!absl::SimpleAtoi(split.digits, &number) || number > max / unit.factor) {
      return Invalid(text, "is too large");
    }
    return number * unit.factor;
  }
  return Invalid(text, expected);
}

template <size_t N>
std::string Format(uint64_t value, const std::array<Unit, N>& units, absl::string_view zero) {
  if (value == 0) return std::string(zero.data(), zero.size());
  size_t i = 0;
  while (value % units[i].factor != 0) ++i;  // the last factor is 1
  return absl::StrCat(value / units[i].factor, units[i].name);
}

}  // namespace

absl::StatusOr<Duration> ParseDuration(absl::string_view text) {
  const Split split = SplitUnit(text);
  if (!split.digits.empty() && split.unit.empty()) {
    return Invalid(text, "has no unit (ns, us, ms, s, m or h)");
  }
  const absl::StatusOr<uint64_t> nanoseconds =
      Parse(text, kDurationUnits, static_cast<uint64_t>(Duration::max().count()),
            "is not a duration: write a whole number and ns, us, ms, s, m or h");
  if (!nanoseconds.ok()) return nanoseconds.status();
  return Duration(static_cast<Duration::rep>(*nanoseconds));
}

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  const Split split = SplitUnit(text);
  if (!split.digits.empty() && split.unit.empty()) {
    uint64_t bytes = 0;
    if (!absl::SimpleAtoi(split.digits, &bytes)) return Invalid(text, "is too large");
    return bytes;
  }
  return Parse(text, kSizeUnits, std::numeric_limits<uint64_t>::max(),
               "is not a size: write a whole number and B, KiB, MiB, GiB or TiB");
}

std::string FormatDuration(Duration duration) {
  const Duration::rep count = duration.count();
  if (count >= 0) return Format(static_cast<uint64_t>(count), kDurationUnits, "0s");
  // Negated as unsigned, so that the smallest value works too.
  return absl::StrCat("-",
                      Format(uint64_t{0} - static_cast<uint64_t>(count), kDurationUnits, "0s"));
}

std::string FormatSize(uint64_t bytes) { return Format(bytes, kSizeUnits, "0B"); }

}  // namespace anteroom
