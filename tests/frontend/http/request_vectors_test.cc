// Every vector in vectors/ is a test of its own:
// request/Vector.HasTheVerdict/framing_RefusesTwoTransferEncodings.
#include "tests/frontend/http/request_vectors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "frontend/http/request_parser.h"
#include "tests/frontend/http/transcript.h"

namespace anteroom::frontend {

// How GoogleTest shows the parameter.
void PrintTo(const RequestVector& vector, std::ostream* out) {
  *out << vector.file << "/" << vector.name;
}

namespace {

const std::vector<RequestVector>& Vectors() {
  static const auto* const vectors =
      new std::vector<RequestVector>(LoadVectorsOrDie(ANTEROOM_HTTP_VECTORS));
  return *vectors;
}

bool IsAccepted(const RequestVector& vector) { return vector.verdict.rfind("accept", 0) == 0; }

std::vector<RequestVector> ErrorVectors() {
  std::vector<RequestVector> errors;
  for (const RequestVector& vector : Vectors()) {
    if (vector.verdict != "incomplete" && !IsAccepted(vector)) errors.push_back(vector);
  }
  return errors;
}

constexpr char kComplete[] = "complete";

std::string CountComplete(const Transcript& transcript) {
  return absl::StrCat(std::count_if(transcript.requests.begin(), transcript.requests.end(),
                                    [](const ParsedRequest& request) { return request.complete; }));
}

std::string YesOrNo(bool value) { return value ? "yes" : "no"; }

std::string FramingWord(BodyFraming framing) {
  switch (framing) {
    case BodyFraming::kNone:
      return "none";
    case BodyFraming::kContentLength:
      return "length";
    case BodyFraming::kChunked:
      return "chunked";
  }
  return "";
}

std::map<std::string, std::string> Describe(const ParsedRequest& request) {
  return {{"method", request.method},
          {"target", request.target},
          {"path", request.path},
          {"query", request.query},
          {"authority", request.authority},
          {"minor", absl::StrCat(request.minor_version)},
          {"fields", absl::StrCat(request.fields.size())},
          {"dropped", absl::StrCat(request.dropped_fields)},
          {"framing", FramingWord(request.framing)},
          {"keep_alive", YesOrNo(request.keep_alive)},
          {"continue", YesOrNo(request.expects_continue)},
          {"body", request.body}};
}

class Vector : public testing::TestWithParam<RequestVector> {};
class ErrorVector : public Vector {};

TEST_P(Vector, HasTheVerdict) {
  const Transcript transcript = ParseWhole(GetParam().bytes);
  EXPECT_EQ(transcript.Verdict(), GetParam().verdict);
  std::map<std::string, std::string> expected = GetParam().expected;
  if (!IsAccepted(GetParam())) {
    // Always checked: tests/integration/test_vectors.py waits for as many answers.
    expected.emplace(kComplete, "0");
    EXPECT_EQ(expected.extract(kComplete).mapped(), CountComplete(transcript));
  }
  if (expected.empty()) return;
  ASSERT_FALSE(transcript.requests.empty());
  const std::map<std::string, std::string> request = Describe(transcript.requests.back());
  for (const auto& [key, value] : expected) {
    ASSERT_EQ(request.count(key), 1u) << "unknown key " << key;
    EXPECT_EQ(request.at(key), value) << key;
  }
}

TEST_P(Vector, HasTheSameVerdictByteByByte) {
  EXPECT_EQ(ParseByteByByte(GetParam().bytes), ParseWhole(GetParam().bytes));
}

TEST_P(Vector, HasTheSameVerdictWhereverItIsSplit) {
  const std::string& bytes = GetParam().bytes;
  const Transcript whole = ParseWhole(bytes);
  // Each offset, but of long runs only some: all of them would take more than a minute of CPU time,
  // most of it in the middle of 16 KiB of the letter a.
  constexpr size_t kEachNearTheEnds = 300;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const bool near_an_end = cut < kEachNearTheEnds || bytes.size() - cut < kEachNearTheEnds;
    if (!near_an_end && cut % 101 != 0) continue;
    ASSERT_EQ(ParseInPieces(bytes, {cut}), whole) << "split at " << cut;
  }
}

// The parser fails at the first offending byte, not when it gets around to it.
TEST_P(ErrorVector, FailsAtTheSameByteHoweverMuchComesAtOnce) {
  const std::string& bytes = GetParam().bytes;
  const HttpLimits limits;
  RequestParser parser(limits);
  size_t fed = 0;
  for (RequestParser::Event event{}; event != RequestParser::Event::kError; ++fed) {
    ASSERT_LT(fed, bytes.size());
    size_t consumed = 0;
    event = parser.Parse(absl::string_view(bytes).substr(fed, 1), &consumed);
    // Both have consumed the byte.
    while (event == RequestParser::Event::kHead || event == RequestParser::Event::kBody) {
      event = parser.Parse("", &consumed);
    }
    if (event == RequestParser::Event::kComplete) parser.Reset();
  }
  const absl::string_view all = bytes;
  EXPECT_EQ(ParseWhole(all.substr(0, fed - 1)).cause, ParseCause::kNone);
  EXPECT_NE(ParseWhole(all.substr(0, fed)).cause, ParseCause::kNone);
}

std::string NameOf(const testing::TestParamInfo<RequestVector>& vector) {
  return absl::StrCat(vector.param.file, "_", vector.param.name);
}

INSTANTIATE_TEST_SUITE_P(request, Vector, testing::ValuesIn(Vectors()), NameOf);
INSTANTIATE_TEST_SUITE_P(request, ErrorVector, testing::ValuesIn(ErrorVectors()), NameOf);

TEST(RequestVectors, AreMany) { EXPECT_GE(Vectors().size(), 600u); }

TEST(RequestVectors, CoverEveryCause) {
  std::map<std::string, int> seen;
  for (const RequestVector& vector : Vectors()) ++seen[vector.verdict];
  for (size_t i = 1; i < kParseCauses; ++i) {
    const ParseError& error = DescribeParseError(static_cast<ParseCause>(i));
    EXPECT_GT(seen[absl::StrCat(error.status, " ", error.label)], 0) << error.label;
  }
}

TEST(UnescapeBytes, KnowsItsEscapes) {
  EXPECT_EQ(UnescapeBytes(R"(a\r\n\t\s\\\x41\xff)").value(), "a\r\n\t \\A\xff");
  EXPECT_EQ(UnescapeBytes(R"(\0)").value(), std::string(1, '\0'));
  EXPECT_EQ(UnescapeBytes(R"(<\{3 ab\{2 c}}>)").value(), "<abccabccabcc>");
}

TEST(UnescapeBytes, RefusesOthers) {
  EXPECT_FALSE(UnescapeBytes(R"(\q)").ok());
  EXPECT_FALSE(UnescapeBytes(R"(\x4)").ok());
  EXPECT_FALSE(UnescapeBytes(R"(\{3 a)").ok());
  EXPECT_FALSE(UnescapeBytes("\\").ok());
}

TEST(ParseVectors, RefusesWhatWouldTestNothing) {
  EXPECT_FALSE(ParseVectors("f", "[A]\nGET /\n[B]\n=> accept\n").ok());  // no verdict
  EXPECT_FALSE(ParseVectors("f", "[A]\n=> accept\n[A]\n=> accept\n").ok());
  EXPECT_FALSE(ParseVectors("f", "GET /\n").ok());
  EXPECT_FALSE(ParseVectors("f", "[A]\n=> accept\nGET /\n").ok());
}

}  // namespace
}  // namespace anteroom::frontend
