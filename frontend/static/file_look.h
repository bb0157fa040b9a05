// One look at the file system from beginning to end: found and read by a file-I/O thread, compressed by
// another if that is asked for, reported to the loop.
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_LOOK_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_LOOK_H_

#include <functional>

#include "frontend/static/file_io.h"
#include "frontend/static/file_loader.h"

namespace anteroom::frontend {

// Called on the loop, once. It is destroyed on any thread, so it must own nothing of the loop.
using LookDone = std::function<void(const LoadRequest& request, const Loaded& loaded)>;

// False when `lane` is full; then `done` is never called, nor after FileIo::Shutdown(). `file_io` must
// outlive the look.
bool StartLook(LoadRequest request, FileIo::Lane lane, FileIo* file_io, Poster poster,
               LookDone done);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_LOOK_H_
