#include "common/json.h"

#include <cmath>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

std::string Json(absl::string_view bytes) {
  std::string out;
  AppendJsonString(bytes, &out);
  return out;
}

TEST(JsonStringTest, LeavesPlainTextAndUtf8Alone) {
  EXPECT_EQ(Json(""), R"("")");
  EXPECT_EQ(Json("/a?b=c d~"), R"("/a?b=c d~")");
  EXPECT_EQ(Json("z\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"),
            "\"z\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(JsonStringTest, EscapesQuoteBackslashAndControls) {
  EXPECT_EQ(Json("\"\\"), R"("\"\\")");
  EXPECT_EQ(Json("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(Json(absl::string_view("\0\x01\x1F\x7F", 4)), R"("\u0000\u0001\u001f\u007f")");
}

TEST(JsonStringTest, EscapesC1ControlsThatTerminalsObey) {
  EXPECT_EQ(Json("\xC2\x9B"), R"("\u009b")");
  EXPECT_EQ(Json("\xC2\xA0"), "\"\xC2\xA0\"");
}

TEST(JsonStringTest, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(Json("a\xFFz"), R"("a\ufffdz")");
  EXPECT_EQ(Json("\x80"), R"("\ufffd")");                      // continuation without a lead
  EXPECT_EQ(Json("\xC0\xAF"), R"("\ufffd\ufffd")");            // overlong '/'
  EXPECT_EQ(Json("\xE0\x80\xAF"), R"("\ufffd\ufffd\ufffd")");  // overlong '/'
  EXPECT_EQ(Json("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");  // surrogate
  EXPECT_EQ(Json("\xF4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // above U+10FFFF
  EXPECT_EQ(Json("\xF5"), R"("\ufffd")");
}

TEST(JsonStringTest, ReplacesSequencesThatAreCutShort) {
  EXPECT_EQ(Json("\xC3"), R"("\ufffd")");
  EXPECT_EQ(Json("\xE2\x82"), R"("\ufffd\ufffd")");
  EXPECT_EQ(Json("\xF0\x9F\x98"), R"("\ufffd\ufffd\ufffd")");
  EXPECT_EQ(Json("\xE2\x82\""), R"("\ufffd\ufffd\"")");
}

// Every pair of bytes gives one line of printable ASCII or UTF-8 between two quotes.
TEST(JsonStringTest, IsAlwaysOneStringOnOneLine) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text =
          Json(std::string{static_cast<char>(first), static_cast<char>(second)});
      ASSERT_EQ(text.front(), '"');
      ASSERT_EQ(text.back(), '"');
      for (size_t i = 1; i + 1 < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        ASSERT_GE(byte, 0x20) << first << " " << second;
        ASSERT_NE(byte, 0x7F) << first << " " << second;
        if (text[i] == '\\') ++i;  // what it escapes is no closing quote
        ASSERT_LT(i + 1, text.size()) << first << " " << second;
        ASSERT_TRUE(text[i] != '"' || text[i - 1] == '\\') << first << " " << second;
      }
    }
  }
}

TEST(JsonWriterTest, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Field("a", 1).Field("b", "x");
  json.Key("list").BeginArray().Int(1).Int(2).BeginObject().EndObject().BeginArray().EndArray();
  json.EndArray();
  json.Key("in").BeginObject().Field("c", true).EndObject();
  json.Field("d", false);
  json.EndObject();
  EXPECT_EQ(out, R"({"a":1,"b":"x","list":[1,2,{},[]],"in":{"c":true},"d":false})");
}

TEST(JsonWriterTest, AppendsToWhatIsThere) {
  std::string out = "log: ";
  JsonWriter(&out).BeginArray().Null().EndArray();
  EXPECT_EQ(out, "log: [null]");
}

TEST(JsonWriterTest, EscapesKeys) {
  std::string out;
  JsonWriter(&out).BeginObject().Field("a\"b", "c").EndObject();
  EXPECT_EQ(out, R"({"a\"b":"c"})");
}

TEST(JsonWriterTest, WritesNumbersExactly) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  json.Int(std::numeric_limits<int64_t>::min()).Uint(std::numeric_limits<uint64_t>::max());
  json.Double(0.1).Double(1e300).Double(-2).Double(5e-324);
  json.EndArray();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,0.1,1e+300,-2,5e-324]");
}

TEST(JsonWriterTest, WritesNullForNumbersThatJsonCannotHold) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray().Double(std::nan("")).Double(std::numeric_limits<double>::infinity()).EndArray();
  EXPECT_EQ(out, "[null,null]");
}

TEST(JsonWriterTest, ChoosesTheFormByType) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  json.Value(true).Value(int8_t{-1}).Value(uint16_t{65535}).Value(0.5f).Value(std::string("s"));
  json.Value(absl::string_view("v"));
  json.EndArray();
  EXPECT_EQ(out, R"([true,-1,65535,0.5,"s","v"])");
}

}  // namespace
}  // namespace anteroom
