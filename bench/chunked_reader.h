// Takes the framing off a chunked response body, however its bytes are split. Pure; for answers of
// servers under test, not for the open network: chunk extensions and trailers are an error.
#ifndef ANTEROOM_BENCH_CHUNKED_READER_H_
#define ANTEROOM_BENCH_CHUNKED_READER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::bench {

class ChunkedReader {
 public:
  enum class State { kMore, kDone, kBroken };

  // Takes the next piece of the body from the beginning of `*bytes` and puts it to `*piece`; call
  // again while `*bytes` is not empty. Bytes behind the end make it kBroken.
  State Next(absl::string_view* bytes, absl::string_view* piece);

 private:
  // Each line ends with CR LF: that of a size, the empty one behind a chunk, and the last one.
  enum class Expect { kSize, kData, kDataEnd, kEnd, kNothing };

  State ReadLine();

  Expect expect_ = Expect::kSize;
  std::string line_;
  uint64_t left_ = 0;  // of the chunk
};

}  // namespace anteroom::bench

#endif  // ANTEROOM_BENCH_CHUNKED_READER_H_
