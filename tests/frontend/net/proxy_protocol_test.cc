#include "frontend/net/proxy_protocol.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using Verdict = ProxyHeader::Verdict;
using Sender = ProxyHeader::Sender;

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

// A header of version 2 with what follows its length as given.
std::string V2(int command, int family, const std::string& block) {
  return absl::StrCat(absl::string_view("\r\n\r\n\0\r\nQUIT\n", 12),
                      Bytes({command, family, static_cast<int>(block.size() / 256),
                             static_cast<int>(block.size() % 256)}),
                      block);
}

const std::string& V4Block() {
  static const auto* const block =
      new std::string(Bytes({192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 0, 80}));
  return *block;
}
const std::string& V6Block() {
  static const auto* const block = new std::string(
      absl::StrCat(Bytes({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}),
                   std::string(15, '\0'), Bytes({1, 0x12, 0x67, 0, 80})));
  return *block;
}
std::string Tlv(int type, const std::string& value) {
  return absl::StrCat(
      Bytes({type, static_cast<int>(value.size() / 256), static_cast<int>(value.size() % 256)}),
      value);
}

struct Case {
  const char* name;
  std::string bytes;
  Verdict verdict;
  Sender sender = Sender::kUnknown;
  std::string client;
};

Case Client(const char* name, std::string bytes, std::string client) {
  return {name, std::move(bytes), Verdict::kWhole, Sender::kClient, std::move(client)};
}
Case Whole(const char* name, std::string bytes, Sender sender) {
  return {name, std::move(bytes), Verdict::kWhole, sender, ""};
}
Case Broken(const char* name, std::string bytes) {
  return {name, std::move(bytes), Verdict::kBroken, Sender::kUnknown, ""};
}
Case More(const char* name, std::string bytes) {
  return {name, std::move(bytes), Verdict::kMore, Sender::kUnknown, ""};
}

