#include "frontend/http/host.h"

#include <gtest/gtest.h>

#include <string>

namespace anteroom::frontend {
namespace {

TEST(ParseAuthority, SplitsHostAndPort) {
  const std::optional<Authority> authority = ParseAuthority("Example.com:8080");
  ASSERT_TRUE(authority);
  EXPECT_EQ(authority->host, "Example.com");
  EXPECT_EQ(authority->port, 8080);
}

TEST(ParseAuthority, KnowsHostsWithoutPort) {
  const std::optional<Authority> authority = ParseAuthority("example.com");
  ASSERT_TRUE(authority);
  EXPECT_EQ(authority->host, "example.com");
  EXPECT_EQ(authority->port, std::nullopt);
}

TEST(ParseAuthority, KeepsTheBracketsOfIpv6) {
  const std::optional<Authority> authority = ParseAuthority("[::1]:65535");
  ASSERT_TRUE(authority);
  EXPECT_EQ(authority->host, "[::1]");
  EXPECT_EQ(authority->port, 65535);
}

TEST(ParseAuthority, RefusesNothing) { EXPECT_FALSE(ParseAuthority("")); }

TEST(ParseAuthority, BoundsTheNameAsDnsDoes) {
  EXPECT_TRUE(ParseAuthority(std::string(255, 'a')));
  EXPECT_FALSE(ParseAuthority(std::string(256, 'a')));
}

TEST(ParseAuthority, RefusesEveryByteThatNoNameHas) {
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool alnum = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z');
    const bool allowed = alnum || byte == '-' || byte == '.' || byte == '_' || byte == '~';
    EXPECT_EQ(ParseAuthority(std::string("a") + byte + "b").has_value(), allowed) << c;
  }
}

TEST(IsIpv6Address, AcceptsTheFormsOfTheRfc) {
  for (const char* text : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "2001:DB8::a:0:1",
                           "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "::ffff:192.0.2.1",
                           "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4"}) {
    EXPECT_TRUE(IsIpv6Address(text)) << text;
  }
}

TEST(IsIpv6Address, RefusesEverythingElse) {
  for (const char* text : {"",
                           ":",
                           ":::",
                           "1",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1::",
                           "1::2::3",
                           ":1::2",
                           "1:",
                           "12345::",
                           "g::",
                           "::1.2.3",
                           "::1.2.3.4.5",
                           "::1.2.3.256",
                           "::01.2.3.4",
                           "1.2.3.4",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1:2:3:4:5:6:7:8",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7:8:",
                           "::1 ",
                           " ::1",
                           "::1%25eth0",
                           "1:2:3:4::5:6:7:1.2.3.4"}) {
    EXPECT_FALSE(IsIpv6Address(text)) << text;
  }
}

}  // namespace
}  // namespace anteroom::frontend
