// One slow client's exchange as bytes: what it sends, and whether what it gets back is right. Pure:
// no sockets, no clock; bench/slowclients.cc has those.
//
// An upload sends a body of its own (one of kVariants) and wants an answer that holds the SHA-256 of
// that body, as `/diag/echo` gives. A download wants the very bytes of `/diag/bytes`.
#ifndef ANTEROOM_BENCH_TRANSFER_H_
#define ANTEROOM_BENCH_TRANSFER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bench/chunked_reader.h"

namespace anteroom::bench {

enum class Direction { kUpload, kDownload };

// What all transfers of a run share. Immutable once made.
class TransferPlan {
 public:
  // Uploads differ, so that two which are mixed up don't go unnoticed.
  static constexpr size_t kVariants = 16;

  // `bytes`: of the body that goes up or comes down. `variants`: as many uploads differ, at most
  // kVariants. `check`: what comes back has to be right; else its length alone has.
  TransferPlan(Direction direction, const std::string& path, size_t bytes,
               size_t variants = kVariants, bool check = true);

  Direction direction() const { return direction_; }
  size_t bytes() const { return bytes_; }
  size_t variants() const { return digests_.size(); }
  bool check() const { return check_; }
  absl::string_view head() const { return head_; }
  // The body of an upload, and its SHA-256 in hexadecimal digits.
  absl::string_view UploadBody(size_t variant) const;
  absl::string_view UploadDigest(size_t variant) const { return digests_[variant]; }
  // The body that a download has to bring.
  absl::string_view DownloadBody() const { return absl::string_view(pattern_).substr(0, bytes_); }

 private:
  const Direction direction_;
  const size_t bytes_;
  const bool check_;
  std::string head_;
  std::string pattern_;               // the bodies of uploads begin at different places of it
  std::vector<std::string> digests_;  // one for each variant of an upload
};

class Transfer {
 public:
  enum class State { kRunning, kDone, kFailed };
  enum class Failure { kNone, kStatus, kMismatch, kMalformed };

  // `plan` outlives the transfer. `number` selects the body of an upload.
  Transfer(const TransferPlan* plan, size_t number);

  // What has not been sent yet, in one piece: first the head, then the body of an upload.
  absl::string_view Unsent() const;
  void MarkSent(size_t size);

  // Bytes of the response. An answer may come before the whole request has been sent; one that is
  // not 200 ends the transfer at its head.
  State Feed(absl::string_view bytes);

  // Of the body, in the slow direction: what a pace is about.
  size_t moved() const;
  State state() const { return state_; }
  Failure failure() const { return failure_; }
  int status() const { return status_; }  // 0 before the head of the response

 private:
  State Fail(Failure failure);
  State ReadHead();
  State ReadBody(absl::string_view bytes);
  State ReadChunks(absl::string_view bytes);
  State TakeBody(absl::string_view bytes);
  State Finish();

  const TransferPlan* const plan_;
  const size_t variant_;
  size_t sent_ = 0;  // head and body
  State state_ = State::kRunning;
  Failure failure_ = Failure::kNone;
  std::string head_;  // of the response
  bool in_body_ = false;
  bool chunked_ = false;
  ChunkedReader chunks_;
  size_t body_size_ = 0;  // of the response; unknown while it comes in chunks
  size_t received_ = 0;
  std::string answer_;  // to an upload
  int status_ = 0;
};

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_TRANSFER_H_
