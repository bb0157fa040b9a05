// The gallery's two handlers.
#ifndef ANTEROOM_EXAMPLES_GALLERY_GALLERY_HANDLERS_H_
#define ANTEROOM_EXAMPLES_GALLERY_GALLERY_HANDLERS_H_

#include "absl/status/statusor.h"
#include "anteroom/context.h"
#include "anteroom/request.h"
#include "anteroom/response.h"
#include "examples/gallery/photo_library.h"
#include "examples/gallery/thumbnailer.h"

namespace anteroom::gallery {

// `?w=` and `?fmt=` of a request for a thumbnail; what is absent has its default. Unknown
// parameters are ignored. Errors: InvalidArgument with a reason for the client.
absl::StatusOr<ThumbnailSpec> ParseThumbnailSpec(const Request& request);

// Threading: const; any number of worker threads at once.
class GalleryHandlers {
 public:
  // `library` must outlive this object, and a VipsRuntime live while handlers run.
  explicit GalleryHandlers(const PhotoLibrary* library,
                           const PictureLimits& limits = PictureLimits())
      : library_(*library), limits_(limits) {}

  // GET /photos: a JSON array of the names, sorted.
  absl::StatusOr<Response> Photos(const Request& request, Context& context) const;

  // GET /thumb/{name}?w=16..2048&fmt=jpeg|webp: the photograph, exactly w pixels wide (320).
  // 400 bad parameters, 403 unreadable file, 404 no such photograph, 415 not a picture that can be
  // scaled, 422 a corrupt one or one beyond the limits (RFC 9110, sections 15.5.16 and 15.5.21).
  absl::StatusOr<Response> Thumb(const Request& request, Context& context) const;

 private:
  const PhotoLibrary& library_;
  const PictureLimits limits_;
};

}  // namespace anteroom::gallery

#endif  // ANTEROOM_EXAMPLES_GALLERY_GALLERY_HANDLERS_H_
