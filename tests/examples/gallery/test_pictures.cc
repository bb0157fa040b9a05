#include "tests/examples/gallery/test_pictures.h"

#include <vector>

#include "examples/gallery/vips_runtime.h"

namespace anteroom::gallery {
namespace {

void AppendBigEndian(uint32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

uint32_t Crc32(absl::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
  }
  return ~crc;
}

void AppendPngChunk(absl::string_view type, absl::string_view data, std::string* png) {
  AppendBigEndian(static_cast<uint32_t>(data.size()), png);
  const size_t start = png->size();
  png->append(type.data(), type.size());
  png->append(data.data(), data.size());
  AppendBigEndian(Crc32(absl::string_view(*png).substr(start)), png);
}

std::vector<uint8_t> MakeRow(const PictureSpec& spec, uint8_t alpha) {
  std::vector<uint8_t> row;
  for (int x = 0; x < spec.width; ++x) {
    const bool left = x < spec.width / 2;
    row.insert(row.end(), {uint8_t(left ? 250 : 5), uint8_t{5}, uint8_t(left ? 5 : 250)});
    if (spec.bands == 4) row.push_back(alpha);
  }
  return row;
}

Pixel PixelAt(VipsImage* image, int x, int y) {
  double* values = nullptr;
  int count = 0;
  if (vips_getpoint(image, &values, &count, x, y, nullptr) != 0) return {};
  const GlibBytes owned(values);
  if (count < 3) return {values[0], values[0], values[0]};
  return {values[0], values[1], values[2]};
}

}  // namespace

std::string MakePicture(const PictureSpec& spec) {
  const std::vector<uint8_t> opaque = MakeRow(spec, 255);
  const std::vector<uint8_t> transparent = MakeRow(spec, 0);
  std::vector<uint8_t> pixels;
  pixels.reserve(opaque.size() * static_cast<size_t>(spec.height));
  for (int y = 0; y < spec.height; ++y) {
    const std::vector<uint8_t>& row = y < spec.height / 2 ? opaque : transparent;
    pixels.insert(pixels.end(), row.begin(), row.end());
  }
  VipsImagePtr image(vips_image_new_from_memory_copy(pixels.data(), pixels.size(), spec.width,
                                                     spec.height, spec.bands, VIPS_FORMAT_UCHAR));
  VipsImage* coloured = nullptr;
  if (vips_copy(image.get(), &coloured, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr) != 0) {
    return "";
  }
  image.reset(coloured);
  if (spec.sixteen_bits) {
    VipsImage* wide = nullptr;
    if (vips_colourspace(image.get(), &wide, VIPS_INTERPRETATION_RGB16, nullptr) != 0) return "";
    image.reset(wide);
  }
  if (spec.orientation != 0) {
    vips_image_set_int(image.get(), VIPS_META_ORIENTATION, spec.orientation);
  }
  void* bytes = nullptr;
  size_t size = 0;
  if (vips_image_write_to_buffer(image.get(), spec.suffix.c_str(), &bytes, &size, nullptr) != 0) {
    return "";
  }
  const GlibBytes owned(bytes);
  return std::string(static_cast<const char*>(bytes), size);
}

std::string PngThatClaims(uint32_t width, uint32_t height) {
  std::string header;
  AppendBigEndian(width, &header);
  AppendBigEndian(height, &header);
  header += std::string("\x08\x02\0\0\0", 5);  // 8 bits, RGB
  std::string png("\x89PNG\r\n\x1a\n", 8);
  AppendPngChunk("IHDR", header, &png);
  AppendPngChunk("IDAT", std::string("\x78\x9c\x03\0\0\0\0\x01", 8), &png);  // zlib: nothing
  AppendPngChunk("IEND", "", &png);
  return png;
}

DecodedPicture Decode(absl::string_view bytes) {
  const VipsImagePtr image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "fail_on",
                                                      VIPS_FAIL_ON_WARNING, "access",
                                                      VIPS_ACCESS_RANDOM, nullptr));
  double average = 0;
  if (image == nullptr || vips_avg(image.get(), &average, nullptr) != 0) return {};
  DecodedPicture picture;
  const char* loader = nullptr;
  if (vips_image_get_string(image.get(), VIPS_META_LOADER, &loader) == 0) picture.loader = loader;
  picture.width = vips_image_get_width(image.get());
  picture.height = vips_image_get_height(image.get());
  picture.bands = vips_image_get_bands(image.get());
  picture.has_exif = vips_image_get_typeof(image.get(), VIPS_META_EXIF_NAME) != 0;
  picture.has_profile = vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0;
  picture.top_left = PixelAt(image.get(), 0, 0);
  picture.bottom_right = PixelAt(image.get(), picture.width - 1, picture.height - 1);
  return picture;
}

}  // namespace anteroom::gallery
