#include "frontend/dispatch/exchange.h"

#include "frontend/http/method.h"

namespace anteroom::frontend {

bool MayRunAgain(const Exchange& exchange) {
  switch (exchange.retry) {
    case RetryPolicy::kNever:
      return false;
    case RetryPolicy::kAlways:
      return true;
    case RetryPolicy::kIdempotent:
      return exchange.head->method_info()->idempotent ||
             exchange.head->Find("idempotency-key").has_value();
  }
  return false;
}

}  // namespace anteroom::frontend
