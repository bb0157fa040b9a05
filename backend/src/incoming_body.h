// The body of a request whose handler reads it as it comes.
#ifndef ANTEROOM_BACKEND_SRC_INCOMING_BODY_H_
#define ANTEROOM_BACKEND_SRC_INCOMING_BODY_H_

#include <cstdint>
#include <deque>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "anteroom/body_reader.h"
#include "common/mutex.h"

namespace anteroom::backend {

struct Exchange;

// What has come and was not read yet: at most the link's window. Small pieces are put together, so
// that many of them cost no more than few large ones.
//
// Threading: under the link's lock.
class IncomingBody {
 public:
  // `received`: bytes that came with the head and are not kept here.
  explicit IncomingBody(uint64_t received) : received_(received) {}

  void Add(std::string* data, bool last);
  bool empty() const { return pieces_.empty(); }
  // Not when it is empty().
  std::string Take();

  uint64_t received() const { return received_; }  // bytes from the beginning of the body
  bool ended() const { return ended_; }            // the last piece has come

  CondVar changed;  // there is something to read, or there will never be

 private:
  std::deque<std::string> pieces_;
  uint64_t received_;
  bool ended_ = false;
};

// The handler's end of the body: what came with the head, and then what the link has.
class LinkBodyReader final : public BodyReader {
 public:
  // `exchange` outlives the reader.
  explicit LinkBodyReader(Exchange* exchange);

  uint64_t size() const override;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  // Bytes that the handler has not asked for.
  uint64_t left() const { return left_; }

 private:
  Exchange* const exchange_;
  uint64_t left_;
  absl::StatusOr<std::string> piece_ = "";  // or why there will be no other
  absl::string_view rest_;                  // of the piece that is being read
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_INCOMING_BODY_H_
