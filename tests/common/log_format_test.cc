#include "common/log_format.h"

#include <chrono>
#include <string>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr system_clock::time_point kNewYear2026{std::chrono::seconds(1767225600)};

std::string Line(absl::string_view level, absl::string_view message) {
  std::string out;
  AppendLogLine(kNewYear2026, level, message, &out);
  return out;
}

TEST(LogFormatTest, WritesUtcWithMilliseconds) {
  std::string out;
  AppendUtcMillis(kNewYear2026 + milliseconds(7) + std::chrono::microseconds(999), &out);
  EXPECT_EQ(out, "2026-01-01T00:00:00.007Z");
}

TEST(LogFormatTest, RoundsTimesBeforeTheEpochDown) {
  std::string out;
  AppendUtcMillis(system_clock::time_point(-milliseconds(1)), &out);
  EXPECT_EQ(out, "1969-12-31T23:59:59.999Z");
}

TEST(LogFormatTest, PadsTheLevel) {
  EXPECT_EQ(Line("info", "up port=1"), "2026-01-01T00:00:00.000Z info  up port=1\n");
  EXPECT_EQ(Line("error", "down"), "2026-01-01T00:00:00.000Z error down\n");
}

TEST(LogFormatTest, KeepsEveryMessageOnOneLine) {
  EXPECT_EQ(Line("info", absl::string_view("a\nb\r\t\x1B[31m\0\x7F", 12)),
            "2026-01-01T00:00:00.000Z info  a\\nb\\x0d\\x09\\x1b[31m\\x00\\x7f\n");
}

TEST(LogFormatTest, LeavesUtf8AndBackslashesAlone) {
  EXPECT_EQ(Line("warn", "z\xC3\xBC C:\\x"), "2026-01-01T00:00:00.000Z warn  z\xC3\xBC C:\\x\n");
}

}  // namespace
}  // namespace anteroom
