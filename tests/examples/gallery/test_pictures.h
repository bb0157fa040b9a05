// Real pictures, made by libvips in the test, and what libvips reads back from results.
#ifndef ANTEROOM_TESTS_EXAMPLES_GALLERY_TEST_PICTURES_H_
#define ANTEROOM_TESTS_EXAMPLES_GALLERY_TEST_PICTURES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::gallery {

// `suffix` chooses the format, and libvips' saver options may follow: ".jpg", ".png", ".webp",
// ".gif", ".jpg[Q=30]". The left half is red, the right half blue, so that turning shows; `bands`:
// 3 or, with a transparent lower half, 4. `orientation`: EXIF's, 1..8, or 0 for none.
struct PictureSpec {
  int width = 64;
  int height = 48;
  std::string suffix = ".jpg";
  int bands = 3;
  int orientation = 0;
  bool sixteen_bits = false;
};
std::string MakePicture(const PictureSpec& spec);

// The header of a PNG that claims to be that large, with correct checksums and next to no data.
std::string PngThatClaims(uint32_t width, uint32_t height);

struct Pixel {
  double red = 0;
  double green = 0;
  double blue = 0;
};

struct DecodedPicture {
  std::string loader;  // "jpegload_buffer", ...
  int width = 0;
  int height = 0;
  int bands = 0;
  bool has_exif = false;
  bool has_profile = false;
  Pixel top_left;
  Pixel bottom_right;
};
// Decodes all of it; a failure is an empty `loader`.
DecodedPicture Decode(absl::string_view bytes);

}  // namespace anteroom::gallery

#endif  // ANTEROOM_TESTS_EXAMPLES_GALLERY_TEST_PICTURES_H_
