// The closed list of ways an exchange ends. The same word stands in the access log, in the metric's
// label and in docs/OPERATIONS.md; nothing else in the front end invents a status for a failure of
// its own.
#ifndef ANTEROOM_FRONTEND_OUTCOME_H_
#define ANTEROOM_FRONTEND_OUTCOME_H_

#include <cstddef>

namespace anteroom::frontend {

enum class Outcome {
  kServed,          // a handler's answer went out whole
  kStatic,          // a file (or a part of it, or its 304, 301, 404, 405, 412, 416) went out
  kBadRequest,      // not HTTP/1.1, or something this server refuses
  kTooLarge,        // a limit on target, head or body
  kRequestTimeout,  // the client took too long to send its request
  kNoRoute,         // no route matches
  kQueueFull,       // no room to wait
  kQueueTimeout,    // no place in time
  kTimeout,         // accepted, but no whole answer before the route's deadline
  kBackendLost,     // a backend died under a request that must not run twice, or too often
  kBackendInvalid,  // a backend answered something that must not reach a client
  kOverload,        // the front end itself has no room (file I/O, buffers)
  kFileError,       // a file is there, and the disk cannot read it
  kSpoolFull,       // no room on the disk for a large body
  kClientGone,      // the client left first
  kWriteTimeout,    // the client stopped reading
  kCut,  // the answer had begun when it could not be completed; the connection was closed under it
};

inline constexpr size_t kOutcomes = static_cast<size_t>(Outcome::kCut) + 1;

struct OutcomeInfo {
  int status;        // what the client is told; 0: nothing, or what was decided before (a handler's
                     // status, ...)
  const char* word;  // log and metric label
  bool safe_to_retry;  // the request certainly had no effect: whoever sent it may send it again
};

const OutcomeInfo& Info(Outcome outcome);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_OUTCOME_H_
