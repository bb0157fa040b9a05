#include "frontend/http/header_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "frontend/http/request_parser.h"

namespace anteroom::frontend {
namespace {

using testing::ElementsAre;

const RequestHead& Parse(RequestParser* parser, const std::string& lines) {
  size_t consumed = 0;
  EXPECT_EQ(parser->Parse("POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n", &consumed),
            RequestParser::Event::kHead)
      << parser->error().reason;
  return parser->head();
}

// "Name: value" of what goes to the backend, for a request with these field lines after Host.
std::vector<std::string> Forwarded(const std::string& lines,
                                   PeerTrust trust = PeerTrust::kUntrusted) {
  const HttpLimits limits;
  RequestParser parser(limits);
  std::vector<std::string> out;
  ForEachForwarded(Parse(&parser, lines), trust, [&out](const Field& field) {
    out.push_back(std::string(field.name) + ": " + std::string(field.value));
  });
  return out;
}

TEST(ForEachForwarded, KeepsOrderAndDuplicates) {
  EXPECT_THAT(Forwarded("B: 1\r\nAccept: x\r\nb: 2\r\n"), ElementsAre("B: 1", "Accept: x", "b: 2"));
}

TEST(ForEachForwarded, RemovesHopByHopFields) {
  EXPECT_THAT(Forwarded("Connection: keep-alive\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\n"
                        "Proxy-Authenticate: x\r\nProxy-Authorization: x\r\nTE: trailers\r\n"
                        "Trailer: x\r\nUPGRADE: x\r\nOther: 1\r\n"),
              ElementsAre("Other: 1"));
}

TEST(ForEachForwarded, RemovesFraming) {
  EXPECT_THAT(Forwarded("Content-Length: 0\r\nOther: 1\r\n"), ElementsAre("Other: 1"));
  EXPECT_THAT(Forwarded("Transfer-Encoding: chunked\r\nOther: 1\r\n"), ElementsAre("Other: 1"));
}

TEST(ForEachForwarded, RemovesExpect) {
  EXPECT_THAT(Forwarded("Expect: 100-continue\r\nOther: 1\r\n"), ElementsAre("Other: 1"));
}

TEST(ForEachForwarded, RemovesWhatConnectionNames) {
  EXPECT_THAT(Forwarded("X-Internal: 1\r\nConnection: close, x-internal , X-Two\r\nX-Two: 2\r\n"
                        "Connection: x-three\r\nX-Three: 3\r\nX-Intern: 4\r\n"),
              ElementsAre("X-Intern: 4"));
}

TEST(ForEachForwarded, RemovesForwardingFieldsOfStrangers) {
  EXPECT_THAT(Forwarded("X-Forwarded-For: 1.2.3.4\r\nx-forwarded-proto: https\r\n"
                        "X-Forwarded-Host: b\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n"
                        "X-Request-ID: mine\r\nX-Forwarded: kept\r\n"),
              ElementsAre("X-Forwarded: kept"));
  EXPECT_THAT(Forwarded("X-Forwarded-Port: 1\r\nx-forwarded-PREFIX: /a\r\nX-Forwarded-: 1\r\n"
                        "X-Forwarded-Server: b\r\nConnection: X-Forwarded-Port\r\nOther: 1\r\n"),
              ElementsAre("Other: 1"));
}

TEST(ForEachForwarded, RemovesReservedNamesOfEverybody) {
  for (const PeerTrust trust : {PeerTrust::kUntrusted, PeerTrust::kTrusted}) {
    EXPECT_THAT(Forwarded("Proxy: http://a/\r\nPROXY: b\r\nProxy-Other: 1\r\nX-Anteroom-: 1\r\n"
                          "x-anteroom-client: 1\r\nX-Anteroom: 1\r\nX-Proxy: 1\r\n",
                          trust),
                ElementsAre("Proxy-Other: 1", "X-Anteroom: 1", "X-Proxy: 1"));
  }
}

TEST(ForEachForwarded, KeepsForwardingFieldsOfTrustedPeers) {
  EXPECT_THAT(Forwarded("X-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n", PeerTrust::kTrusted),
              ElementsAre("X-Forwarded-For: 1.2.3.4", "X-Real-IP: 1.2.3.4"));
  EXPECT_THAT(
      Forwarded("X-Forwarded-Port: 1\r\nConnection: X-Forwarded-Port\r\n", PeerTrust::kTrusted),
      ElementsAre("X-Forwarded-Port: 1"));
}

TEST(ForEachForwarded, StrangersCannotKeepTheirsByNamingThemInConnection) {
  EXPECT_THAT(Forwarded("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
                        "Connection: X-Forwarded-For, X-Forwarded-Proto\r\nOther: 1\r\n"),
              ElementsAre("Other: 1"));
}

// A client behind the trusted proxy could otherwise take away what the proxy has added.
TEST(ForEachForwarded, DoesNotLetConnectionRemoveTheFieldsOfATrustedPeer) {
  EXPECT_THAT(Forwarded("X-Forwarded-For: 1.2.3.4\r\nConnection: X-Forwarded-For, X-Real-IP\r\n"
                        "X-Real-IP: 1.2.3.4\r\n",
                        PeerTrust::kTrusted),
              ElementsAre("X-Forwarded-For: 1.2.3.4", "X-Real-IP: 1.2.3.4"));
}

TEST(ForEachForwarded, LetsConnectionNameHostWithoutHarm) {
  EXPECT_THAT(Forwarded("Connection: Host, Content-Length\r\nContent-Length: 0\r\nOther: 1\r\n"),
              ElementsAre("Other: 1"));
}

TEST(ForEachForwarded, PassesCredentialsAndCookies) {
  EXPECT_THAT(Forwarded("Authorization: Basic YTpi\r\nCookie: a=b\r\nContent-Type: text/plain\r\n"),
              ElementsAre("Authorization: Basic YTpi", "Cookie: a=b", "Content-Type: text/plain"));
}

// Of what goes to the backend, in a request with these field lines; "-" for nothing.
std::string Only(const std::string& name, const std::string& lines,
                 PeerTrust trust = PeerTrust::kUntrusted) {
  const HttpLimits limits;
  RequestParser parser(limits);
  return std::string(FindOnly(Parse(&parser, lines), name, trust).value_or("-"));
}

TEST(FindOnly, IsTheOneThatIsForwarded) {
  EXPECT_EQ(Only("trace", "Other: 1\r\nTrace: 2\r\n"), "2");
  EXPECT_EQ(Only("trace", "Trace:\r\n"), "");
  EXPECT_EQ(Only("trace", "Other: 1\r\n"), "-");
  EXPECT_EQ(Only("trace", "Trace: 2\r\nOther: 1\r\ntrace: 2\r\n"), "-");
  EXPECT_EQ(Only("trace", "Trace: 2\r\nConnection: close, TRACE\r\n"), "-");
  EXPECT_EQ(Only("x-request-id", "X-Request-ID: a\r\n"), "-");
  EXPECT_EQ(Only("x-request-id", "X-Request-ID: a\r\n", PeerTrust::kTrusted), "a");
}

TEST(IsHopByHop, ComparesWithoutCase) {
  EXPECT_TRUE(IsHopByHop("connection"));
  EXPECT_TRUE(IsHopByHop("CONNECTION"));
  EXPECT_TRUE(IsHopByHop("Te"));
  EXPECT_FALSE(IsHopByHop("Connections"));
  EXPECT_FALSE(IsHopByHop("Cache-Control"));
  EXPECT_FALSE(IsHopByHop(""));
}

}  // namespace
}  // namespace anteroom::frontend
