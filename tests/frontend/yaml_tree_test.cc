#include "frontend/yaml_tree.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using testing::HasSubstr;

// The faults of a text, one a line.
std::string Faults(const std::string& text) {
  std::vector<ConfigFault> faults;
  ParseYaml(text, &faults);
  return FormatFaults("f", faults);
}

YamlNode Parse(const std::string& text) {
  std::vector<ConfigFault> faults;
  std::optional<YamlNode> root = ParseYaml(text, &faults);
  EXPECT_EQ(FormatFaults("f", faults), "");
  return root.value_or(YamlNode());
}

TEST(YamlTreeTest, RemembersWhereEverythingStands) {
  const YamlNode root = Parse(
      "a: 1\n"
      "b:\n"
      "  - x\n"
      "  - {c: y}\n");
  ASSERT_EQ(root.kind, YamlNode::Kind::kMapping);
  const YamlEntry* a = root.Find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->value.text, "1");
  EXPECT_EQ(a->line, 1);
  EXPECT_EQ(a->value.column, 4);
  const YamlEntry* b = root.Find("b");
  ASSERT_NE(b, nullptr);
  ASSERT_EQ(b->value.items.size(), 2u);
  EXPECT_EQ(b->value.items[0].line, 3);
  EXPECT_EQ(b->value.items[0].column, 5);
  const YamlEntry* c = b->value.items[1].Find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->line, 4);
  EXPECT_EQ(c->column, 6);
  EXPECT_EQ(c->value.column, 9);
}

TEST(YamlTreeTest, TellsEmptyFromQuoted) {
  const YamlNode root = Parse("a:\nb: ''\nc: ~\nd: null\ne: 'null'\n");
  EXPECT_EQ(root.Find("a")->value.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.Find("b")->value.kind, YamlNode::Kind::kScalar);
  EXPECT_EQ(root.Find("c")->value.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.Find("d")->value.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.Find("e")->value.text, "null");
}

TEST(YamlTreeTest, FindsNothingInWhatIsNoMapping) { EXPECT_EQ(Parse("[a]").Find("a"), nullptr); }

TEST(YamlTreeTest, RefusesKeysGivenTwice) {
  EXPECT_EQ(Faults("a: 1\nb: 2\na: 3\n"), "f:3:1: 'a' is given twice, first in line 1\n");
  EXPECT_EQ(Faults("x: {a: 1, a: 1}\n"), "f:1:11: 'a' is given twice, first in line 1\n");
}

TEST(YamlTreeTest, RefusesAnchorsAliasesAndTags) {
  EXPECT_EQ(Faults("a: &x 1\nb: *x\n"),
            "f:1:4: anchors are not supported\n"
            "f:2:4: aliases are not supported\n");
  EXPECT_EQ(Faults("a: !!str 1\n"), "f:1:4: tags are not supported\n");
  EXPECT_EQ(Faults("a: !secret x\n"), "f:1:4: tags are not supported\n");
}

// Nine lines that stand for a billion nodes in a parser that expands aliases.
TEST(YamlTreeTest, DoesNotExpandAliasBombs) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int n = 1; n < 10; ++n) bomb += ", " + from;
    bomb += "]\n";
  }
  EXPECT_THAT(Faults(bomb), HasSubstr("f:2:10: aliases are not supported\n"));
}

TEST(YamlTreeTest, RefusesKeysThatAreNoWords) {
  EXPECT_EQ(Faults("[a]: 1\n"), "f:1:1: a key must be a word\n");
  EXPECT_EQ(Faults("? {a: b}\n: 1\n"), "f:1:3: a key must be a word\n");
}

TEST(YamlTreeTest, RefusesASecondDocument) {
  EXPECT_EQ(Faults("a: 1\n---\nb: 1\n"), "f:3:1: a second document is not supported\n");
  EXPECT_EQ(Faults("---\na: 1\n...\n"), "");
}

TEST(YamlTreeTest, RefusesAnEmptyFile) {
  EXPECT_EQ(Faults(""), "f: the file holds no configuration\n");
  EXPECT_EQ(Faults("# nothing\n"), "f: the file holds no configuration\n");
}

TEST(YamlTreeTest, ReportsSyntaxErrorsWithTheirPlace) {
  EXPECT_EQ(Faults("a: [\n"), "f:2:1: end of sequence flow not found\n");
  EXPECT_EQ(Faults("a: b: c\n"), "f:1:5: illegal map value\n");
  EXPECT_EQ(Faults("a: *nope\n"), "f:1:4: the referenced anchor is not defined\n");
}

// Else the rest of the file would become a part of the value.
TEST(YamlTreeTest, RefusesAQuoteThatIsNotClosed) {
  EXPECT_EQ(Faults("a: 'x\n"), "f:2:1: a quote is not closed\n");
  EXPECT_EQ(Faults("a: \"x\nb: 1\n\n"), "f:4:1: a quote is not closed\n");
}

TEST(YamlTreeTest, NeedsNoLineEndAtTheEnd) {
  EXPECT_EQ(Parse("a: x").Find("a")->value.text, "x");
  EXPECT_EQ(Parse("a: x\n...").Find("a")->value.text, "x");
  EXPECT_EQ(Parse("a: x # comment").Find("a")->value.text, "x");
  EXPECT_EQ(Faults("a: 'x"), "f:2:1: a quote is not closed\n");
}

TEST(YamlTreeTest, RefusesDeepNesting) {
  EXPECT_EQ(Faults(std::string(kMaxYamlDepth, '[') + std::string(kMaxYamlDepth, ']')), "");
  EXPECT_EQ(Faults("[a, " + std::string(40, '[') + std::string(40, ']') + ", b]"),
            "f:1:36: nested too deeply\n");
  EXPECT_NE(Faults(std::string(100'000, '[')), "");
  EXPECT_NE(Faults(std::string(100'000, '{')), "");
}

TEST(YamlTreeTest, KeepsWhatFollowsATooDeepValue) {
  std::vector<ConfigFault> faults;
  const auto root =
      ParseYaml("{a: " + std::string(40, '[') + std::string(40, ']') + ", b: 1}", &faults);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(faults.size(), 1u);
  ASSERT_NE(root->Find("b"), nullptr);
  EXPECT_EQ(root->Find("b")->value.text, "1");
}

TEST(YamlTreeTest, TakesManyKeysInReasonableTime) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(Parse(text).entries.size(), 50'000u);
}

TEST(OverrideScalarTest, ReplacesAndMakes) {
  YamlNode root = Parse("admin: {address: 'x', other: 1}\nloops: [1]\n");
  OverrideScalar("admin.address", "y", "VARIABLE", &root);
  OverrideScalar("loops", "2", "VARIABLE", &root);
  OverrideScalar("drain.delay", "5s", "VARIABLE", &root);
  EXPECT_EQ(root.Find("admin")->value.Find("address")->value.text, "y");
  EXPECT_EQ(root.Find("admin")->value.Find("other")->value.text, "1");
  EXPECT_EQ(root.Find("loops")->value.text, "2");
  EXPECT_EQ(root.Find("loops")->value.origin, "VARIABLE");
  EXPECT_EQ(root.Find("drain")->value.Find("delay")->value.text, "5s");
}

}  // namespace
}  // namespace anteroom::frontend
