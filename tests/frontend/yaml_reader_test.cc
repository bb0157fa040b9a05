#include "frontend/yaml_reader.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

// Reads `text` with `read` and returns the faults, one a line.
template <typename Read>
std::string Faults(const std::string& text, Read read) {
  YamlFindings findings;
  const std::optional<YamlNode> root = ParseYaml(text, &findings.faults);
  if (root) read(YamlMapping(&*root, "", &findings));
  SortFaults(&findings.faults);
  return FormatFaults("f", findings.faults);
}

TEST(YamlReaderTest, LeavesTheDefaultWhenTheKeyIsAbsent) {
  uint32_t number = 7;
  std::string text = "default";
  EXPECT_EQ(Faults("{}",
                   [&](YamlMapping yaml) {
                     yaml.Read("number", &number, {0, 10});
                     yaml.Read("text", &text);
                     uint32_t inner = 3;
                     yaml.Section("section").Read("inner", &inner, {0, 10});
                     EXPECT_EQ(inner, 3u);
                   }),
            "");
  EXPECT_EQ(number, 7u);
  EXPECT_EQ(text, "default");
}

TEST(YamlReaderTest, ReadsListsOfWords) {
  std::vector<std::string> words = {"default"};
  std::vector<int> closed;
  std::vector<std::string> none = {"default"};
  EXPECT_EQ(Faults("{words: [a b, c], closed: [two, one, two], none: []}",
                   [&](YamlMapping yaml) {
                     yaml.ReadWords("words", &words);
                     yaml.ReadWords<int>("closed", &closed, {{"one", 1}, {"two", 2}});
                     yaml.ReadWords("none", &none);
                     yaml.ReadWords("absent", &words);
                   }),
            "");
  EXPECT_THAT(words, ElementsAre("a b", "c"));
  EXPECT_THAT(closed, ElementsAre(2, 1, 2));
  EXPECT_THAT(none, ElementsAre());
}

TEST(YamlReaderTest, ReportsWhatIsNoWordOfAList) {
  std::vector<std::string> words = {"default"};
  std::vector<int> closed = {7};
  EXPECT_EQ(Faults("{words: [a, [b]], closed: [one, three], scalar: a}",
                   [&](YamlMapping yaml) {
                     yaml.ReadWords("words", &words);
                     yaml.ReadWords<int>("closed", &closed, {{"one", 1}, {"two", 2}});
                     yaml.ReadWords("scalar", &words);
                   }),
            "f:1:13: words[1]: must be a single value\n"
            "f:1:33: closed[1]: 'three' is not one of one, two\n"
            "f:1:49: scalar: must be a list\n");
  EXPECT_THAT(words, ElementsAre("default"));
}

TEST(YamlReaderTest, ReadsEveryType) {
  std::string text;
  uint32_t number = 0;
  Duration duration{};
  uint64_t size = 0;
  size_t count = 0;
  SocketAddress address;
  std::vector<SocketAddress> addresses;
  int word = 0;
  EXPECT_EQ(Faults("{text: a b, number: 3, duration: 5s, size: 1KiB, count: 9, address: 'a:1',\n"
                   " addresses: ['b:2', 'c:3'], word: two}",
                   [&](YamlMapping yaml) {
                     yaml.Read("text", &text);
                     yaml.Read("number", &number, {0, 10});
                     yaml.Read("duration", &duration, {seconds(0), seconds(10)});
                     yaml.ReadSize("size", &size, {0, 4096});
                     yaml.ReadCount("count", &count, {0, 10});
                     yaml.Read("address", &address);
                     yaml.Read("addresses", &addresses);
                     yaml.Read<int>("word", &word, {{"one", 1}, {"two", 2}});
                   }),
            "");
  EXPECT_EQ(text, "a b");
  EXPECT_EQ(number, 3u);
  EXPECT_EQ(duration, seconds(5));
  EXPECT_EQ(size, 1024u);
  EXPECT_EQ(count, 9u);
  EXPECT_EQ(address, (SocketAddress{"a", 1}));
  EXPECT_THAT(addresses, ElementsAre(SocketAddress{"b", 2}, SocketAddress{"c", 3}));
  EXPECT_EQ(word, 2);
}

