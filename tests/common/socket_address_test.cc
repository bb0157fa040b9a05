#include "common/socket_address.h"

#include <netinet/in.h>

#include <string>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

std::string Reason(absl::string_view text) {
  const auto parsed = ParseSocketAddress(text);
  return parsed.ok() ? "ok: " + parsed->ToString() : std::string(parsed.status().message());
}

TEST(ParseSocketAddressTest, ReadsIpv4NamesAndIpv6) {
  EXPECT_EQ(ParseSocketAddress("127.0.0.1:8080").value(), (SocketAddress{"127.0.0.1", 8080}));
  EXPECT_EQ(ParseSocketAddress("[::1]:9901").value(), (SocketAddress{"::1", 9901}));
  EXPECT_EQ(ParseSocketAddress("gallery-headless.default.svc:7000").value(),
            (SocketAddress{"gallery-headless.default.svc", 7000}));
  EXPECT_EQ(ParseSocketAddress("a_b.example.com.:1").value(),
            (SocketAddress{"a_b.example.com.", 1}));
  EXPECT_EQ(ParseSocketAddress("0.0.0.0:0").value(), (SocketAddress{"0.0.0.0", 0}));
  EXPECT_EQ(ParseSocketAddress("[::]:65535").value(), (SocketAddress{"::", 65535}));
}

TEST(ParseSocketAddressTest, MakesEqualIpv6AddressesEqual) {
  EXPECT_EQ(ParseSocketAddress("[0:0:0:0:0:0:0:1]:1").value(), (SocketAddress{"::1", 1}));
  EXPECT_EQ(ParseSocketAddress("[2001:DB8::0a]:1").value(), (SocketAddress{"2001:db8::a", 1}));
}

TEST(ParseSocketAddressTest, RefusesAMissingOrBadPort) {
  EXPECT_EQ(Reason("localhost"), "'localhost' has no port: write host:port or [IPv6]:port");
  EXPECT_EQ(Reason(""), "'' has no port: write host:port or [IPv6]:port");
  EXPECT_EQ(Reason("[::1]"), "'[::1]' has no port: write host:port or [IPv6]:port");
  EXPECT_EQ(Reason("["), "'[' has no port: write host:port or [IPv6]:port");
  for (const std::string port :
       {"", "65536", "-1", "+1", "0x50", "http", "000080", " 80", "99999999999"}) {
    EXPECT_EQ(Reason("a:" + port),
              "'a:" + port + "' has a bad port: write a number from 0 to 65535");
  }
}

TEST(ParseSocketAddressTest, RefusesABadHost) {
  EXPECT_EQ(Reason(":80"), "':80' has no host: write 0.0.0.0 or [::] for all addresses");
  EXPECT_EQ(Reason("::1:80"), "'::1:80' has an IPv6 address without brackets: write [IPv6]:port");
  EXPECT_EQ(Reason("[::g]:80"), "'[::g]:80' has a bad IPv6 address in the brackets");
  EXPECT_EQ(Reason("[]:80"), "'[]:80' has a bad IPv6 address in the brackets");
  EXPECT_EQ(Reason("[127.0.0.1]:80"), "'[127.0.0.1]:80' has a bad IPv6 address in the brackets");
  EXPECT_EQ(Reason("[fe80::1%eth0]:80"),
            "'[fe80::1%eth0]:80' has a bad IPv6 address in the brackets");
  for (const std::string host : {"256.0.0.1", "1.2.3", "1.2.3.4.5", "a..b", ".a", ".", "-a", "a-",
                                 "a b", "a/b", "user@a", "*.a", "\xC3\xBC"}) {
    EXPECT_EQ(Reason(host + ":80"), "'" + host + ":80' has a bad host");
  }
  EXPECT_EQ(Reason(std::string(64, 'a') + ":80"),
            "'" + std::string(64, 'a') + ":80' has a bad host");
}

TEST(SocketAddressTest, WritesBracketsAroundIpv6) {
  EXPECT_EQ((SocketAddress{"::1", 80}).ToString(), "[::1]:80");
  EXPECT_EQ((SocketAddress{"10.0.0.1", 80}).ToString(), "10.0.0.1:80");
}

TEST(SocketAddressTest, KnowsLiteralsFromNames) {
  EXPECT_TRUE((SocketAddress{"10.0.0.1", 1}).IsLiteral());
  EXPECT_TRUE((SocketAddress{"::", 1}).IsLiteral());
  EXPECT_FALSE((SocketAddress{"localhost", 1}).IsLiteral());
  EXPECT_FALSE((SocketAddress{"", 1}).IsLiteral());
}

TEST(SocketAddressTest, ConvertsToSockaddrAndBack) {
  for (const SocketAddress& address :
       {SocketAddress{"10.1.2.3", 8080}, SocketAddress{"2001:db8::1", 443}}) {
    sockaddr_storage storage;
    EXPECT_GT(address.ToSockaddr(&storage), 0u);
    EXPECT_EQ(FromSockaddr(storage), address);
  }
  sockaddr_storage storage;
  EXPECT_EQ((SocketAddress{"localhost", 1}).ToSockaddr(&storage), 0u);
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(FromSockaddr(storage), SocketAddress());
}

}  // namespace
}  // namespace anteroom
