// Finds the end of an HTTP/1.1 response, however its bytes are split. Pure. It knows Content-Length
// framing only, which is what the measured handlers send; anything else is an error and not a
// guess.
#ifndef ANTEROOM_BENCH_RESPONSE_READER_H_
#define ANTEROOM_BENCH_RESPONSE_READER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::bench {

class ResponseReader {
 public:
  enum class State { kMore, kDone, kBroken };

  // One response at a time: bytes after its end make it kBroken, since nothing was asked that they
  // could answer.
  State Feed(absl::string_view bytes);
  // Makes ready for the next response on the same connection.
  void Reset();

  // Valid once Feed() has returned kDone.
  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }

 private:
  State ReadHead();

  std::string head_;
  bool in_body_ = false;
  uint64_t body_left_ = 0;
  int status_ = 0;
  bool keep_alive_ = true;
};

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_RESPONSE_READER_H_
