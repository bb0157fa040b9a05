#include "examples/gallery/gallery_handlers.h"

#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "anteroom/cancellation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/examples/gallery/temporary_folder.h"
#include "tests/examples/gallery/test_pictures.h"
#include "tests/examples/gallery/vips_environment.h"

namespace anteroom::gallery {
namespace {

using ::testing::HasSubstr;

[[maybe_unused]] const auto* const kVips = ::testing::AddGlobalTestEnvironment(new VipsEnvironment);

class GalleryHandlersTest : public ::testing::Test {
 protected:
  GalleryHandlersTest()
      : library_(PhotoLibrary::Open(folder_.path()).value()), handlers_(&library_) {
    folder_.Write("cat.jpg", MakePicture({.width = 800, .height = 600}));
  }

  Response Thumb(const std::string& name, const std::string& query = "") {
    const Request request("GET", absl::StrCat("/thumb/", name, query), {}, "", {{"name", name}});
    absl::StatusOr<Response> response = handlers_.Thumb(request, context_);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(Response::Empty(599));
  }

  std::string Photos() {
    const absl::StatusOr<Response> response = handlers_.Photos(Request("GET", "/photos"), context_);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->body : "";
  }

  void ExpectFailure(const Response& response, int status, const std::string& reason) {
    EXPECT_EQ(response.status, status);
    EXPECT_THAT(response.body, HasSubstr(reason));
    EXPECT_EQ(response.Header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  }

  TemporaryFolder folder_;
  PhotoLibrary library_;
  GalleryHandlers handlers_;
  Context context_;
};

TEST_F(GalleryHandlersTest, PhotosListsNamesAsJson) {
  folder_.Write("b \"quoted\" \\.png", "x");
  folder_.Write("z\xc3\xbcrich.webp", "x");
  folder_.Write("notes.txt", "x");
  EXPECT_EQ(Photos(), "[\"b \\\"quoted\\\" \\\\.png\",\"cat.jpg\",\"z\xc3\xbcrich.webp\"]");
}

TEST_F(GalleryHandlersTest, PhotosOfAnEmptyFolderIsAnEmptyArray) {
  ASSERT_EQ(unlink(folder_.File("cat.jpg").c_str()), 0);
  EXPECT_EQ(Photos(), "[]");
}

TEST_F(GalleryHandlersTest, PhotosIsAskedForEachTime) {
  const auto response = handlers_.Photos(Request("GET", "/photos"), context_);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->Header("Content-Type"), "application/json");
  EXPECT_EQ(response->Header("Cache-Control"), "no-cache");
}

TEST_F(GalleryHandlersTest, ThumbIsAJpegThreeHundredAndTwentyWideUnlessAsked) {
  const Response response = Thumb("cat.jpg");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "image/jpeg");
  EXPECT_EQ(response.Header("Cache-Control"), "public, max-age=3600");
  EXPECT_EQ(response.Header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.Header("ETag"), "");
  const DecodedPicture picture = Decode(response.body);
  EXPECT_EQ(picture.loader, "jpegload_buffer");
  EXPECT_EQ(picture.width, 320);
  EXPECT_EQ(picture.height, 240);
}

TEST_F(GalleryHandlersTest, ThumbHasTheWidthAndFormatThatWereAskedFor) {
  const Response response = Thumb("cat.jpg", "?w=100&fmt=webp");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "image/webp");
  const DecodedPicture picture = Decode(response.body);
  EXPECT_EQ(picture.loader, "webpload_buffer");
  EXPECT_EQ(picture.width, 100);
}

TEST_F(GalleryHandlersTest, ThumbTakesTheBoundsOfTheWidth) {
  EXPECT_EQ(Decode(Thumb("cat.jpg", "?w=16").body).width, 16);
  EXPECT_EQ(Decode(Thumb("cat.jpg", "?w=2048").body).width, 2048);
}

TEST_F(GalleryHandlersTest, ThumbRefusesOtherWidths) {
  for (const char* width : {"0", "15", "2049", "9999", "-320", "+320", "abc", "320px", "", "%20320",
                            "3.5", "99999999999999999999"}) {
    SCOPED_TRACE(width);
    ExpectFailure(Thumb("cat.jpg", absl::StrCat("?w=", width)), 400, "from 16 to 2048");
  }
}

TEST_F(GalleryHandlersTest, ThumbRefusesOtherFormats) {
  for (const char* format : {"png", "JPEG", "", "webp%00"}) {
    SCOPED_TRACE(format);
    ExpectFailure(Thumb("cat.jpg", absl::StrCat("?fmt=", format)), 400, "jpeg or webp");
  }
}

TEST_F(GalleryHandlersTest, ThumbRefusesParametersThatAreGivenTwice) {
  ExpectFailure(Thumb("cat.jpg", "?w=100&w=200"), 400, "w is given twice");
  ExpectFailure(Thumb("cat.jpg", "?fmt=jpeg&fmt=jpeg"), 400, "fmt is given twice");
}

TEST_F(GalleryHandlersTest, ThumbIgnoresParametersThatItDoesNotKnow) {
  EXPECT_EQ(Thumb("cat.jpg", "?utm=1&w=64").status, 200);
}

TEST_F(GalleryHandlersTest, ThumbDoesNotTellWhatElseIsThere) {
  folder_.Write("notes.txt", "secret");
  folder_.Write(".hidden.jpg", "secret");
  ASSERT_EQ(symlink("notes.txt", folder_.File("link.jpg").c_str()), 0);
  for (const char* name : {"missing.jpg", "notes.txt", ".hidden.jpg", "link.jpg", "..%2Fcat.jpg",
                           "%2Fetc%2Fpasswd", "cat.jpg%00.jpg", "cat.jpg%2F"}) {
    SCOPED_TRACE(name);
    const Response response = Thumb(name);
    ExpectFailure(response, 404, "no such photograph");
    EXPECT_EQ(response.body, "no such photograph\n");
  }
}

TEST_F(GalleryHandlersTest, ThumbFindsNamesThatNeedEncoding) {
  folder_.Write("50% & more.jpg", MakePicture({}));
  EXPECT_EQ(Thumb("50%25%20%26%20more.jpg", "?w=32").status, 200);
}

TEST_F(GalleryHandlersTest, ThumbOfTextIsAnUnsupportedMediaType) {
  folder_.Write("text.jpg", "this is a letter to a friend");
  ExpectFailure(Thumb("text.jpg"), 415, "not a JPEG");
  folder_.Write("empty.jpg", "");
  ExpectFailure(Thumb("empty.jpg"), 415, "not a JPEG");
}

TEST_F(GalleryHandlersTest, ThumbOfATruncatedPhotographIsUnprocessable) {
  const std::string photo = MakePicture({.width = 800, .height = 600});
  folder_.Write("cut.jpg", photo.substr(0, photo.size() / 2));
  ExpectFailure(Thumb("cut.jpg"), 422, "cut short");
}

TEST_F(GalleryHandlersTest, ThumbOfABombIsUnprocessable) {
  folder_.Write("bomb.png", PngThatClaims(60000, 60000));
  ExpectFailure(Thumb("bomb.png"), 422, "60000 x 60000");
}

TEST_F(GalleryHandlersTest, ThumbEndsEarlyWhenNobodyWaits) {
  Cancellation cancellation;
  cancellation.Cancel();
  Context::Fields fields;
  fields.cancellation = &cancellation;
  Context context(fields);
  const Request request("GET", "/thumb/cat.jpg", {}, "", {{"name", "cat.jpg"}});
  EXPECT_EQ(handlers_.Thumb(request, context).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace anteroom::gallery
