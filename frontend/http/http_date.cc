#include "frontend/http/http_date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "frontend/http/byte_class.h"

namespace anteroom::frontend {
namespace {

constexpr std::array<absl::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};
constexpr std::array<absl::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr int64_t kSecondsPerDay = 86400;

struct CivilDay {
  int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

// Both ways through the proleptic Gregorian calendar, in eras of 400 years that begin on 1 March,
// so that the leap day is the last of a year.
constexpr int64_t kDaysPerEra = 146097;
constexpr int64_t kEpoch = 719468;  // days from 1 March 0000 to 1 January 1970

constexpr int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

constexpr int64_t DaysFromCivil(CivilDay civil) {
  const int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  const int64_t era = FloorDiv(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t month = (civil.month + 9) % 12;  // March is 0
  const int64_t day_of_year = (153 * month + 2) / 5 + civil.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kEpoch;
}

constexpr CivilDay CivilFromDays(int64_t days) {
  days += kEpoch;
  const int64_t era = FloorDiv(days, kDaysPerEra);
  const int64_t day_of_era = days - era * kDaysPerEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  CivilDay civil{};
  civil.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

static_assert(DaysFromCivil({1970, 1, 1}) == 0);
static_assert(DaysFromCivil({2000, 2, 29}) == 11016);

int DaysInMonth(int64_t year, int month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Takes a date apart from left to right. The first thing that does not fit makes all later ones
// fail.
class Reader {
 public:
  explicit Reader(absl::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && text_.empty(); }

  void Expect(absl::string_view literal) {
    ok_ = ok_ && text_.substr(0, literal.size()) == literal;
    if (ok_) text_.remove_prefix(literal.size());
  }

  // `width` digits, no more and no fewer.
  int Number(size_t width) {
    ok_ = ok_ && text_.size() >= width && IsAll(text_.substr(0, width), kDigitByte);
    if (!ok_) return 0;
    int value = 0;
    for (const char c : text_.substr(0, width)) value = value * 10 + (c - '0');
    text_.remove_prefix(width);
    return value;
  }

  // Two digits, or a space and one.
  int PaddedNumber() {
    if (ok_ && !text_.empty() && text_[0] == ' ') {
      text_.remove_prefix(1);
      return Number(1);
    }
    return Number(2);
  }

  // 1 to 12.
  int Month() {
    for (size_t i = 0; ok_ && i < kMonths.size(); ++i) {
      if (text_.substr(0, 3) == kMonths[i]) {
        text_.remove_prefix(3);
        return static_cast<int>(i) + 1;
      }
    }
    ok_ = false;
    return 1;
  }

 private:
  absl::string_view text_;
  bool ok_ = true;
};

struct DateTime {
  CivilDay date{};
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void ReadTime(Reader* reader, DateTime* out) {
  out->hour = reader->Number(2);
  reader->Expect(":");
  out->minute = reader->Number(2);
  reader->Expect(":");
  out->second = reader->Number(2);
}

std::optional<time_t> ToTime(const DateTime& in) {
  if (in.date.year < 1 || in.date.day < 1) return std::nullopt;
  if (in.date.day > DaysInMonth(in.date.year, in.date.month)) return std::nullopt;
  if (in.hour > 23 || in.minute > 59 || in.second > 60) return std::nullopt;
  return DaysFromCivil(in.date) * kSecondsPerDay + in.hour * 3600 + in.minute * 60 + in.second;
}

// " 06 Nov 1994 08:49:37 GMT"
std::optional<time_t> ParseFixdate(absl::string_view rest) {
  Reader reader(rest);
  DateTime out;
  reader.Expect(" ");
  out.date.day = reader.Number(2);
  reader.Expect(" ");
  out.date.month = reader.Month();
  reader.Expect(" ");
  out.date.year = reader.Number(4);
  reader.Expect(" ");
  ReadTime(&reader, &out);
  reader.Expect(" GMT");
  return reader.AtEnd() ? ToTime(out) : std::nullopt;
}

// " 06-Nov-94 08:49:37 GMT"
std::optional<time_t> ParseRfc850(absl::string_view rest, time_t now) {
  Reader reader(rest);
  DateTime out;
  reader.Expect(" ");
  out.date.day = reader.Number(2);
  reader.Expect("-");
  out.date.month = reader.Month();
  reader.Expect("-");
  const int two_digits = reader.Number(2);
  reader.Expect(" ");
  ReadTime(&reader, &out);
  reader.Expect(" GMT");
  if (!reader.AtEnd()) return std::nullopt;
  const int64_t limit = CivilFromDays(FloorDiv(now, kSecondsPerDay)).year + 50;
  out.date.year = FloorDiv(limit, 100) * 100 + two_digits;
  if (out.date.year > limit) out.date.year -= 100;
  return ToTime(out);
}

// " Nov  6 08:49:37 1994"
std::optional<time_t> ParseAsctime(absl::string_view rest) {
  Reader reader(rest);
  DateTime out;
  reader.Expect(" ");
  out.date.month = reader.Month();
  reader.Expect(" ");
  out.date.day = reader.PaddedNumber();
  reader.Expect(" ");
  ReadTime(&reader, &out);
  reader.Expect(" ");
  out.date.year = reader.Number(4);
  return reader.AtEnd() ? ToTime(out) : std::nullopt;
}

char* AppendDigits(char* out, int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + width;
}

char* AppendText(char* out, absl::string_view text) {
  return std::copy(text.begin(), text.end(), out);
}

}  // namespace

std::string FormatHttpDate(time_t time) {
  time = std::clamp(time, kFirstHttpDate, kLastHttpDate);
  const int64_t days = FloorDiv(time, kSecondsPerDay);
  const int64_t second = time - days * kSecondsPerDay;
  const CivilDay date = CivilFromDays(days);
  const int64_t weekday = days + 4 - 7 * FloorDiv(days + 4, 7);  // 1 January 1970 was a Thursday

  std::string text(kHttpDateSize, ' ');
  char* out = AppendText(text.data(), kDays[static_cast<size_t>(weekday)].substr(0, 3));
  out = AppendText(out, ", ");
  out = AppendDigits(out, date.day, 2);
  out = AppendText(out, " ");
  out = AppendText(out, kMonths[static_cast<size_t>(date.month - 1)]);
  out = AppendText(out, " ");
  out = AppendDigits(out, date.year, 4);
  out = AppendText(out, " ");
  out = AppendDigits(out, second / 3600, 2);
  out = AppendText(out, ":");
  out = AppendDigits(out, second / 60 % 60, 2);
  out = AppendText(out, ":");
  out = AppendDigits(out, second % 60, 2);
  AppendText(out, " GMT");
  return text;
}

std::optional<time_t> ParseHttpDate(absl::string_view text, time_t now) {
  const size_t name_end = text.find_first_of(", ");
  if (name_end == absl::string_view::npos) return std::nullopt;
  const absl::string_view name = text.substr(0, name_end);
  for (const absl::string_view day : kDays) {
    if (text[name_end] == ',') {
      if (name == day.substr(0, 3)) return ParseFixdate(text.substr(name_end + 1));
      if (name == day) return ParseRfc850(text.substr(name_end + 1), now);
    } else if (name == day.substr(0, 3)) {
      return ParseAsctime(text.substr(name_end));
    }
  }
  return std::nullopt;
}

absl::string_view DateCache::Get(time_t now) {
  if (text_.empty() || now != second_) {
    second_ = now;
    text_ = FormatHttpDate(now);
  }
  return text_;
}

}  // namespace anteroom::frontend