TEST(YamlReaderTest, NamesKeyPlaceAndReason) {
  uint32_t number = 7;
  const auto read = [&](YamlMapping yaml) { yaml.Section("a").Read("n", &number, {1, 64}); };
  EXPECT_EQ(Faults("a:\n  n: x\n", read), "f:2:6: a.n: 'x' is not a whole number\n");
  EXPECT_EQ(Faults("a:\n  n: 65\n", read), "f:2:6: a.n: '65' is not between 1 and 64\n");
  EXPECT_EQ(Faults("a:\n  n: -1\n", read), "f:2:6: a.n: '-1' is not a whole number\n");
  EXPECT_EQ(Faults("a:\n  n: 4294967297\n", read),
            "f:2:6: a.n: '4294967297' is not between 1 and 64\n");
  EXPECT_EQ(Faults("a:\n  n: 1.5\n", read), "f:2:6: a.n: '1.5' is not a whole number\n");
  EXPECT_EQ(Faults("a:\n  n:\n", read), "f:2:3: a.n: has no value\n");
  EXPECT_EQ(Faults("a:\n  n: [1]\n", read), "f:2:6: a.n: must be a single value\n");
  EXPECT_EQ(Faults("a: 5\n", read), "f:1:4: a: must be a mapping of keys to values\n");
  EXPECT_EQ(number, 7u);
}

TEST(YamlReaderTest, WritesRangesInTheirUnits) {
  Duration duration{};
  uint64_t size = 0;
  EXPECT_EQ(Faults("d: 11s\ns: 2MiB\n",
                   [&](YamlMapping yaml) {
                     yaml.Read("d", &duration, {seconds(0), seconds(10)});
                     yaml.ReadSize("s", &size, {1024, 1048576});
                   }),
            "f:1:4: d: '11s' is not between 0s and 10s\n"
            "f:2:4: s: '2MiB' is not between 1KiB and 1MiB\n");
}

TEST(YamlReaderTest, ListsTheWordsThatWereExpected) {
  int word = 0;
  EXPECT_EQ(Faults("w: three\n",
                   [&](YamlMapping yaml) {
                     yaml.Read<int>("w", &word, {{"one", 1}, {"two", 2}});
                   }),
            "f:1:4: w: 'three' is not one of one, two\n");
}

TEST(YamlReaderTest, SuggestsTheNearestKey) {
  std::string text;
  const auto read = [&](YamlMapping yaml) {
    yaml.Read("connections", &text);
    yaml.Read("body", &text);
  };
  EXPECT_EQ(Faults("conections: 1\n", read),
            "f:1:1: unknown key 'conections', did you mean 'connections'?\n");
  EXPECT_EQ(Faults("bdy: 1\n", read), "f:1:1: unknown key 'bdy', did you mean 'body'?\n");
  EXPECT_EQ(Faults("bodies: 1\n", read), "f:1:1: unknown key 'bodies', did you mean 'body'?\n");
  EXPECT_EQ(Faults("colour: 1\n", read), "f:1:1: unknown key 'colour'\n");
  EXPECT_EQ(Faults("x: 1\n", read), "f:1:1: unknown key 'x'\n");
}

TEST(YamlReaderTest, ReportsUnknownKeysInside) {
  EXPECT_EQ(
      Faults("a:\n  list:\n    - {x: 1}\n",
             [](YamlMapping yaml) { yaml.Section("a").Each("list", [](size_t, YamlMapping) {}); }),
      "f:3:8: unknown key 'a.list[0].x'\n");
}

