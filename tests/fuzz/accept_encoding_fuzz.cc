// Any field lines of Accept-Encoding, one a line of the input: the result is what the rules of RFC
// 9110, section 12.5.3, written down a second time, make of it, however the list is cut into lines.
#include <regex.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "frontend/http/accept_encoding.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

// POSIX's, since gcc 12 takes what std::regex does for a use of uninitialized memory under ASan.
const regex_t* MemberPattern() {
  static const regex_t* const pattern = [] {
    auto* compiled = new regex_t;
    const int failed = regcomp(compiled,
                               "^[ \t]*([a-z-]+|[*])[ \t]*"
                               "(;[ \t]*q=(0([.][0-9]{0,3})?|1([.]0{0,3})?)[ \t]*)?$",
                               REG_EXTENDED | REG_ICASE);
    FuzzCheck(failed == 0, "the pattern is one");
    return compiled;
  }();
  return pattern;
}

// Weights in thousandths of what is named, x-gzip as gzip.
std::map<std::string, int> WeightsOf(const std::string& list) {
  std::map<std::string, int> weights;
  size_t members = 0;
  for (const absl::string_view piece : absl::StrSplit(list, ',')) {
    const std::string member(piece);
    if (member.find_first_not_of(" \t") == std::string::npos) continue;
    if (++members > AcceptEncoding::kMembers) break;
    regmatch_t match[4];
    if (member.find('\0') != std::string::npos) continue;  // it ends what regexec() sees
    if (regexec(MemberPattern(), member.c_str(), 4, match, 0) != 0) continue;
    const auto part = [&](const regmatch_t& at) {
      return member.substr(static_cast<size_t>(at.rm_so), static_cast<size_t>(at.rm_eo - at.rm_so));
    };
    std::string name = absl::AsciiStrToLower(part(match[1]));
    if (name == "x-gzip") name = "gzip";
    std::string digits = match[3].rm_so >= 0 ? part(match[3]) : "1";
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
  const CodingPreference preference = whole.Preference();
  FuzzCheck(CodingName(preference.at(preference.size())) == "identity", "what is left is identity");
  FuzzCheck((preference.bits() == 0) == preference.empty(), "0 is no preference");
  FuzzCheck(Names(preference) == Expected(WeightsOf(list)), "as the rules say");
  return 0;
}

}  // namespace anteroom::frontend
