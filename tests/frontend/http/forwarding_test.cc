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
    return std::string(ClientBehind(Head(lines), "10.0.0.1", trusted_));
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
  EXPECT_EQ(ClientBehind(Head("X-Forwarded-For: 192.0.2.1, unix:\r\n"), "10.0.0.1", no_sockets),
            "unix:");
  EXPECT_EQ(ForwardedElement(kUnixPeer), "for=unknown;proto=http");
}

TEST_F(ForwardingTest, TakesAddressesWithPorts) {
  EXPECT_EQ(Client("X-Forwarded-For: 192.0.2.1:4711\r\n"), "192.0.2.1");
  EXPECT_EQ(Client("X-Forwarded-For: [2001:db8::1]:4711\r\n"), "2001:db8::1");
  EXPECT_EQ(Client("X-Forwarded-For: [2001:db8::1]\r\n"), "2001:db8::1");
  EXPECT_EQ(Client("X-Forwarded-For: 2001:db8::1\r\n"), "2001:db8::1");
}

TEST_F(ForwardingTest, TheSchemeIsATrustedProxysWord) {
  EXPECT_EQ(ClientScheme(Head("X-Forwarded-Proto: https\r\n"), PeerTrust::kTrusted), "https");
  EXPECT_EQ(ClientScheme(Head("X-Forwarded-Proto: HTTPS\r\n"), PeerTrust::kTrusted), "https");
  EXPECT_EQ(ClientScheme(Head("X-Forwarded-Proto: gopher\r\n"), PeerTrust::kTrusted), "http");
  EXPECT_EQ(ClientScheme(Head("X-Forwarded-Proto: https\r\n"), PeerTrust::kUntrusted), "http");
  EXPECT_EQ(ClientScheme(Head(""), PeerTrust::kTrusted), "http");
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