std::vector<Case> CasesV1() {
  const std::string longest(absl::StrCat("PROXY UNKNOWN ", std::string(107 - 14 - 2, 'f')));
  return {
      Client("IPv4", "PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n", "192.0.2.1"),
      Client("IPv6", "PROXY TCP6 2001:db8::7 ::1 4711 80\r\n", "2001:db8::7"),
      Client("IPv6 in capitals and in full",
             "PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0007 ::1 1 2\r\n", "2001:db8::7"),
      Client("the longest IPv6 line",
             "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
      Client("IPv4 inside of IPv6", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1"),
      Client("the largest and the smallest port", "PROXY TCP4 1.2.3.4 5.6.7.8 65535 0\r\n",
             "1.2.3.4"),
      Whole("unknown", "PROXY UNKNOWN\r\n", Sender::kUnknown),
      Whole("unknown with what has to be ignored", "PROXY UNKNOWN ff:1 x  7 \r\n",
            Sender::kUnknown),
      Whole("the longest line", longest + "\r\n", Sender::kUnknown),
      More("nothing yet", ""),
      More("half a signature", "PRO"),
      More("no line end yet", "PROXY TCP4 192.0.2.1 198.51.100.1 4711 80"),
      More("half a line end", "PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r"),
      Broken("a line too long by one", longest + "f\r\n"),
      Broken("a line without end", longest + "fff"),
      Broken("HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      Broken("HTTP that begins alike", "POST / HTTP/1.1\r\n"),
      Broken("another case", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("a space before", " PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("two spaces", "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("two spaces later", "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n"),
      Broken("a space at the end", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n"),
      Broken("tabs", "PROXY\tTCP4\t1.2.3.4\t5.6.7.8\t1\t2\r\n"),
      Broken("another transport", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("a longer transport", "PROXY TCP44 1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("unknown with something attached", "PROXY UNKNOWNS\r\n"),
      Broken("nothing but the signature", "PROXY \r\n"),
      Broken("no destination", "PROXY TCP4 1.2.3.4 1 2\r\n"),
      Broken("no ports", "PROXY TCP4 1.2.3.4 5.6.7.8\r\n"),
      Broken("a word too many", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"),
      Broken("IPv6 as IPv4", "PROXY TCP4 ::1 ::1 1 2\r\n"),
      Broken("IPv4 as IPv6", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("two families", "PROXY TCP4 1.2.3.4 ::1 1 2\r\n"),
      Broken("a leading zero in the address", "PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("three numbers", "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"),
      Broken("a number above 255", "PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n"),
      Broken("hexadecimal", "PROXY TCP4 0x1.2.3.4 5.6.7.8 1 2\r\n"),
      Broken("a name", "PROXY TCP4 localhost 5.6.7.8 1 2\r\n"),
      Broken("brackets", "PROXY TCP6 [::1] [::1] 1 2\r\n"),
      Broken("a zone", "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"),
      Broken("two gaps", "PROXY TCP6 1::2::3 ::1 1 2\r\n"),
      Broken("a port above 65535", "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n"),
      Broken("a port with a leading zero", "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n"),
      Broken("a signed port", "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n"),
      Broken("an empty port", "PROXY TCP4 1.2.3.4 5.6.7.8  2\r\n"),
      Broken("a port that overflows", "PROXY TCP4 1.2.3.4 5.6.7.8 4294967297 2\r\n"),
      Broken("a NUL in the address", std::string("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n", 33)),
      Broken("only LF", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"),
      Broken("only CR", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rGET / HTTP/1.1\r\n"),
      Broken("two CR", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n"),
      Broken("LF in what has to be ignored", "PROXY UNKNOWN a\nb\r\n"),
  };
}

std::vector<Case> CasesV2() {
  const std::string unix_block(216, '/');
  const std::string signature = V2(0x21, 0x11, "").substr(0, 12);
  return {
      Client("IPv4", V2(0x21, 0x11, V4Block()), "192.0.2.1"),
      Client("IPv6", V2(0x21, 0x21, V6Block()), "2001:db8::7"),
      Client("IPv4 inside of IPv6",
             V2(0x21, 0x21,
                absl::StrCat(std::string(10, '\0'), Bytes({0xff, 0xff, 192, 0, 2, 9}),
                             std::string(20, '\0'))),
             "192.0.2.9"),
      Client("an additional field", V2(0x21, 0x11, absl::StrCat(V4Block(), Tlv(0x01, "h2"))),
             "192.0.2.1"),
      Client("an empty additional field", V2(0x21, 0x11, absl::StrCat(V4Block(), Tlv(0x04, ""))),
             "192.0.2.1"),
      Client("several additional fields",
             V2(0x21, 0x21,
                absl::StrCat(V6Block(), Tlv(0x02, "a.example"), Tlv(0x04, std::string(300, '\0')),
                             Tlv(0xee, "x"))),
             "2001:db8::7"),
      Client("as long as it may be",
             V2(0x21, 0x11, absl::StrCat(V4Block(), Tlv(0x04, std::string(520 - 12 - 3, '\0')))),
             "192.0.2.1"),
      Whole("a Unix socket", V2(0x21, 0x31, unix_block), Sender::kUnknown),
      Whole("unspecified", V2(0x21, 0x00, ""), Sender::kUnknown),
      Whole("unspecified with what has to be ignored", V2(0x21, 0x00, "????"), Sender::kUnknown),
      Whole("local", V2(0x20, 0x00, ""), Sender::kProxy),
      Whole("local with addresses to be ignored", V2(0x20, 0x11, V4Block()), Sender::kProxy),
      Whole("local with a family to be ignored", V2(0x20, 0xff, "junk"), Sender::kProxy),
      More("half a signature", signature.substr(0, 5)),
      More("the signature", signature),
      More("no length yet", V2(0x21, 0x11, V4Block()).substr(0, 15)),
      More("the last byte is missing", V2(0x21, 0x11, V4Block()).substr(0, 27)),
      Broken("a wrong byte in the signature", "\r\n\r\nQUIT"),
      Broken("the signature's last byte", signature.substr(0, 11) + "\r"),
      Broken("version 1", V2(0x11, 0x11, V4Block())),
      Broken("version 3", V2(0x31, 0x11, V4Block())),
      Broken("another command", V2(0x22, 0x11, V4Block())),
      Broken("datagrams", V2(0x21, 0x12, V4Block())),
      Broken("datagrams over IPv6", V2(0x21, 0x22, V6Block())),
      Broken("datagrams over Unix sockets", V2(0x21, 0x32, unix_block)),
      Broken("no family with a transport", V2(0x21, 0x01, "")),
      Broken("a family without a transport", V2(0x21, 0x10, V4Block())),
      Broken("another family", V2(0x21, 0x41, unix_block)),
      Broken("shorter than its addresses", V2(0x21, 0x11, V4Block().substr(0, 11))),
      Broken("IPv6 as long as IPv4", V2(0x21, 0x21, V4Block())),
      Broken("longer than it may be by one",
             V2(0x21, 0x11, absl::StrCat(V4Block(), Tlv(0x04, std::string(520 - 12 - 2, '\0'))))),
      Broken("local and too long", V2(0x20, 0x00, std::string(521, '\0'))),
      Broken("64 KiB", V2(0x21, 0x11, std::string(65535, '\0'))),
      Broken("half an additional field", V2(0x21, 0x11, absl::StrCat(V4Block(), Bytes({0x01, 0})))),
      Broken("an additional field that goes beyond the end",
             V2(0x21, 0x11, absl::StrCat(V4Block(), Bytes({0x01, 0, 3}), "h2"))),
      Broken("a byte behind the last additional field",
             V2(0x21, 0x31, absl::StrCat(unix_block, Tlv(0x01, "h2"), "x"))),
  };
}

std::string Describe(const ProxyHeader& header) {
  return absl::StrCat(static_cast<int>(header.verdict), " ", static_cast<int>(header.sender), " ",
                      header.size, " ", header.client);
}

void Check(const Case& test) {
  SCOPED_TRACE(test.name);
  const ProxyHeader header = DecodeProxyHeader(test.bytes);
  EXPECT_EQ(header.verdict, test.verdict);
  if (test.verdict == Verdict::kWhole) {
    EXPECT_EQ(header.size, test.bytes.size());
    EXPECT_EQ(header.sender, test.sender);
    EXPECT_EQ(header.client, test.client);
    // What follows is not looked at.
    EXPECT_EQ(Describe(DecodeProxyHeader(test.bytes + "\r\nPROXY GET")), Describe(header));
  }
  // A connection asks again with each byte more: undecided until the answer is there, and then it stays.
  bool decided = false;
  for (size_t size = 0; size <= test.bytes.size(); ++size) {
    const ProxyHeader part = DecodeProxyHeader(absl::string_view(test.bytes).substr(0, size));
    if (decided || part.verdict != Verdict::kMore) {
      decided = true;
      ASSERT_EQ(Describe(part), Describe(header)) << size;
    }
    ASSERT_TRUE(decided || size < kMaxProxyHeaderV2) << size;
    if (test.verdict == Verdict::kWhole) {
      ASSERT_EQ(decided, size == test.bytes.size()) << size;
    }
  }
}

TEST(ProxyProtocolTest, Version1) {
  for (const Case& test : CasesV1()) Check(test);
}

TEST(ProxyProtocolTest, Version2) {
  for (const Case& test : CasesV2()) Check(test);
}

TEST(ProxyProtocolTest, RefusesAtTheFirstByteThatIsNoHeader) {
  for (int byte = 0; byte < 0x100; ++byte) {
    const bool may_begin = byte == 'P' || byte == '\r';
    EXPECT_EQ(DecodeProxyHeader(Bytes({byte})).verdict,
              may_begin ? Verdict::kMore : Verdict::kBroken)
        << byte;
  }
}

}  // namespace
}  // namespace anteroom::frontend
