#include "bench/chunked_reader.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace anteroom::bench {
namespace {

constexpr size_t kMaxLine = 32;

}  // namespace

ChunkedReader::State ChunkedReader::Next(absl::string_view* bytes, absl::string_view* piece) {
  *piece = {};
  if (expect_ == Expect::kNothing) return State::kBroken;
  if (expect_ == Expect::kData) {
    *piece = bytes->substr(0, std::min<uint64_t>(left_, bytes->size()));
    bytes->remove_prefix(piece->size());
    left_ -= piece->size();
    if (left_ == 0) expect_ = Expect::kDataEnd;
    return State::kMore;
  }
  while (!bytes->empty() && !absl::EndsWith(line_, "\r\n")) {
    line_.push_back(bytes->front());
    bytes->remove_prefix(1);
  }
  if (!absl::EndsWith(line_, "\r\n")) {
    return line_.size() > kMaxLine ? State::kBroken : State::kMore;
  }
  const State state = ReadLine();
  line_.clear();
  return state == State::kDone && !bytes->empty() ? State::kBroken : state;
}

ChunkedReader::State ChunkedReader::ReadLine() {
  const absl::string_view line = absl::string_view(line_).substr(0, line_.size() - 2);
  switch (expect_) {
    case Expect::kSize:
      if (!absl::SimpleHexAtoi(line, &left_)) return State::kBroken;
      expect_ = left_ > 0 ? Expect::kData : Expect::kEnd;
      return State::kMore;
    case Expect::kDataEnd:
      expect_ = Expect::kSize;
      return line.empty() ? State::kMore : State::kBroken;
    case Expect::kEnd:
      expect_ = Expect::kNothing;
      return line.empty() ? State::kDone : State::kBroken;
    case Expect::kData:
    case Expect::kNothing:
      break;
  }
  return State::kBroken;
}

}  // namespace anteroom::bench
