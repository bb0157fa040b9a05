// Request ids: what ties together an access log line, a backend's log line and a client's report.
#ifndef ANTEROOM_COMMON_REQUEST_ID_H_
#define ANTEROOM_COMMON_REQUEST_ID_H_

#include <array>
#include <cstddef>

#include "absl/strings/string_view.h"

namespace anteroom {

// Makes ids of 22 characters [0-9A-Za-z]: 13 that are random per source (77 bits from the kernel,
// so that loops, processes and restarts never meet) and 9 that count. An id is unique, not secret:
// whoever sees one can guess the next, and nothing may rest on that being hard. No lock, no
// allocation, and mostly one byte written.
//
// Not thread-safe: each loop has its own.
class RequestIdSource {
 public:
  static constexpr size_t kLength = 22;

  RequestIdSource();

  // Valid until the next call.
  absl::string_view Next();

 private:
  static constexpr size_t kRandom = 13;
  std::array<char, kLength> id_;
};

// Whether an id that came from outside may be taken over: [A-Za-z0-9._-]{1,128}. Nothing in it
// needs quoting in a log, a header or a shell.
bool IsWellFormedRequestId(absl::string_view id);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_REQUEST_ID_H_
