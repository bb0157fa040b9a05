#include "examples/gallery/thumbnailer.h"

#include <vips/vips.h>

#include <cmath>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/gallery/vips_runtime.h"

namespace anteroom::gallery {
namespace {

constexpr int kJpegQuality = 82;
constexpr int kWebpQuality = 78;
constexpr int kWebpEffort = 2;  // of 6; the default 4 takes up to twice the CPU for 2 to 6 % less

// The C interface and not the C++ one: that throws, and it reads the error buffer of the process
// without its lock.
//
// libvips takes `void*` for memory that it only reads.
void* Mutable(absl::string_view bytes) { return const_cast<char*>(bytes.data()); }

absl::Status Corrupt() {
  TakeVipsError();
  return absl::DataLossError("the picture is corrupt or cut short");
}

// What the header says about the work ahead.
struct Header {
  bool has_profile = false;
};

// Reads the header and refuses what is too large; nothing is decoded.
absl::StatusOr<Header> CheckHeader(absl::string_view photo, const ThumbnailSpec& spec,
                                   const PictureLimits& limits) {
  // By content; the name plays no part.
  if (!IsAllowedLoader(vips_foreign_find_load_buffer(photo.data(), photo.size()))) {
    TakeVipsError();
    return absl::UnimplementedError("not a JPEG, PNG, WebP or GIF picture");
  }
  const VipsImagePtr image(vips_image_new_from_buffer(photo.data(), photo.size(), "", "access",
                                                      VIPS_ACCESS_SEQUENTIAL, nullptr));
  if (image == nullptr) return Corrupt();

  int64_t width = vips_image_get_width(image.get());
  int64_t height = vips_image_get_height(image.get());
  if (width * height > limits.source_pixels) {
    return absl::OutOfRangeError(absl::StrCat("the picture has ", width, " x ", height,
                                              " pixels, more than the ", limits.source_pixels,
                                              " that are scaled"));
  }
  if (vips_image_get_orientation_swap(image.get())) std::swap(width, height);
  const double scale = static_cast<double>(spec.width) / static_cast<double>(width);
  if (std::llround(static_cast<double>(height) * scale) > limits.thumbnail_height) {
    return absl::OutOfRangeError(absl::StrCat("the picture is too tall: at a width of ", spec.width,
                                              " it would be higher than ", limits.thumbnail_height,
                                              " pixels"));
  }
  return Header{.has_profile = vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0};
}

absl::StatusOr<VipsImagePtr> Scale(absl::string_view photo, int width, const Header& header) {
  // - The height is one that never binds: the width alone decides.
  // - Only colours with a profile are converted. The rest is sRGB by convention, and a conversion
  //   from sRGB to sRGB through this library's profile connection space would tint it.
  // - `fail_on` goes to the loader by way of `option_string`: 8.14 drops thumbnail_buffer's own.
  VipsImage* scaled = nullptr;
  if (vips_thumbnail_buffer(Mutable(photo), photo.size(), &scaled, width, "height", VIPS_MAX_COORD,
                            "size", VIPS_SIZE_BOTH, "option_string", "[fail_on=error]",
                            "export_profile", header.has_profile ? "srgb" : nullptr,
                            nullptr) != 0) {
    return Corrupt();
  }
  return VipsImagePtr(scaled);
}

struct Cancellation {
  const std::function<bool()>& asked;
  bool stopped = false;  // libvips forgets a kill as soon as it has acted on it
};

// Runs on the thread that called MakeThumbnail, each time a piece of the picture is done.
void StopWhenCancelled(VipsImage* image, VipsProgress*, Cancellation* cancellation) {
  if (cancellation->stopped || !cancellation->asked()) return;
  cancellation->stopped = true;
  vips_image_set_kill(image, TRUE);
}

int Save(VipsImage* image, ThumbnailFormat format, void** bytes, size_t* size) {
  switch (format) {
    case ThumbnailFormat::kJpeg: {
      const double white = 255;
      VipsArrayDouble* background = vips_array_double_new(&white, 1);
      const absl::Cleanup unref = [background] { vips_area_unref(VIPS_AREA(background)); };
      return vips_jpegsave_buffer(image, bytes, size, "Q", kJpegQuality, "strip", TRUE,
                                  "optimize_coding", TRUE, "background", background, nullptr);
    }
    case ThumbnailFormat::kWebp:
      return vips_webpsave_buffer(image, bytes, size, "Q", kWebpQuality, "effort", kWebpEffort,
                                  "strip", TRUE, nullptr);
  }
  return -1;
}

}  // namespace

absl::string_view ContentType(ThumbnailFormat format) {
  return format == ThumbnailFormat::kWebp ? "image/webp" : "image/jpeg";
}

absl::StatusOr<std::string> MakeThumbnail(absl::string_view photo, const ThumbnailSpec& spec,
                                          const std::function<bool()>& cancelled,
                                          const PictureLimits& limits) {
  const absl::StatusOr<Header> header = CheckHeader(photo, spec, limits);
  if (!header.ok()) return header.status();
  if (cancelled()) return absl::CancelledError("cancelled");
  const absl::StatusOr<VipsImagePtr> image = Scale(photo, spec.width, *header);
  if (!image.ok()) return image.status();

  // Scale() has only built the pipeline; most decoding happens now, as the saver asks for rows.
  Cancellation cancellation{cancelled};
  vips_image_set_progress(image->get(), TRUE);
  g_signal_connect(image->get(), "eval", G_CALLBACK(StopWhenCancelled), &cancellation);
  void* bytes = nullptr;
  size_t size = 0;
  const int failed = Save(image->get(), spec.format, &bytes, &size);
  const GlibBytes owned(bytes);
  if (cancellation.stopped) {
    TakeVipsError();
    return absl::CancelledError("cancelled");
  }
  if (failed != 0) return Corrupt();
  return std::string(static_cast<const char*>(bytes), size);
}

}  // namespace anteroom::gallery
