#include "frontend/static/compressor.h"

#include <random>
#include <string>

#include "gtest/gtest.h"
#include "tests/frontend/static/decompress.h"

namespace anteroom::frontend {
namespace {

constexpr ContentCoding kBoth[] = {ContentCoding::kBrotli, ContentCoding::kGzip};

std::string Noise(size_t size) {
  std::mt19937 random(1);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

std::string Text(size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size()) + " of some text\n";
  text.resize(size);
  return text;
}

TEST(CompressorTest, WhatComesOutIsSmallerAndDecodesToWhatWentIn) {
  for (const ContentCoding coding : kBoth) {
    for (const size_t size : {100, 1000, 65'536}) {
      const std::string text = Text(size);
      const auto coded = Compress(coding, text, {});
      ASSERT_TRUE(coded.has_value()) << CodingName(coding) << " " << size;
      EXPECT_LT(coded->size(), size);
      EXPECT_TRUE(Decompress(coding, *coded) == text) << CodingName(coding) << " " << size;
    }
  }
}

TEST(CompressorTest, EveryLevelDecodes) {
  const std::string text = Text(5000);
  for (const ContentCoding coding : kBoth) {
    for (uint32_t level = 0; level <= 11; ++level) {
      CompressConfig config;
      config.brotli_level = level;
      config.gzip_level = level < 1 ? 1 : level > 9 ? 9 : level;
      const auto coded = Compress(coding, text, config);
      ASSERT_TRUE(coded.has_value()) << CodingName(coding) << " " << level;
      EXPECT_TRUE(Decompress(coding, *coded) == text) << CodingName(coding) << " " << level;
    }
  }
}

TEST(CompressorTest, NothingWhenItWouldNotBeSmaller) {
  for (const ContentCoding coding : kBoth) {
    EXPECT_EQ(Compress(coding, "", {}), std::nullopt);
    EXPECT_EQ(Compress(coding, "a", {}), std::nullopt);
    EXPECT_FALSE(Compress(coding, Noise(10'000), {}).has_value()) << CodingName(coding);
  }
}

TEST(CompressorTest, SameBytesForTheSameInput) {
  for (const ContentCoding coding : kBoth) {
    EXPECT_TRUE(Compress(coding, Text(5000), {}) == Compress(coding, Text(5000), {}));
  }
}

}  // namespace
}  // namespace anteroom::frontend
