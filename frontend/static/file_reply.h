// How a request for a file that is there is answered: whole, in part, or not at all, by the
// request's conditions and its Range (RFC 9110, sections 13.2.2 and 14.2).
#ifndef ANTEROOM_FRONTEND_STATIC_FILE_REPLY_H_
#define ANTEROOM_FRONTEND_STATIC_FILE_REPLY_H_

#include <memory>

#include "frontend/static/cached_file.h"
#include "frontend/static/conditional.h"
#include "frontend/static/static_files.h"

namespace anteroom::frontend {

// 200, 206, 304, 412 or 416. For GET and HEAD. Allocates for a 206 only.
StaticReply FileReply(std::shared_ptr<const CachedFile> file, const Conditions& conditions);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_FILE_REPLY_H_
