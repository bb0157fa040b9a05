// libvips as a process-wide thing, and its handles in RAII wrappers. Only this file, the
// thumbnailer and tests include libvips.
#ifndef ANTEROOM_EXAMPLES_GALLERY_VIPS_RUNTIME_H_
#define ANTEROOM_EXAMPLES_GALLERY_VIPS_RUNTIME_H_

#include <vips/vips.h>

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace anteroom::gallery {

struct UnrefObject {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using VipsImagePtr = std::unique_ptr<VipsImage, UnrefObject>;

struct FreeWithGlib {
  void operator()(void* memory) const { g_free(memory); }
};
using GlibBytes = std::unique_ptr<void, FreeWithGlib>;

// Threading: make one in main() before handlers run and destroy it after they have ended; one in a
// process at a time.
//
// Sets libvips up for untrusted pictures and for a process that brings its own thread pool:
// - loaders for JPEG, PNG, WebP and GIF only: everything else it was built with (PDF, SVG,
//   ImageMagick, OpenEXR, its own formats, ...) is blocked, also when the content asks for it;
// - one thread an operation: the handlers are the parallelism, and a slot is meant to be a CPU;
// - no cache of operations: each request brings its own bytes, nothing would ever be found in it;
// - no warnings on standard error: they tell of broken pictures, which the responses do.
class VipsRuntime {
 public:
  VipsRuntime();
  ~VipsRuntime();
  VipsRuntime(const VipsRuntime&) = delete;
  VipsRuntime& operator=(const VipsRuntime&) = delete;

  // Internal when libvips can't work here (a library of another version, a missing type).
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
  unsigned log_handler_ = 0;
};

// True for the class of a loader that VipsRuntime leaves open, as vips_foreign_find_load_buffer
// names it; that looks at content only and also names blocked ones. False for null.
bool IsAllowedLoader(const char* loader_class);

// What libvips says about its latest failures, cleared by this call. The buffer belongs to the
// whole process, so with several threads the text may tell about another thread's picture too: for
// logs, never for clients.
std::string TakeVipsError();

}  // namespace anteroom::gallery

#endif  // ANTEROOM_EXAMPLES_GALLERY_VIPS_RUNTIME_H_