TEST(YamlReaderTest, PassesOverItemsThatAreNoMappings) {
  std::vector<size_t> seen;
  EXPECT_EQ(Faults("l: [{}, 5, {}]\n",
                   [&](YamlMapping yaml) {
                     yaml.Each("l", [&](size_t i, YamlMapping) { seen.push_back(i); });
                   }),
            "f:1:9: l[1]: must be a mapping of keys to values\n");
  EXPECT_THAT(seen, ElementsAre(0, 2));
}

TEST(YamlReaderTest, RefusesEmptyLists) {
  std::vector<SocketAddress> addresses;
  EXPECT_EQ(Faults("l: []\na: []\n",
                   [&](YamlMapping yaml) {
                     yaml.Each("l", [](size_t, YamlMapping) { FAIL(); });
                     yaml.Read("a", &addresses);
                   }),
            "f:1:4: l: must not be empty\n"
            "f:2:4: a: must not be empty\n");
}

TEST(YamlReaderTest, KeepsTheIndicesOfAddresses) {
  std::vector<SocketAddress> addresses;
  EXPECT_EQ(Faults("a: ['x:1', nope, {}, 'y:2']\n",
                   [&](YamlMapping yaml) { yaml.Read("a", &addresses); }),
            "f:1:12: a[1]: 'nope' has no port: write host:port or [IPv6]:port\n"
            "f:1:18: a[2]: must be host:port\n");
  EXPECT_THAT(addresses, ElementsAre(SocketAddress{"x", 1}, SocketAddress(), SocketAddress(),
                                     SocketAddress{"y", 2}));
}

TEST(YamlReaderTest, ReadsNamedTexts) {
  std::vector<std::pair<std::string, std::string>> texts;
  EXPECT_EQ(
      Faults("t: {b: x, a: '', 404: [], c: }", [&](YamlMapping yaml) { yaml.Read("t", &texts); }),
      "f:1:18: t.404: must be a single value\nf:1:27: t.c: must be a single value\n");
  EXPECT_THAT(texts, ElementsAre(testing::Pair("b", "x"), testing::Pair("a", "")));
}

TEST(YamlReaderTest, ReadsNamedMappings) {
  std::vector<std::string> names;
  EXPECT_EQ(Faults("m:\n  b: {}\n  a: {}\n  c: 1\n",
                   [&](YamlMapping yaml) {
                     yaml.EachNamed(
                         "m", [&](const std::string& name, YamlMapping) { names.push_back(name); });
                   }),
            "f:4:3: m.c: must be a mapping of keys to values\n");
  EXPECT_THAT(names, ElementsAre("b", "a"));
}

TEST(YamlFindingsTest, FallsBackToTheEnclosingPlace) {
  YamlFindings findings;
  const std::optional<YamlNode> root = ParseYaml("l:\n  - {x: 1}\n", &findings.faults);
  YamlMapping(&*root, "", &findings).Each("l", [](size_t, YamlMapping item) {
    std::string text;
    item.Read("x", &text);
  });
  EXPECT_EQ(findings.PlaceOf("l[0].x").column, 9);
  EXPECT_EQ(findings.PlaceOf("l[0].y").column, 5);
  EXPECT_EQ(findings.PlaceOf("l[7]").line, 2);
  EXPECT_EQ(findings.PlaceOf("other").line, 0);
  EXPECT_TRUE(findings.Has("l[0].x"));
  EXPECT_FALSE(findings.Has("l[0].y"));
}

TEST(YamlFindingsTest, ListsKeysWithoutATree) {
  YamlFindings findings;
  findings.list_keys = true;
  std::string text;
  YamlMapping yaml(nullptr, "", &findings);
  yaml.Read("a", &text);
  yaml.Section("s").Read("b", &text);
  yaml.Each("l", [&](size_t, YamlMapping item) { item.Read("c", &text); });
  yaml.EachNamed("m", [&](const std::string&, YamlMapping item) { item.Read("d", &text); });
  EXPECT_THAT(findings.known_keys, ElementsAre("a", "s", "s.b", "l", "l.*.c", "m", "m.*.d"));
  EXPECT_TRUE(findings.faults.empty());
}

}  // namespace
}  // namespace anteroom::frontend
