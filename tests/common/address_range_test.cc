#include "common/address_range.h"

#include <string>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

AddressRange Range(absl::string_view text) {
  const absl::StatusOr<AddressRange> range = ParseAddressRange(text);
  EXPECT_TRUE(range.ok()) << range.status();
  return range.value_or(AddressRange());
}

bool Holds(absl::string_view range, absl::string_view address) {
  const std::optional<IpAddress> parsed = ParseIpAddress(address);
  EXPECT_TRUE(parsed.has_value()) << address;
  return parsed && Range(range).Contains(*parsed);
}

TEST(AddressRangeTest, HoldsWhatItsPrefixSays) {
  EXPECT_TRUE(Holds("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(Holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(Holds("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(Holds("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(Holds("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(Holds("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(Holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(Holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(Holds("::1", "::1"));
}

TEST(AddressRangeTest, ZeroBitsOfAFamilyAreAllOfIt) {
  EXPECT_TRUE(Holds("0.0.0.0/0", "255.1.2.3"));
  EXPECT_FALSE(Holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(Holds("::/0", "2001:db8::1"));
  EXPECT_TRUE(Holds("::/0", "1.2.3.4"));  // they are mapped into IPv6
}

TEST(AddressRangeTest, BothWaysToWriteAnIpv4AddressAreOne) {
  EXPECT_TRUE(Holds("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(Holds("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST(AddressRangeTest, WritesAddressesInOneWay) {
  const auto rewritten = [](absl::string_view text) {
    return FormatIpAddress(*ParseIpAddress(text));
  };
  EXPECT_EQ(rewritten("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(rewritten("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(rewritten("2001:DB8:0:0::0:1"), "2001:db8::1");
  EXPECT_EQ(rewritten("::"), "::");
}

TEST(AddressRangeTest, RefusesWhatIsNone) {
  for (const absl::string_view text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ",
        "10.0.0.0/8/8", "10.0.0/8", "localhost", "[::1]", "::1/129", "::1%eth0", "1.2.3.4:80",
        "10.0.0.0/0x8", "10.0.0.0/0008"}) {
    const absl::StatusOr<AddressRange> range = ParseAddressRange(text);
    EXPECT_FALSE(range.ok()) << text;
    EXPECT_NE(range.status().message().find(std::string(text)), absl::string_view::npos);
  }
}

TEST(AddressRangeTest, RefusesAddressesThatAreMeantAsRanges) {
  EXPECT_FALSE(ParseAddressRange("10.1.2.3/8").ok());
  EXPECT_FALSE(ParseAddressRange("2001:db8::1/32").ok());
}

TEST(AddressRangeTest, AnAddressHoldsNoNul) {
  EXPECT_FALSE(ParseIpAddress(absl::string_view("1.2.3.4\0x", 9)).has_value());
  EXPECT_FALSE(ParseIpAddress(std::string(1000, '1')).has_value());
}

TEST(AddressRangeTest, AListHoldsWhatOneOfItsRangesHolds) {
  const std::vector<AddressRange> ranges = {Range("10.0.0.0/8"), Range("::1")};
  EXPECT_TRUE(Contains(ranges, *ParseIpAddress("::1")));
  EXPECT_TRUE(Contains(ranges, *ParseIpAddress("10.9.8.7")));
  EXPECT_FALSE(Contains(ranges, *ParseIpAddress("::2")));
  EXPECT_FALSE(Contains({}, *ParseIpAddress("::1")));
}

}  // namespace
}  // namespace anteroom
