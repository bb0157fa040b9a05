#include "bench/transfer.h"

#include <openssl/evp.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "backend/diag/pattern.h"
#include "bench/origin_request.h"

namespace anteroom::bench {
namespace {

constexpr size_t kMaxHead = 64 * 1024;
constexpr size_t kMaxAnswer = 64 * 1024;
constexpr size_t kShift = 64;  // between the bodies of two variants

std::string Sha256Hex(absl::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace

TransferPlan::TransferPlan(Direction direction, const std::string& path, size_t bytes,
                           size_t variants, bool check)
    : direction_(direction), bytes_(bytes), check_(check) {
  const bool upload = direction == Direction::kUpload;
  variants = std::clamp<size_t>(variants, 1, kVariants);
  pattern_ = backend::PatternBytes(0, bytes + (upload ? kShift * (variants - 1) : 0));
  head_ = absl::StrCat(upload ? "POST " : "GET ", path, " HTTP/1.1\r\nHost: bench.example\r\n");
  if (upload) {
    absl::StrAppend(&head_, "Content-Length: ", bytes, "\r\n");
    for (size_t i = 0; i < variants; ++i) {
      digests_.push_back(check ? Sha256Hex(UploadBody(i)) : std::string());
    }
  }
  head_ += "\r\n";
}

absl::string_view TransferPlan::UploadBody(size_t variant) const {
  return absl::string_view(pattern_).substr(variant * kShift, bytes_);
}

Transfer::Transfer(const TransferPlan* plan, size_t number)
    : plan_(plan), variant_(plan->variants() == 0 ? 0 : number % plan->variants()) {}

absl::string_view Transfer::Unsent() const {
  const size_t head_size = plan_->head().size();
  if (sent_ < head_size) return plan_->head().substr(sent_);
  if (plan_->direction() == Direction::kDownload) return {};
  return plan_->UploadBody(variant_).substr(sent_ - head_size);
}

void Transfer::MarkSent(size_t size) { sent_ += size; }

size_t Transfer::moved() const {
  if (plan_->direction() == Direction::kDownload) return received_;
  return sent_ < plan_->head().size() ? 0 : sent_ - plan_->head().size();
}

Transfer::State Transfer::Feed(absl::string_view bytes) {
  if (state_ != State::kRunning) return Fail(Failure::kMalformed);  // nothing more was asked for
  if (in_body_) return ReadBody(bytes);
  head_.append(bytes.data(), bytes.size());
  const size_t end = head_.find("\r\n\r\n");
  if (end == std::string::npos) {
    return head_.size() > kMaxHead ? Fail(Failure::kMalformed) : State::kRunning;
  }
  bytes.remove_prefix(bytes.size() - (head_.size() - (end + 4)));
  head_.resize(end + 4);
  if (ReadHead() == State::kFailed) return state_;
  in_body_ = true;
  return ReadBody(bytes);
}

Transfer::State Transfer::ReadHead() {
  const absl::string_view head = head_;
  if (!absl::StartsWith(head, "HTTP/1.1 ") || !absl::SimpleAtoi(head.substr(9, 3), &status_)) {
    return Fail(Failure::kMalformed);
  }
  if (status_ != 200) return Fail(Failure::kStatus);
  const bool upload = plan_->direction() == Direction::kUpload;
  if (const auto coding = FindField(head, "transfer-encoding"); coding.has_value()) {
    chunked_ = absl::EqualsIgnoreCase(*coding, "chunked");
    body_size_ = upload ? kMaxAnswer : plan_->bytes();  // at most
    return chunked_ ? State::kRunning : Fail(Failure::kMalformed);
  }
  const auto length = FindField(head, "content-length");
  if (!length.has_value() || !absl::SimpleAtoi(*length, &body_size_)) {
    return Fail(Failure::kMalformed);
  }
  if (upload) return body_size_ <= kMaxAnswer ? State::kRunning : Fail(Failure::kMalformed);
  return body_size_ == plan_->bytes() ? State::kRunning : Fail(Failure::kMismatch);
}

Transfer::State Transfer::ReadBody(absl::string_view bytes) {
  if (chunked_) return ReadChunks(bytes);
  if (TakeBody(bytes) == State::kFailed) return state_;
  return received_ < body_size_ ? State::kRunning : Finish();
}

Transfer::State Transfer::ReadChunks(absl::string_view bytes) {
  while (!bytes.empty()) {
    absl::string_view piece;
    const ChunkedReader::State state = chunks_.Next(&bytes, &piece);
    if (state == ChunkedReader::State::kBroken) return Fail(Failure::kMalformed);
    if (TakeBody(piece) == State::kFailed) return state_;
    if (state == ChunkedReader::State::kDone) return Finish();
  }
  return State::kRunning;
}

Transfer::State Transfer::TakeBody(absl::string_view bytes) {
  if (bytes.size() > body_size_ - received_) return Fail(Failure::kMalformed);
  if (plan_->direction() == Direction::kUpload) {
    answer_.append(bytes.data(), bytes.size());
  } else if (plan_->check() && plan_->DownloadBody().substr(received_, bytes.size()) != bytes) {
    return Fail(Failure::kMismatch);
  }
  received_ += bytes.size();
  return State::kRunning;
}

Transfer::State Transfer::Finish() {
  if (plan_->direction() == Direction::kDownload) {
    if (received_ < plan_->bytes()) return Fail(Failure::kMismatch);
  } else if (!absl::StrContains(answer_, plan_->UploadDigest(variant_))) {
    return Fail(Failure::kMismatch);
  }
  return state_ = State::kDone;
}

Transfer::State Transfer::Fail(Failure failure) {
  failure_ = failure;
  return state_ = State::kFailed;
}

}  // namespace anteroom::bench
