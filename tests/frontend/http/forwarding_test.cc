#include "frontend/http/forwarding.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "frontend/http/request_parser.h"

namespace anteroom::frontend {
namespace {

class ForwardingTest : public testing::Test {
 protected:
  const RequestHead& Head(const std::string& lines) {
    parser_ = std::make_unique<RequestParser>(limits_);
    size_t consumed = 0;
    EXPECT_EQ(parser_->Parse("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n", &consumed),
              RequestParser::Event::kHead)
        << parser_->error().reason;
    return parser_->head();
  }
  std::string Client(const std::string& lines) {
    return std::string(ClientBehind(Head(lines), "10.0.0.1", trusted_).address);
  }

  HttpLimits limits_;
  std::unique_ptr<RequestParser> parser_;
  const TrustedProxies trusted_ = {{*ParseAddressRange("10.0.0.0/8")}, true};
};

TEST_F(ForwardingTest, TheClientIsTheFirstFromTheRightThatIsNoProxyOfOurs) {
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.2,10.0.0.3\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.0.0.2\r\n"), "192.0.2.1");
}

TEST_F(ForwardingTest, WithoutAWordOfTheProxyItIsTheClient) {
  EXPECT_EQ(Client(""), "10.0.0.1");
  EXPECT_EQ(Client("X-Forwarded-For:\r\n"), "10.0.0.1");
}

TEST_F(ForwardingTest, WhenAllAreOursItIsTheFirstOne) {
  EXPECT_EQ(Client("X-Forwarded-For: 10.0.0.9, 10.0.0.2\r\n"), "10.0.0.9");
}

TEST_F(ForwardingTest, StopsAtWhatIsNoAddress) {
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1, unknown\r\n"), "10.0.0.1");
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1, <script>, 10.0.0.2\r\n"), "10.0.0.2");
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1,\r\n"), "10.0.0.1");
  EXPECT_EQ(Client("X-Forwarded-For: [\r\n"), "10.0.0.1");
  EXPECT_EQ(Client("X-Forwarded-For: []\r\n"), "10.0.0.1");
}

TEST_F(ForwardingTest, AUnixSocketIsAHopLikeAnAddress) {
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1, unix:\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: unix:, 10.0.0.2\r\n"), "unix:");
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1, unix\r\n"), "10.0.0.1");
  const TrustedProxies no_sockets = {trusted_.ranges, false};
  EXPECT_EQ(
      ClientBehind(Head("X-Forwarded-For: 192.0.2.1, unix:\r\n"), "10.0.0.1", no_sockets).address,
      "unix:");
  EXPECT_EQ(ForwardedElement(kUnixPeer), "for=unknown;proto=http");
}

TEST_F(ForwardingTest, TakesAddressesWithPorts) {
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1:4711\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: [2001:db8::1]:4711\r\n"), "2001:db8::1");
  EXPECT_EQ(Client("X-Forwarded-For: [2001:db8::1]\r\n"), "2001:db8::1");
  EXPECT_EQ(Client("X-Forwarded-For: 2001:db8::1\r\n"), "2001:db8::1");
}

TEST_F(ForwardingTest, CountsTheProxiesThatItPasses) {
  const auto hops = [&](const std::string& list) {
    return ClientBehind(Head("X-Forwarded-For: " + list + "\r\n"), "10.0.0.1", trusted_).hops;
  };
  EXPECT_EQ(hops(""), 0u);
  EXPECT_EQ(hops("192.0.2.1"), 0u);
  EXPECT_EQ(hops("6.6.6.6, 192.0.2.1, 10.0.0.2, unix:"), 2u);
  EXPECT_EQ(hops("10.0.0.4, 10.0.0.3, 10.0.0.2"), 2u);
  EXPECT_EQ(hops("unknown, 10.0.0.3, 10.0.0.2"), 1u);
}

TEST_F(ForwardingTest, MembersAreCountedFromTheRight) {
  const RequestHead& head = Head("A: 1, 2\r\nB: x\r\na: 3,4\r\nC:\r\nD: x,\r\nD:\r\n");
  EXPECT_EQ(MemberFromRight(head, "a", 0), "4");
  EXPECT_EQ(MemberFromRight(head, "a", 1), "3");
  EXPECT_EQ(MemberFromRight(head, "a", 3), "1");
  EXPECT_EQ(MemberFromRight(head, "a", 9), "1");
  EXPECT_EQ(MemberFromRight(head, "b", 5), "x");
  EXPECT_EQ(MemberFromRight(head, "c", 0), "");
  EXPECT_EQ(MemberFromRight(head, "d", 0), "");
  EXPECT_EQ(MemberFromRight(head, "d", 1), "x");
  EXPECT_EQ(MemberFromRight(head, "e", 0), "");
}

TEST_F(ForwardingTest, TheSchemeIsATrustedProxysWord) {
  const auto scheme = [&](const std::string& lines, PeerTrust trust, size_t hops) {
    return std::string(ClientScheme(Head(lines), trust, hops));
  };
  EXPECT_EQ(scheme("X-Forwarded-Proto: https\r\n", PeerTrust::kTrusted, 0), "https");
  EXPECT_EQ(scheme("X-Forwarded-Proto: HTTPS\r\n", PeerTrust::kTrusted, 3), "https");
  EXPECT_EQ(scheme("X-Forwarded-Proto: gopher\r\n", PeerTrust::kTrusted, 0), "http");
  EXPECT_EQ(scheme("X-Forwarded-Proto: https\r\n", PeerTrust::kUntrusted, 0), "http");
  EXPECT_EQ(scheme("", PeerTrust::kTrusted, 0), "http");
  // The client's word, then that of the proxy it reached.
  EXPECT_EQ(scheme("X-Forwarded-Proto: https, http\r\n", PeerTrust::kTrusted, 0), "http");
  // TLS ended at the first proxy; the second one was reached without.
  EXPECT_EQ(scheme("X-Forwarded-Proto: https, http\r\n", PeerTrust::kTrusted, 1), "https");
}

TEST_F(ForwardingTest, OnlyAnAuthorityIsAHost) {
  const auto host = [&](const std::string& value, size_t hops = 0) {
    return std::string(ForwardedHost(Head("X-Forwarded-Host: " + value + "\r\n"), hops));
  };
  EXPECT_EQ(host("shop.example"), "shop.example");
  EXPECT_EQ(host("shop.example:8443"), "shop.example:8443");
  EXPECT_EQ(host("[2001:db8::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(host("shop.example, inner", 1), "shop.example");
  EXPECT_EQ(host("shop.example, in ner"), "");
  for (const char* bad : {"", "a/b", "a@b", "a\"b", "<script>", "http://a", "a:0", "a:65536"}) {
    EXPECT_EQ(host(bad), "") << bad;
  }
}

TEST_F(ForwardingTest, OnlyAnAddressIsARealIp) {
  const auto ip = [&](const std::string& value, size_t hops = 0) {
    return std::string(ForwardedRealIp(Head("X-Real-IP: " + value + "\r\n"), hops));
  };
  EXPECT_EQ(ip("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(ip("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(ip("192.0.2.1, 10.0.0.1", 1), "192.0.2.1");
  for (const char* bad : {"", "unknown", "192.0.2", "192.0.2.1:80", "[2001:db8::1]", "a.example"}) {
    EXPECT_EQ(ip(bad), "") << bad;
  }
}

TEST_F(ForwardingTest, ListsGrowAtTheirEnd) {
  std::string list;
  AppendToList(Head("A: 1, 2\r\nB: x\r\na: 3\r\nA:\r\n"), "a", "4", &list);
  EXPECT_EQ(list, "1, 2, 3, 4");
  list.clear();
  AppendToList(Head(""), "a", "4", &list);
  EXPECT_EQ(list, "4");
}

TEST_F(ForwardingTest, AnElementQuotesIpv6) {
  EXPECT_EQ(ForwardedElement("192.0.2.1"), "for=192.0.2.1;proto=http");
  EXPECT_EQ(ForwardedElement("2001:db8::1"), "for=\"[2001:db8::1]\";proto=http");
}

}  // namespace
}  // namespace anteroom::frontend
