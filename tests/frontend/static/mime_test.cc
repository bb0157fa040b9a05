#include "frontend/static/mime.h"

#include <string>

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

TEST(MimeTest, FindsFirstAndLastOfTheTable) {
  EXPECT_EQ(ContentTypeOf("x.3gp"), "video/3gpp");
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
