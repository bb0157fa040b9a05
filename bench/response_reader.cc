#include "bench/response_reader.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "bench/origin_request.h"

namespace anteroom::bench {
namespace {

constexpr size_t kMaxHead = 64 * 1024;

}  // namespace

ResponseReader::State ResponseReader::Feed(absl::string_view bytes) {
  if (!in_body_) {
    head_.append(bytes.data(), bytes.size());
    const size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return head_.size() > kMaxHead ? State::kBroken : State::kMore;
    const size_t in_this_feed = head_.size() - (end + 4);
    head_.resize(end + 4);
    bytes.remove_prefix(bytes.size() - in_this_feed);
    if (ReadHead() == State::kBroken) return State::kBroken;
    in_body_ = true;
  }
  if (bytes.size() > body_left_) return State::kBroken;
  body_left_ -= bytes.size();
  return body_left_ == 0 ? State::kDone : State::kMore;
}

ResponseReader::State ResponseReader::ReadHead() {
  const absl::string_view head = head_;
  if (!absl::StartsWith(head, "HTTP/1.1 ") || !absl::SimpleAtoi(head.substr(9, 3), &status_)) {
    return State::kBroken;
  }
  const auto length = FindField(head, "content-length");
  if (!length.has_value() || !absl::SimpleAtoi(*length, &body_left_)) return State::kBroken;
  const auto connection = FindField(head, "connection");
  keep_alive_ = !connection.has_value() || !absl::EqualsIgnoreCase(*connection, "close");
  return State::kMore;
}

void ResponseReader::Reset() { *this = ResponseReader(); }

}  // namespace anteroom::bench
