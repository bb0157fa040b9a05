// What a 206 says and sends (RFC 9110, section 15.3.7): one range of a file as it is, or several as
// multipart/byteranges (section 14.6). Pure, but for MakeBoundary().
#ifndef ANTEROOM_FRONTEND_STATIC_PARTIAL_CONTENT_H_
#define ANTEROOM_FRONTEND_STATIC_PARTIAL_CONTENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/static/byte_ranges.h"

namespace anteroom::frontend {

class CachedFile;

// Bytes of our own, and those of the file that follow them. Either may be none.
struct FilePiece {
  std::string text;
  ByteRange range;
};

struct PartialContent {
  // Complete field lines, each with its CR LF: what a 200 of the file has but Content-Length, and
  // Content-Range or, in place of the file's, the Content-Type of the multipart.
  std::string fields;
  std::vector<FilePiece> pieces;  // the body
  uint64_t size = 0;              // of the body in bytes
};

// `ranges` are those of SelectRanges(), at least one. `boundary` separates several; it must not
// occur in the file. Null when it is better to send the whole file: several ranges that would with
// all that separates them be more than it, or of a file with a Content-Encoding, since of a
// multipart nobody could tell whether it is the parts that are encoded or all of it.
std::unique_ptr<PartialContent> MakePartialContent(const CachedFile& file,
                                                   const std::vector<ByteRange>& ranges,
                                                   absl::string_view boundary);

// 128 bits from the kernel, anew for each answer: whoever wrote the file can't have known it.
std::string MakeBoundary();

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_PARTIAL_CONTENT_H_
