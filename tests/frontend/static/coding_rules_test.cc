#include "frontend/static/coding_rules.h"

#include <set>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

constexpr auto kBrotli = ContentCoding::kBrotli;
constexpr auto kZstd = ContentCoding::kZstd;
constexpr auto kGzip = ContentCoding::kGzip;

TEST(CodingRulesTest, OffersNothingUnlessToldTo) {
  const CodingRules rules(StaticConfig(), 65'536);
  EXPECT_TRUE(rules.offered().empty());
  EXPECT_FALSE(rules.Varies("text/html", 2000));
  EXPECT_FALSE(rules.Compresses(kGzip, "text/html", 2000));
  EXPECT_EQ(rules.Preferences().size(), 1u);
}

TEST(CodingRulesTest, CompressesTypesOfTheListBetweenTheSizes) {
  StaticConfig config;
  config.compress.codings.Add(kGzip);
  config.compress.types = {"text/*", "application/json"};
  config.compress.min_size = 1000;
  const CodingRules rules(config, 2000);
  EXPECT_TRUE(rules.Compresses(kGzip, "text/html; charset=utf-8", 1000));
  EXPECT_TRUE(rules.Compresses(kGzip, "application/json", 2000));
  EXPECT_FALSE(rules.Compresses(kGzip, "text/html", 999));
  EXPECT_FALSE(rules.Compresses(kGzip, "text/html", 2001));
  EXPECT_FALSE(rules.Compresses(kGzip, "application/json5", 1500));
  EXPECT_FALSE(rules.Compresses(kGzip, "image/png", 1500));
  EXPECT_FALSE(rules.Compresses(kBrotli, "text/html", 1500));
}

TEST(CodingRulesTest, TypesAreComparedWithoutCase) {
  StaticConfig config;
  config.compress.codings.Add(ContentCoding::kGzip);
  const CodingRules rules(config, 65'536);
  EXPECT_TRUE(rules.Compresses(ContentCoding::kGzip, "Text/HTML; charset=UTF-8", 5000));
  EXPECT_TRUE(rules.Compresses(ContentCoding::kGzip, "Application/JSON", 5000));
  EXPECT_FALSE(rules.Compresses(ContentCoding::kGzip, "Image/PNG", 5000));
}

TEST(CodingRulesTest, AnswersVaryWhereTheCodingMay) {
  StaticConfig config;
  config.compress.codings.Add(kBrotli);
  EXPECT_TRUE(CodingRules(config, 65'536).Varies("text/css; charset=utf-8", 5000));
  EXPECT_FALSE(CodingRules(config, 65'536).Varies("text/css; charset=utf-8", 10));
  EXPECT_FALSE(CodingRules(config, 65'536).Varies("image/png", 5000));
  config.precompressed.Add(kZstd);
  EXPECT_TRUE(CodingRules(config, 65'536).Varies("image/png", 5'000'000))
      << "a file may come to stand beside it at any time";
}

TEST(CodingRulesTest, ThereIsOnePreferenceForEachOrder) {
  StaticConfig config;
  config.precompressed.Add(kZstd);
  config.compress.codings.Add(kBrotli);
  EXPECT_EQ(CodingRules(config, 1).Preferences().size(), 5u);
  config.compress.codings.Add(kGzip);
  std::set<uint8_t> bits;
  for (const CodingPreference preference : CodingRules(config, 1).Preferences()) {
    bits.insert(preference.bits());
  }
  EXPECT_EQ(bits.size(), 16u);
  EXPECT_EQ(bits.count(0), 1u);
}

TEST(CodingRulesTest, DefaultTypesAreThoseThatAreTextInsideAndNotYetCompressed) {
  StaticConfig config;
  config.compress.codings.Add(kGzip);
  const CodingRules rules(config, 65'536);
  for (const char* type :
       {"text/html; charset=utf-8", "text/javascript; charset=utf-8", "application/json",
        "image/svg+xml", "application/wasm", "application/xml", "application/manifest+json"}) {
    EXPECT_TRUE(rules.Compresses(kGzip, type, 5000)) << type;
  }
  for (const char* type : {"image/png", "image/jpeg", "video/mp4", "font/woff2", "application/zip",
                           "application/gzip", "application/octet-stream", "application/pdf"}) {
    EXPECT_FALSE(rules.Compresses(kGzip, type, 5000)) << type;
  }
}

}  // namespace
}  // namespace anteroom::frontend
