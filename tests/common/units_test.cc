#include "common/units.h"

#include <chrono>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(ParseDurationTest, ReadsEveryUnit) {
  EXPECT_EQ(ParseDuration("7ns").value(), Duration(7));
  EXPECT_EQ(ParseDuration("10us").value(), microseconds(10));
  EXPECT_EQ(ParseDuration("250ms").value(), milliseconds(250));
  EXPECT_EQ(ParseDuration("5s").value(), seconds(5));
  EXPECT_EQ(ParseDuration("2m").value(), minutes(2));
  EXPECT_EQ(ParseDuration("1h").value(), hours(1));
  EXPECT_EQ(ParseDuration("0s").value(), Duration::zero());
}

TEST(ParseDurationTest, RefusesANumberWithoutUnit) {
  EXPECT_EQ(ParseDuration("5").status().message(), "'5' has no unit (ns, us, ms, s, m or h)");
  EXPECT_EQ(ParseDuration("0").status().message(), "'0' has no unit (ns, us, ms, s, m or h)");
}

TEST(ParseDurationTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "-5s", "+5s", "1.5s", " 5s", "5 s", "5s ", "5S", "5sec",
                           "1m30s", "0x5s", "5ms5", "\xC2\xB5s"}) {
    const absl::Status status = ParseDuration(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()),
                testing::HasSubstr("write a whole number and ns, us, ms, s, m or h"))
        << text;
  }
}

TEST(ParseDurationTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseDuration("9223372036854775807ns").value(), Duration::max());
  EXPECT_EQ(ParseDuration("9223372036854775808ns").status().message(),
            "'9223372036854775808ns' is too large");
  EXPECT_EQ(ParseDuration("2562047h").value(), hours(2562047));
  EXPECT_EQ(ParseDuration("2562048h").status().message(), "'2562048h' is too large");
  EXPECT_EQ(ParseDuration("99999999999999999999999s").status().message(),
            "'99999999999999999999999s' is too large");
}

TEST(ParseSizeTest, ReadsBytesAndBinaryUnits) {
  EXPECT_EQ(ParseSize("0").value(), 0u);
  EXPECT_EQ(ParseSize("1000").value(), 1000u);
  EXPECT_EQ(ParseSize("512B").value(), 512u);
  EXPECT_EQ(ParseSize("64KiB").value(), 65536u);
  EXPECT_EQ(ParseSize("10MiB").value(), 10485760u);
  EXPECT_EQ(ParseSize("1GiB").value(), uint64_t{1} << 30);
  EXPECT_EQ(ParseSize("3TiB").value(), uint64_t{3} << 40);
}

TEST(ParseSizeTest, RefusesDecimalUnitsAndOtherText) {
  for (const char* text : {"", "B", "64KB", "64K", "64k", "64kib", "1M", "-1", "1.5MiB", "1 MiB"}) {
    EXPECT_EQ(ParseSize(text).status().message(),
              std::string("'") + text +
                  "' is not a size: write a whole number and B, KiB, MiB, GiB or TiB");
  }
}

TEST(ParseSizeTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseSize("18446744073709551615").value(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseSize("18446744073709551616").status().message(),
            "'18446744073709551616' is too large");
  EXPECT_EQ(ParseSize("16777215TiB").value(), uint64_t{16777215} << 40);
  EXPECT_EQ(ParseSize("16777216TiB").status().message(), "'16777216TiB' is too large");
}

TEST(FormatDurationTest, UsesTheLargestUnitThatLosesNothing) {
  EXPECT_EQ(FormatDuration(Duration::zero()), "0s");
  EXPECT_EQ(FormatDuration(seconds(90)), "90s");
  EXPECT_EQ(FormatDuration(seconds(120)), "2m");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatDuration(Duration(1001)), "1001ns");
  EXPECT_EQ(FormatDuration(-seconds(5)), "-5s");
  EXPECT_EQ(FormatDuration(Duration::min()), "-9223372036854775808ns");
}

TEST(FormatSizeTest, UsesTheLargestUnitThatLosesNothing) {
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(1000), "1000B");
  EXPECT_EQ(FormatSize(65536), "64KiB");
  EXPECT_EQ(FormatSize(uint64_t{4} << 30), "4GiB");
  EXPECT_EQ(FormatSize(std::numeric_limits<uint64_t>::max()), "18446744073709551615B");
}

TEST(FormatTest, IsReadBackByTheParser) {
  for (const Duration duration :
       {Duration(0), Duration(1), Duration(999'999'999), Duration(hours(5)), Duration::max()}) {
    EXPECT_EQ(ParseDuration(FormatDuration(duration)).value(), duration);
  }
  for (const uint64_t size : {uint64_t{0}, uint64_t{1023}, uint64_t{1} << 20, ~uint64_t{0}}) {
    EXPECT_EQ(ParseSize(FormatSize(size)).value(), size);
  }
}

}  // namespace
}  // namespace anteroom
