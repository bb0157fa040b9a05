#include "frontend/http/field_check.h"

#include <string>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

TEST(ExtraFieldNameTest, TakesNamesThatNobodyElseSays) {
  for (const absl::string_view name :
       {"X-Frame-Options", "Content-Security-Policy", "access-control-allow-origin", "Vary", "Link",
        "Content-Language", "Content-Location", "Strict-Transport-Security", "X_a!"}) {
    EXPECT_EQ(WhyNotAnExtraFieldName(name), "") << name;
  }
}

TEST(ExtraFieldNameTest, RefusesWhatIsTheServersToSay) {
  for (const absl::string_view name : {"",
                                       "a b",
                                       "a:",
                                       "a\r\nb",
                                       "\xff",
                                       "Content-Length",
                                       "transfer-encoding",
                                       "Connection",
                                       "Keep-Alive",
                                       "Upgrade",
                                       "TE",
                                       "Trailer",
                                       "Date",
                                       "ETag",
                                       "etag",
                                       "Last-Modified",
                                       "Accept-Ranges",
                                       "Content-Range",
                                       "Content-Encoding",
                                       "Content-Type",
                                       "Cache-Control",
                                       "Expires",
                                       "Age",
                                       "Allow",
                                       "Location",
                                       "Retry-After",
                                       "X-Content-Type-Options"}) {
    EXPECT_NE(WhyNotAnExtraFieldName(name), "") << name;
  }
}

TEST(FieldValueTest, IsPrintableAsciiWithoutSpaceAround) {
  for (const absl::string_view value : {"a", "default-src 'none'; x", "a\tb", "~", "\"q\\\""}) {
    EXPECT_EQ(WhyNotAFieldValue(value), "") << value;
  }
  for (const absl::string_view value :
       {"", " a", "a ", "a\t", "a\nb", "a\rb", "\x7f", "\xc3\xa9", "\x1b[0m"}) {
    EXPECT_NE(WhyNotAFieldValue(value), "") << value;
  }
  EXPECT_NE(WhyNotAFieldValue(absl::string_view("a\0b", 3)), "");
}

TEST(CacheControlTest, IsAListOfDirectives) {
  for (const absl::string_view value :
       {"no-store", "public, max-age=31536000, immutable", "max-age=0,must-revalidate",
        "private=\"set-cookie, x\"", "no-cache , x-ext=y", "S-MaxAge=1"}) {
    EXPECT_EQ(WhyNotCacheControl(value), "") << value;
  }
  for (const absl::string_view value :
       {"", "max-age 3600", "max-age=", "max-age", "max-age=1h", "max-age=-1", "max-age=\"5\"",
        "a,,b", ",a", "a,", "public; max-age=1", "private=\"open", "stale-if-error=x", "a b"}) {
    EXPECT_NE(WhyNotCacheControl(value), "") << value;
  }
}

TEST(MediaTypeTest, HasTypeAndSubtypeAndParameters) {
  for (const absl::string_view value :
       {"text/plain", "application/vnd.a+json", "text/html; charset=utf-8", "a/b;c=d; e=\"f g\""}) {
    EXPECT_EQ(WhyNotAMediaType(value), "") << value;
  }
  for (const absl::string_view value :
       {"", "text", "text/", "/plain", "text/plain/x", "text/plain charset=utf-8", "text/plain;",
        "text/plain; charset", "text/plain; charset=", "text /plain", "text/plain, a/b"}) {
    EXPECT_NE(WhyNotAMediaType(value), "") << value;
  }
}

}  // namespace
}  // namespace anteroom::frontend
