// The folder of photographs: what may be listed, and what may be read.
#ifndef ANTEROOM_EXAMPLES_GALLERY_PHOTO_LIBRARY_H_
#define ANTEROOM_EXAMPLES_GALLERY_PHOTO_LIBRARY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/unique_fd.h"

namespace anteroom::gallery {

// True for a name that can be a photograph's: one path component of valid UTF-8 without control
// characters, not hidden, ending in an extension of a format that thumbnails are made from. Pure.
bool IsPhotoName(absl::string_view name);

// Threading: const after Open(); List() and Read() may be called from any thread, they block on the
// disk.
//
// Only regular files directly in the folder exist for this class. The folder is opened once and
// names are looked up beneath that descriptor without following symbolic links, so neither a
// crafted name nor a link that somebody drops into the folder leads out of it.
class PhotoLibrary {
 public:
  struct Limits {
    uint64_t file_bytes = uint64_t{64}
                          << 20;  // of one photograph: it is held in memory while it is scaled
    size_t listed = 10'000;       // names in List()
  };

  // Errors: NotFound, PermissionDenied or Internal when `directory` can't be opened and read.
  static absl::StatusOr<PhotoLibrary> Open(const std::string& directory);
  static absl::StatusOr<PhotoLibrary> Open(const std::string& directory, const Limits& limits);

  // The names of the photographs, sorted by byte; the first `listed` of them when there are more.
  absl::StatusOr<std::vector<std::string>> List() const;

  // The whole file. It is copied rather than mapped: a file that shrinks while it is decoded is
  // then a corrupt photograph and not a SIGBUS. Errors: NotFound (also for everything that
  // IsPhotoName refuses, for links, folders and devices), PermissionDenied, OutOfRange (larger than
  // `file_bytes`), ResourceExhausted (no descriptors left), Internal.
  absl::StatusOr<std::string> Read(absl::string_view name) const;

 private:
  PhotoLibrary(UniqueFd directory, const Limits& limits)
      : directory_(std::move(directory)), limits_(limits) {}

  UniqueFd directory_;
  Limits limits_;
};

}  // namespace anteroom::gallery

#endif  // ANTEROOM_EXAMPLES_GALLERY_PHOTO_LIBRARY_H_
