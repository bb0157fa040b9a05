#include "frontend/static/partial_content.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/cached_file.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";

void Append(FilePiece piece, PartialContent* content) {
  content->size += piece.text.size() + piece.range.length;
  content->pieces.push_back(std::move(piece));
}

std::unique_ptr<PartialContent> MakeMultipart(const CachedFile& file,
                                              const std::vector<ByteRange>& ranges,
                                              absl::string_view boundary) {
  // The first of them is Content-Type, which each part has for itself.
  const absl::string_view fields = file.content_fields();
  const size_t type_end = fields.find(kLineEnd) + kLineEnd.size();
  const absl::string_view type = fields.substr(0, type_end);

  auto content = std::make_unique<PartialContent>();
  content->fields = absl::StrCat("Content-Type: multipart/byteranges; boundary=", boundary,
                                 kLineEnd, fields.substr(type_end));
  content->pieces.reserve(ranges.size() + 1);
  absl::string_view before;
  for (const ByteRange& range : ranges) {
    Append({absl::StrCat(before, "--", boundary, kLineEnd, type,
                         "Content-Range: ", ContentRange(range, file.size()), kLineEnd, kLineEnd),
            range},
           content.get());
    before = kLineEnd;
  }
  Append({absl::StrCat(kLineEnd, "--", boundary, "--", kLineEnd), {}}, content.get());
  if (content->size > file.size()) return nullptr;
  return content;
}

}  // namespace

std::unique_ptr<PartialContent> MakePartialContent(const CachedFile& file,
                                                   const std::vector<ByteRange>& ranges,
                                                   absl::string_view boundary) {
  if (ranges.size() > 1) {
    if (absl::StrContains(file.content_fields(), "\r\nContent-Encoding:")) return nullptr;
    return MakeMultipart(file, ranges, boundary);
  }
  auto content = std::make_unique<PartialContent>();
  content->fields =
      absl::StrCat(file.content_fields(),
                   "Content-Range: ", ContentRange(ranges.front(), file.size()), kLineEnd);
  Append({"", ranges.front()}, content.get());
  return content;
}

std::string MakeBoundary() {
  std::array<uint64_t, 2> random;
  // Once the machine has booted there is always some.
  if (getentropy(random.data(), sizeof(random)) != 0) std::abort();
  return absl::StrCat(absl::Hex(random[0], absl::kZeroPad16),
                      absl::Hex(random[1], absl::kZeroPad16));
}

}  // namespace anteroom::frontend
