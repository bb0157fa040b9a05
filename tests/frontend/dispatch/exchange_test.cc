#include "frontend/dispatch/exchange.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/dispatch/parsed_request.h"

namespace anteroom::frontend {
namespace {

bool MayRunAgain(absl::string_view method, RetryPolicy retry, absl::string_view fields = "") {
  const ParsedRequest request(method, "/", fields);
  Exchange exchange;
  exchange.head = &request.head();
  exchange.retry = retry;
  return frontend::MayRunAgain(exchange);
}

// RFC 9110, section 9.2.2.
TEST(MayRunAgain, IdempotentMethodsMay) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_TRUE(MayRunAgain(method, RetryPolicy::kIdempotent)) << method;
  }
}

TEST(MayRunAgain, OthersMayNot) {
  for (const char* method : {"POST", "PATCH", "LOCK"}) {
    EXPECT_FALSE(MayRunAgain(method, RetryPolicy::kIdempotent)) << method;
  }
}

TEST(MayRunAgain, AnIdempotencyKeyMakesThemSafe) {
  EXPECT_TRUE(MayRunAgain("POST", RetryPolicy::kIdempotent, "Idempotency-Key: \"a7\"\r\n"));
  EXPECT_TRUE(MayRunAgain("PATCH", RetryPolicy::kIdempotent, "idempotency-key: 1\r\n"));
}

TEST(MayRunAgain, ARouteMayForbidIt) {
  EXPECT_FALSE(MayRunAgain("GET", RetryPolicy::kNever));
  EXPECT_FALSE(MayRunAgain("POST", RetryPolicy::kNever, "Idempotency-Key: 1\r\n"));
}

TEST(MayRunAgain, ARouteMayAllowIt) { EXPECT_TRUE(MayRunAgain("POST", RetryPolicy::kAlways)); }

}  // namespace
}  // namespace anteroom::frontend
