// Any field lines of Accept-Encoding, one a line of the input: the result is what the rules of RFC
// 9110, section 12.5.3, written down a second time, make of it, however the list is cut into lines.
#include <algorithm>
#include <cstdint>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "frontend/http/accept_encoding.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

// Weights in thousandths of what is named, x-gzip as gzip.
std::map<std::string, int> WeightsOf(const std::string& list) {
  static const auto* const member_pattern = new std::regex(
      "[ \\t]*([a-z-]+|\\*)[ \\t]*(?:;[ \\t]*q=(0(?:\\.[0-9]{0,3})?|1(?:\\.0{0,3})?)[ \\t]*)?",
      std::regex::icase | std::regex::optimize);
  std::map<std::string, int> weights;
  size_t members = 0;
  for (const absl::string_view piece : absl::StrSplit(list, ',')) {
    const std::string member(piece);
    if (member.find_first_not_of(" \t") == std::string::npos) continue;
    if (++members > AcceptEncoding::kMembers) break;
    std::smatch match;
    if (!std::regex_match(member, match, *member_pattern)) continue;
    std::string name = absl::AsciiStrToLower(match[1].str());
    if (name == "x-gzip") name = "gzip";
    std::string digits = match[2].matched ? match[2].str() : "1";
    digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
    digits.resize(4, '0');
    weights.emplace(name, std::stoi(digits));
  }
  return weights;
}

std::vector<std::string> Expected(const std::map<std::string, int>& weights) {
  const auto weight = [&](const std::string& name, const std::string& otherwise) {
    const auto named = weights.find(name);
    const auto found = named != weights.end() ? named : weights.find(otherwise);
    return found == weights.end() ? 0 : found->second;
  };
  std::vector<std::string> names = {"br", "zstd", "gzip"};
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return weight(a, "*") > weight(b, "*");
  });
  const int least = std::max(weight("identity", "identity"), 1);
  names.erase(std::remove_if(names.begin(), names.end(),
                             [&](const std::string& name) { return weight(name, "*") < least; }),
              names.end());
  return names;
}

std::vector<std::string> Names(CodingPreference preference) {
  std::vector<std::string> names;
  for (size_t i = 0; i < preference.size(); ++i) names.emplace_back(CodingName(preference.at(i)));
  return names;
}

// std::regex recurses with the length of what it reads.
bool HasLongMember(const std::string& list) {
  constexpr size_t kLongest = 200;
  const std::vector<absl::string_view> members = absl::StrSplit(list, ',');
  return std::any_of(members.begin(), members.end(),
                     [](absl::string_view member) { return member.size() > kLongest; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> lines = absl::StrSplit(input, '\n');
  AcceptEncoding by_line;
  for (const std::string& line : lines) by_line.Add(line);
  const std::string list = absl::StrJoin(lines, ",");
  AcceptEncoding whole;
  whole.Add(list);
  FuzzCheck(by_line.Preference() == whole.Preference(), "lines are one list");
  AcceptEncoding by_member;
  for (const absl::string_view member : absl::StrSplit(list, ',')) by_member.Add(member);
  FuzzCheck(by_member.Preference() == whole.Preference(), "and so are members");
  if (HasLongMember(list)) return 0;
  FuzzCheck(Names(whole.Preference()) == Expected(WeightsOf(list)), "as the rules say");
  return 0;
}

}  // namespace anteroom::frontend
