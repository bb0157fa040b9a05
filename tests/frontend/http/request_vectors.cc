#include "tests/frontend/http/request_vectors.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "frontend/http/byte_class.h"

namespace anteroom::frontend {
namespace {

class Unescaper {
 public:
  explicit Unescaper(absl::string_view text) : rest_(text) {}

  absl::StatusOr<std::string> All() {
    std::string out;
    if (!Until(false, &out)) return absl::InvalidArgumentError("bad escape");
    return out;
  }

 private:
  // To the end, or to the '}' that ends a repetition.
  bool Until(bool brace, std::string* out) {
    while (!rest_.empty()) {
      const char c = Take();
      if (brace && c == '}') return true;
      if (c != '\\') {
        *out += c;
      } else if (!Escape(out)) {
        return false;
      }
    }
    return !brace;
  }

  bool Escape(std::string* out) {
    if (rest_.empty()) return false;
    switch (Take()) {
      case 'r':
        *out += '\r';
        return true;
      case 'n':
        *out += '\n';
        return true;
      case 't':
        *out += '\t';
        return true;
      case '0':
        *out += '\0';
        return true;
      case 's':
        *out += ' ';
        return true;
      case '\\':
        *out += '\\';
        return true;
      case 'x':
        return Hex(out);
      case '{':
        return Repeat(out);
      default:
        return false;
    }
  }

  bool Hex(std::string* out) {
    if (rest_.size() < 2 || !IsAll(rest_.substr(0, 2), kHexDigitByte)) return false;
    const unsigned high = HexValue(Take());
    *out += static_cast<char>(high << 4 | HexValue(Take()));
    return true;
  }

  bool Repeat(std::string* out) {
    const size_t space = rest_.find(' ');
    int times = 0;
    if (space == absl::string_view::npos || !absl::SimpleAtoi(rest_.substr(0, space), &times)) {
      return false;
    }
    rest_.remove_prefix(space + 1);
    std::string text;
    if (!Until(true, &text)) return false;
    for (int i = 0; i < times; ++i) *out += text;
    return true;
  }

  char Take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  absl::string_view rest_;
};

// A line that begins with "=>".
absl::Status AddExpectation(absl::string_view text, RequestVector* vector) {
  text = absl::StripPrefix(text, " ");
  if (vector->verdict.empty()) {
    vector->verdict = text == "accept" ? "accept 1" : std::string(text);
    return absl::OkStatus();
  }
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return absl::InvalidArgumentError("no colon");
  const absl::StatusOr<std::string> value =
      UnescapeBytes(absl::StripPrefix(text.substr(colon + 1), " "));
  if (!value.ok()) return value.status();
  if (!vector->expected.emplace(std::string(text.substr(0, colon)), *value).second) {
    return absl::InvalidArgumentError("key twice");
  }
  return absl::OkStatus();
}

absl::Status AddLine(absl::string_view line, RequestVector* vector) {
  if (absl::ConsumePrefix(&line, "=>")) return AddExpectation(line, vector);
  if (!vector->verdict.empty()) return absl::InvalidArgumentError("bytes after the verdict");
  const absl::StatusOr<std::string> bytes = UnescapeBytes(line);
  if (!bytes.ok()) return bytes.status();
  vector->bytes += *bytes;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> UnescapeBytes(absl::string_view text) { return Unescaper(text).All(); }

absl::StatusOr<std::vector<RequestVector>> ParseVectors(absl::string_view file,
                                                        absl::string_view text) {
  std::vector<RequestVector> vectors;
  std::set<std::string> names;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::Status status;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      const std::string name(absl::StripSuffix(line.substr(1), "]"));
      if (!names.insert(name).second) status = absl::InvalidArgumentError("name twice");
      if (!vectors.empty() && vectors.back().verdict.empty()) {
        status = absl::InvalidArgumentError("the vector before has no verdict");
      }
      vectors.push_back({std::string(file), name, "", "", {}});
    } else if (vectors.empty()) {
      status = absl::InvalidArgumentError("no name yet");
    } else {
      status = AddLine(line, &vectors.back());
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(file, ":", number, ": ", status.message()));
    }
  }
  return vectors;
}

std::vector<RequestVector> LoadVectorsOrDie(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<RequestVector> all;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    absl::StatusOr<std::vector<RequestVector>> vectors =
        ParseVectors(file.stem().string(), text.str());
    if (!vectors.ok()) {
      std::fprintf(stderr, "%s\n", vectors.status().ToString().c_str());
      std::exit(1);
    }
    all.insert(all.end(), vectors->begin(), vectors->end());
  }
  return all;
}

}  // namespace anteroom::frontend
