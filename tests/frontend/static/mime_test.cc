#include "frontend/static/mime.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

TEST(MimeTest, KnowsUsualExtensions) {
  EXPECT_EQ(ContentTypeOf("/index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("/a/site.css"), "text/css; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("app.mjs"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("/data.json"), "application/json");
  EXPECT_EQ(ContentTypeOf("/logo.svg"), "image/svg+xml");
  EXPECT_EQ(ContentTypeOf("/photo.jpeg"), "image/jpeg");
  EXPECT_EQ(ContentTypeOf("/clip.mp4"), "video/mp4");
  EXPECT_EQ(ContentTypeOf("/font.woff2"), "font/woff2");
  EXPECT_EQ(ContentTypeOf("/module.wasm"), "application/wasm");
  EXPECT_EQ(ContentTypeOf("/favicon.ico"), "image/vnd.microsoft.icon");
}

TEST(MimeTest, KnowsWhatTheWebIsMadeOf) {
  const std::pair<absl::string_view, absl::string_view> types[] = {
      {"avif", "image/avif"},
      {"ics", "text/calendar; charset=utf-8"},
      {"jfif", "image/jpeg"},
      {"jsonld", "application/ld+json"},
      {"jxl", "image/jxl"},
      {"m3u8", "application/vnd.apple.mpegurl"},
      {"m4a", "audio/mp4"},
      {"m4s", "video/iso.segment"},
      {"map", "application/json"},
      {"opus", "audio/ogg"},
      {"vtt", "text/vtt; charset=utf-8"},
      {"webm", "video/webm"},
      {"webmanifest", "application/manifest+json"},
      {"webp", "image/webp"},
      {"wgsl", "text/wgsl; charset=utf-8"},
      {"woff", "font/woff"},
  };
  for (const auto& [extension, type] : types) {
    EXPECT_EQ(ContentTypeOf("/a." + std::string(extension)), type) << extension;
  }
}

TEST(MimeTest, FindsFirstAndLastOfTheTable) {
  EXPECT_EQ(ContentTypeOf("x.3g2"), "video/3gpp2");
  EXPECT_EQ(ContentTypeOf("x.zst"), "application/zstd");
}

TEST(MimeTest, IgnoresCase) {
  EXPECT_EQ(ContentTypeOf("/INDEX.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("/Photo.JpG"), "image/jpeg");
}

TEST(MimeTest, LooksAtTheLastExtensionOnly) {
  EXPECT_EQ(ContentTypeOf("/backup.html.gz"), "application/gzip");
  EXPECT_EQ(ContentTypeOf("/photo.png.exe"), "application/x-msdownload");
}

TEST(MimeTest, LooksAtTheLastSegmentOnly) {
  EXPECT_EQ(ContentTypeOf("/v1.html/readme"), "application/octet-stream");
  EXPECT_EQ(ContentTypeOf("/dir.png/"), "application/octet-stream");
}

TEST(MimeTest, FallsBackForUnknownMissingAndOddExtensions) {
  for (const absl::string_view path :
       {"", "/", ".", "/README", "/x.", "/x.unheardof", "/x.htmlx", "/x.htm l", "/x.\xff"}) {
    EXPECT_EQ(ContentTypeOf(path), "application/octet-stream") << path;
  }
  EXPECT_EQ(ContentTypeOf("x." + std::string(100'000, 'h')), "application/octet-stream");
}

}  // namespace
}  // namespace anteroom::frontend
