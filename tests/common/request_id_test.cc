#include "common/request_id.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

TEST(RequestIdSourceTest, MakesWellFormedIdsOfFixedLength) {
  RequestIdSource source;
  for (int i = 0; i < 1000; ++i) {
    const absl::string_view id = source.Next();
    EXPECT_EQ(id.size(), RequestIdSource::kLength);
    EXPECT_TRUE(IsWellFormedRequestId(id)) << id;
    EXPECT_EQ(id.find_first_of("._-"), absl::string_view::npos) << id;
  }
}

TEST(RequestIdSourceTest, NeverRepeatsAcrossCarries) {
  RequestIdSource source;
  std::set<std::string> seen;
  constexpr int kIds = 62 * 62 * 3;  // two digits carry
  for (int i = 0; i < kIds; ++i) seen.emplace(source.Next());
  EXPECT_EQ(seen.size(), static_cast<size_t>(kIds));
}

TEST(RequestIdSourceTest, SourcesDoNotMeet) {
  RequestIdSource a;
  RequestIdSource b;
  EXPECT_NE(a.Next().substr(0, 13), b.Next().substr(0, 13));
}

TEST(IsWellFormedRequestIdTest, TakesTheSafeCharactersOnly) {
  EXPECT_TRUE(IsWellFormedRequestId("a"));
  EXPECT_TRUE(IsWellFormedRequestId("0af7651916cd43dd-8448.EB_2"));
  EXPECT_TRUE(IsWellFormedRequestId(std::string(128, 'x')));
  EXPECT_FALSE(IsWellFormedRequestId(""));
  EXPECT_FALSE(IsWellFormedRequestId(std::string(129, 'x')));
  for (int c = 0; c < 256; ++c) {
    const std::string alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const bool allowed = alphabet.find(static_cast<char>(c)) != std::string::npos;
    EXPECT_EQ(IsWellFormedRequestId("a" + std::string(1, static_cast<char>(c))), allowed) << c;
  }
}

}  // namespace
}  // namespace anteroom
