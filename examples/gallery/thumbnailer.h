// From the bytes of a photograph to the bytes of a thumbnail.
#ifndef ANTEROOM_EXAMPLES_GALLERY_THUMBNAILER_H_
#define ANTEROOM_EXAMPLES_GALLERY_THUMBNAILER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anteroom::gallery {

enum class ThumbnailFormat { kJpeg, kWebp };

absl::string_view ContentType(ThumbnailFormat format);

struct ThumbnailSpec {
  static constexpr int kMinWidth = 16;
  static constexpr int kMaxWidth = 2048;

  int width = 320;  // pixels, kMinWidth..kMaxWidth
  ThumbnailFormat format = ThumbnailFormat::kJpeg;
};

// What is refused before anything is decoded, in pixels. A file of a few kilobytes can claim
// gigapixels: the header is looked at first.
struct PictureLimits {
  // Decoding needs up to 6 bytes of memory for each (a progressive JPEG without subsampling).
  int64_t source_pixels = 64'000'000;
  int thumbnail_height = 8192;  // of a thumbnail as wide as asked for
};

// Scales `photo` to exactly `spec.width` pixels, up or down, and keeps its proportions; a JPEG is
// shrunk while it is decoded. It is turned as its EXIF orientation says, brought to sRGB, and loses
// all metadata (where and with which camera it was taken). Of an animation the first frame is
// taken. What is transparent turns white in JPEG.
//
// Threading: any number of threads at once while a VipsRuntime lives. Blocks for as long as the
// work takes: 20 ms of CPU for a photograph of 2 to 4 megapixels at a width of 480, 500 ms for 18
// megapixels of progressive JPEG.
//
// `cancelled` is asked on the calling thread, between pieces of the work; a picture that has to be
// turned is decoded in one piece.
//
// Errors: Unimplemented (not a picture of a known format), DataLoss (corrupt or cut short),
// OutOfRange (beyond `limits`), Cancelled. The messages are fit for clients.
absl::StatusOr<std::string> MakeThumbnail(absl::string_view photo, const ThumbnailSpec& spec,
                                          const std::function<bool()>& cancelled,
                                          const PictureLimits& limits = PictureLimits());

}  // namespace anteroom::gallery

#endif  // ANTEROOM_EXAMPLES_GALLERY_THUMBNAILER_H_
