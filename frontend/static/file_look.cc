#include "frontend/static/file_look.h"

#include <memory>
#include <utility>

namespace anteroom::frontend {
namespace {

// Shared by the file-I/O threads that have to do with it, one after the other, and at last the loop.
class Look : public std::enable_shared_from_this<Look> {
 public:
  Look(LoadRequest request, FileIo* file_io, Poster poster, LookDone done)
      : request_(std::move(request)),
        file_io_(file_io),
        poster_(std::move(poster)),
        done_(std::move(done)) {}

  // What takes long goes to a lane of its own, so that it holds up nobody who only wants to know
  // whether a hot file is still the same.
  void Load() {
    loaded_ = LoadFile(request_, file_io_);
    if (loaded_.compress != ContentCoding::kIdentity) {
      if (file_io_->Submit(FileIo::Lane::kCompute, [self = shared_from_this()] { self->Code(); })) {
        return;
      }
      loaded_.compression = Loaded::Compression::kRefused;
    }
    Report();
  }

 private:
  void Code() {
    CompressLoaded(request_, &loaded_);
    Report();
  }
  void Report() {
    poster_([self = shared_from_this()] { self->done_(self->request_, self->loaded_); });
  }

  const LoadRequest request_;
  FileIo* const file_io_;
  const Poster poster_;
  const LookDone done_;
  Loaded loaded_;
};

}  // namespace

bool StartLook(LoadRequest request, FileIo::Lane lane, FileIo* file_io, Poster poster,
               LookDone done) {
  auto look =
      std::make_shared<Look>(std::move(request), file_io, std::move(poster), std::move(done));
  return file_io->Submit(lane, [look = std::move(look)] { look->Load(); });
}

}  // namespace anteroom::frontend
