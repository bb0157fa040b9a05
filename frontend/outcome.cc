#include "frontend/outcome.h"

#include <cstdlib>

namespace anteroom::frontend {

const OutcomeInfo& Info(Outcome outcome) {
  // A switch without a default: the compiler names whoever is forgotten.
  switch (outcome) {
#define ANTEROOM_OUTCOME(name, status, word, safe)          \
  case Outcome::name: {                                     \
    static constexpr OutcomeInfo kInfo{status, word, safe}; \
    return kInfo;                                           \
  }
    //               outcome          status  word               safe to retry
    ANTEROOM_OUTCOME(kServed, 0, "served", false)
    ANTEROOM_OUTCOME(kStatic, 0, "static", true)
    ANTEROOM_OUTCOME(kBadRequest, 400, "bad_request", true)
    ANTEROOM_OUTCOME(kTooLarge, 413, "too_large", true)
    ANTEROOM_OUTCOME(kRequestTimeout, 408, "request_timeout", true)
    ANTEROOM_OUTCOME(kNoRoute, 404, "no_route", true)
    ANTEROOM_OUTCOME(kQueueFull, 503, "queue_full", true)
    ANTEROOM_OUTCOME(kQueueTimeout, 503, "queue_timeout", true)
    ANTEROOM_OUTCOME(kTimeout, 504, "timeout", false)
    ANTEROOM_OUTCOME(kBackendLost, 502, "backend_lost", false)
    ANTEROOM_OUTCOME(kBackendInvalid, 502, "backend_invalid", false)
    ANTEROOM_OUTCOME(kOverload, 503, "overload", true)
    ANTEROOM_OUTCOME(kFileError, 500, "file_error", true)
    ANTEROOM_OUTCOME(kSpoolFull, 507, "spool_full", true)
    ANTEROOM_OUTCOME(kClientGone, 0, "client_gone", false)
    ANTEROOM_OUTCOME(kWriteTimeout, 0, "write_timeout", false)
    ANTEROOM_OUTCOME(kCut, 0, "cut", false)
#undef ANTEROOM_OUTCOME
  }
  std::abort();  // not a value of the enum: memory is broken
}

}  // namespace anteroom::frontend
