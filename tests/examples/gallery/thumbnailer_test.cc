#include "examples/gallery/thumbnailer.h"

#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/examples/gallery/test_pictures.h"
#include "tests/examples/gallery/vips_environment.h"

namespace anteroom::gallery {
namespace {

[[maybe_unused]] const auto* const kVips = ::testing::AddGlobalTestEnvironment(new VipsEnvironment);

bool Never() { return false; }

ThumbnailSpec Width(int width, ThumbnailFormat format = ThumbnailFormat::kJpeg) {
  return {width, format};
}

void ExpectRed(const Pixel& pixel) {
  EXPECT_GT(pixel.red, 200);
  EXPECT_LT(pixel.green, 50);
  EXPECT_LT(pixel.blue, 50);
}

void ExpectBlue(const Pixel& pixel) {
  EXPECT_LT(pixel.red, 50);
  EXPECT_LT(pixel.green, 50);
  EXPECT_GT(pixel.blue, 200);
}

class EveryFormat : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryFormat, IsScaledToJpeg) {
  const std::string photo = MakePicture({.width = 800, .height = 600, .suffix = GetParam()});
  ASSERT_FALSE(photo.empty());
  const auto thumbnail = MakeThumbnail(photo, Width(200), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  EXPECT_TRUE(absl::StartsWith(*thumbnail, "\xff\xd8\xff"));
  const DecodedPicture picture = Decode(*thumbnail);
  EXPECT_EQ(picture.loader, "jpegload_buffer");
  EXPECT_EQ(picture.width, 200);
  EXPECT_EQ(picture.height, 150);
  EXPECT_EQ(picture.bands, 3);
  ExpectRed(picture.top_left);
  ExpectBlue(picture.bottom_right);
}

TEST_P(EveryFormat, IsScaledToWebp) {
  const std::string photo = MakePicture({.width = 800, .height = 600, .suffix = GetParam()});
  const auto thumbnail = MakeThumbnail(photo, Width(200, ThumbnailFormat::kWebp), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  EXPECT_EQ(thumbnail->substr(0, 4), "RIFF");
  EXPECT_EQ(thumbnail->substr(8, 4), "WEBP");
  const DecodedPicture picture = Decode(*thumbnail);
  EXPECT_EQ(picture.loader, "webpload_buffer");
  EXPECT_EQ(picture.width, 200);
  EXPECT_EQ(picture.height, 150);
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat,
                         ::testing::Values(".jpg", ".jpg[interlace]", ".png", ".png[interlace]",
                                           ".webp", ".gif"));

// Width and height of the source, width asked for. Odd sizes, primes, one pixel, up and down.
class ExactWidth : public ::testing::TestWithParam<std::tuple<int, int, int>> {};

TEST_P(ExactWidth, IsMetWhateverTheSource) {
  const auto [width, height, wanted] = GetParam();
  for (const char* suffix : {".jpg", ".png", ".webp"}) {
    const std::string photo = MakePicture({.width = width, .height = height, .suffix = suffix});
    const auto thumbnail = MakeThumbnail(photo, Width(wanted), Never);
    ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
    const DecodedPicture picture = Decode(*thumbnail);
    EXPECT_EQ(picture.width, wanted) << suffix;
    EXPECT_NEAR(picture.height, static_cast<double>(height) * wanted / width, 1.0) << suffix;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ExactWidth,
                         ::testing::Values(std::tuple(1, 1, 16), std::tuple(17, 13, 16),
                                           std::tuple(64, 48, 320), std::tuple(997, 661, 331),
                                           std::tuple(1021, 7, 16), std::tuple(1600, 1203, 317),
                                           std::tuple(2048, 3, 2047), std::tuple(320, 240, 320),
                                           std::tuple(2001, 1303, 1600)));

class Orientation : public ::testing::TestWithParam<int> {};

TEST_P(Orientation, IsAppliedAndRemoved) {
  const int orientation = GetParam();
  const std::string photo = MakePicture({.width = 400, .height = 200, .orientation = orientation});
  ASSERT_TRUE(Decode(photo).has_exif);
  const auto thumbnail = MakeThumbnail(photo, Width(100), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  const DecodedPicture picture = Decode(*thumbnail);
  EXPECT_FALSE(picture.has_exif);
  EXPECT_EQ(picture.width, 100);
  EXPECT_EQ(picture.height, orientation >= 5 ? 200 : 50);
  // EXIF 2.3, section 4.6.4 A: which corner of the scene the left half of the rows becomes.
  const bool red_first =
      orientation == 1 || orientation == 4 || orientation == 5 || orientation == 6;
  if (red_first) {
    ExpectRed(picture.top_left);
    ExpectBlue(picture.bottom_right);
  } else {
    ExpectBlue(picture.top_left);
    ExpectRed(picture.bottom_right);
  }
}

INSTANTIATE_TEST_SUITE_P(Exif, Orientation, ::testing::Range(1, 9));

TEST(MakeThumbnail, LosesItsColourProfile) {
  const std::string photo = MakePicture({.suffix = ".jpg[profile=srgb]"});
  ASSERT_TRUE(Decode(photo).has_profile);
  const auto thumbnail = MakeThumbnail(photo, Width(32), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  EXPECT_FALSE(Decode(*thumbnail).has_profile);
}

TEST(MakeThumbnail, TurnsWideGamutColoursIntoSrgb) {
  // A Display P3 red is stronger than any in sRGB: clipped, and not darker than it was.
  const std::string photo = MakePicture({.suffix = ".png[profile=p3]"});
  ASSERT_TRUE(Decode(photo).has_profile);
  const auto thumbnail = MakeThumbnail(photo, Width(32), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  ExpectRed(Decode(*thumbnail).top_left);
}

TEST(MakeThumbnail, PutsTransparencyOnWhiteInJpeg) {
  const std::string photo = MakePicture({.suffix = ".png", .bands = 4});
  const auto thumbnail = MakeThumbnail(photo, Width(64), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  const DecodedPicture picture = Decode(*thumbnail);
  EXPECT_EQ(picture.bands, 3);
  ExpectRed(picture.top_left);
  EXPECT_GT(picture.bottom_right.red, 250);
  EXPECT_GT(picture.bottom_right.green, 250);
  EXPECT_GT(picture.bottom_right.blue, 250);
}

TEST(MakeThumbnail, KeepsTransparencyInWebp) {
  const std::string photo = MakePicture({.suffix = ".png", .bands = 4});
  const auto thumbnail = MakeThumbnail(photo, Width(64, ThumbnailFormat::kWebp), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  EXPECT_EQ(Decode(*thumbnail).bands, 4);
}

TEST(MakeThumbnail, BringsSixteenBitsDownToEight) {
  const std::string photo = MakePicture({.suffix = ".png", .sixteen_bits = true});
  ASSERT_FALSE(photo.empty());
  const auto thumbnail = MakeThumbnail(photo, Width(32), Never);
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  ExpectRed(Decode(*thumbnail).top_left);
}

TEST(MakeThumbnail, RefusesATruncatedPicture) {
  for (const char* suffix : {".jpg", ".jpg[interlace]", ".png", ".webp", ".gif"}) {
    const std::string photo = MakePicture({.width = 800, .height = 600, .suffix = suffix});
    for (const size_t left : {photo.size() / 2, photo.size() / 10}) {
      const auto thumbnail = MakeThumbnail(photo.substr(0, left), Width(200), Never);
      EXPECT_EQ(thumbnail.status().code(), absl::StatusCode::kDataLoss)
          << suffix << " cut to " << left << ": " << thumbnail.status();
    }
  }
}

TEST(MakeThumbnail, RefusesACorruptHeader) {
  EXPECT_EQ(MakeThumbnail("\xff\xd8\xff\xe0 and then nonsense", Width(200), Never).status().code(),
            absl::StatusCode::kDataLoss);
  std::string photo = MakePicture({.suffix = ".png"});
  photo[20] ^= 1;  // in the width, which the checksum covers
  EXPECT_EQ(MakeThumbnail(photo, Width(200), Never).status().code(), absl::StatusCode::kDataLoss);
}

TEST(MakeThumbnail, RefusesCorruptPixels) {
  std::string photo = MakePicture({.width = 800, .height = 600, .suffix = ".png"});
  for (size_t i = photo.size() / 2; i < photo.size() / 2 + 40; ++i) photo[i] ^= 0x55;
  EXPECT_EQ(MakeThumbnail(photo, Width(200), Never).status().code(), absl::StatusCode::kDataLoss);
}

TEST(MakeThumbnail, RefusesWhatIsNoPicture) {
  for (const char* bytes : {"", "x", "just some text, however it is named"}) {
    const auto thumbnail = MakeThumbnail(bytes, Width(200), Never);
    EXPECT_EQ(thumbnail.status().code(), absl::StatusCode::kUnimplemented) << bytes;
  }
}

TEST(MakeThumbnail, RefusesFormatsThatItsLibraryKnowsButNobodyNeeds) {
  for (const char* bytes :
       {"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"></svg>", "%PDF-1.4\n",
        "P5 2 2 255 abcd", "P3 1 1 255 1 2 3\n", "#?RADIANCE\n"}) {
    const auto thumbnail = MakeThumbnail(bytes, Width(200), Never);
    EXPECT_EQ(thumbnail.status().code(), absl::StatusCode::kUnimplemented) << bytes;
  }
  const std::string tiff = MakePicture({.suffix = ".tif"});
  ASSERT_FALSE(tiff.empty());
  EXPECT_EQ(MakeThumbnail(tiff, Width(200), Never).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(MakeThumbnail, RefusesGigapixelsByTheirHeader) {
  const auto thumbnail = MakeThumbnail(PngThatClaims(60000, 60000), Width(200), Never);
  EXPECT_EQ(thumbnail.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(thumbnail.status().message()), ::testing::HasSubstr("60000 x 60000"));
}

TEST(MakeThumbnail, RefusesOnePixelMoreThanItsLimit) {
  const std::string photo = MakePicture({.width = 64, .height = 48});
  EXPECT_TRUE(MakeThumbnail(photo, Width(16), Never, {.source_pixels = 64 * 48}).ok());
  EXPECT_EQ(MakeThumbnail(photo, Width(16), Never, {.source_pixels = 64 * 48 - 1}).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(MakeThumbnail, RefusesAThumbnailThatWouldBeATower) {
  const std::string strip = MakePicture({.width = 4, .height = 1000, .suffix = ".png"});
  EXPECT_TRUE(MakeThumbnail(strip, Width(32), Never).ok());
  EXPECT_EQ(MakeThumbnail(strip, Width(2048), Never).status().code(),
            absl::StatusCode::kOutOfRange);
  const std::string lying =
      MakePicture({.width = 1000, .height = 4, .suffix = ".jpg", .orientation = 6});
  EXPECT_EQ(MakeThumbnail(lying, Width(2048), Never).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(MakeThumbnail, StopsWhenCancelledBeforeItStarts) {
  const auto thumbnail = MakeThumbnail(MakePicture({}), Width(32), [] { return true; });
  EXPECT_EQ(thumbnail.status().code(), absl::StatusCode::kCancelled);
}

TEST(MakeThumbnail, StopsWhenCancelledHalfWay) {
  const std::string photo = MakePicture({.width = 3000, .height = 3000, .suffix = ".png"});
  int asked = 0;
  const auto thumbnail = MakeThumbnail(photo, Width(2000), [&asked] { return ++asked > 1; });
  EXPECT_EQ(thumbnail.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 2);  // before the work, and once during it
}

}  // namespace
}  // namespace anteroom::gallery
