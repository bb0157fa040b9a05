// anteroom-gallery: a backend whose handlers list and scale the photographs of a folder.
#include <cstdio>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "anteroom/server.h"
#include "anteroom/server_flags.h"
#include "backend/diag/diag_handlers.h"
#include "examples/gallery/gallery_handlers.h"
#include "examples/gallery/photo_library.h"
#include "examples/gallery/vips_runtime.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitMisuse = 2;
constexpr int kExitBadConfiguration = 78;  // EX_CONFIG of sysexits.h

int Fail(const std::string& reason, int exit_code) {
  std::fprintf(stderr, "anteroom-gallery: %s\n", reason.c_str());
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  using anteroom::Context;
  using anteroom::Request;

  std::string photos;
  int megapixels = 64;
  bool diag = false;
  anteroom::ServerFlags flags("anteroom-gallery",
                              "Scales the photographs of a folder, for Anteroom front ends.");
  flags.AddString("photos", &photos, "the folder of the photographs");
  flags.AddInt("max-megapixels", &megapixels, 1, 1000,
               "larger photographs are refused; each takes up to 6 MB of memory a megapixel");
  flags.AddBool("diag", &diag,
                "register the handlers below /diag/, for tests; they can end the process");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;
  if (photos.empty()) return Fail("--photos is needed: the folder of the photographs", kExitMisuse);

  const auto library = anteroom::gallery::PhotoLibrary::Open(photos);
  if (!library.ok()) {
    return Fail("--photos: " + std::string(library.status().message()), kExitBadConfiguration);
  }
  const anteroom::gallery::VipsRuntime vips;
  if (!vips.status().ok()) return Fail(std::string(vips.status().message()), kExitFailure);

  anteroom::gallery::PictureLimits limits;
  limits.source_pixels = int64_t{megapixels} * 1'000'000;
  const anteroom::gallery::GalleryHandlers handlers(&*library, limits);
  anteroom::backend::DiagHandlers diag_handlers(/*start_log=*/nullptr);

  // Last, and so the first to go: handlers that still run keep what they use.
  anteroom::ServerOptions options = flags.options();
  options.sole_user_of_grpc = true;
  anteroom::Server server(options);
  server.Handle("GET", "/photos", [&handlers](const Request& request, Context& context) {
    return handlers.Photos(request, context);
  });
  server.Handle("GET", "/thumb/{name}", [&handlers](const Request& request, Context& context) {
    return handlers.Thumb(request, context);
  });
  if (diag) diag_handlers.Register(&server);
  return server.Run();
}
