#include "frontend/static/partial_content.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "frontend/static/cached_file.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

std::shared_ptr<const CachedFile> File(const std::string& body, absl::string_view more = "") {
  FileIdentity identity;
  identity.size = body.size();
  return CachedFile::InMemory(identity, {.content_type = "text/plain", .with_content = more}, body,
                              1000);
}

std::string BodyOf(const PartialContent& content, const CachedFile& file) {
  std::string body;
  for (const FilePiece& piece : content.pieces) {
    absl::StrAppend(&body, piece.text, file.body().substr(piece.range.offset, piece.range.length));
  }
  return body;
}

TEST(PartialContentTest, OneRangeIsSentAsItIs) {
  const auto file = File("0123456789", "X-Extra: yes\r\n");
  const auto content = MakePartialContent(*file, {{2, 3}}, "");
  ASSERT_NE(content, nullptr);
  EXPECT_EQ(
      content->fields,
      absl::StrCat("Content-Type: text/plain\r\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                   "ETag: ",
                   file->etag(),
                   "\r\nAccept-Ranges: bytes\r\nX-Extra: yes\r\n"
                   "Content-Range: bytes 2-4/10\r\n"));
  EXPECT_EQ(content->size, 3u);
  EXPECT_EQ(BodyOf(*content, *file), "234");
}

TEST(PartialContentTest, SeveralRangesAreAMultipart) {
  const auto file = File(std::string(100, 'a') + std::string(900, 'b'), "X-Extra: yes\r\n");
  const auto content = MakePartialContent(*file, {{500, 3}, {98, 4}}, "BOUNDARY");
  ASSERT_NE(content, nullptr);
  EXPECT_EQ(content->fields,
            absl::StrCat("Content-Type: multipart/byteranges; boundary=BOUNDARY\r\n"
                         "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nETag: ",
                         file->etag(), "\r\nAccept-Ranges: bytes\r\nX-Extra: yes\r\n"));
  const std::string body = BodyOf(*content, *file);
  EXPECT_EQ(
      body,
      "--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 500-502/1000\r\n\r\nbbb\r\n"
      "--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 98-101/1000\r\n\r\naabb\r\n"
      "--BOUNDARY--\r\n");
  EXPECT_EQ(content->size, body.size());
}

TEST(PartialContentTest, NeverMoreThanTheFile) {
  // The multipart of these two ranges of a file of three-digit size takes what it takes.
  const auto enough = File(std::string(999, 'x'));
  const uint64_t size = MakePartialContent(*enough, {{0, 1}, {10, 1}}, "B")->size;
  EXPECT_NE(MakePartialContent(*File(std::string(size, 'x')), {{0, 1}, {10, 1}}, "B"), nullptr);
  EXPECT_EQ(MakePartialContent(*File(std::string(size - 1, 'x')), {{0, 1}, {10, 1}}, "B"), nullptr);
  EXPECT_EQ(MakePartialContent(*enough, {{0, 499}, {500, 499}}, "B"), nullptr);
}

TEST(PartialContentTest, OneRangeMayBeAllOfTheFile) {
  const auto content = MakePartialContent(*File("x"), {{0, 1}}, "");
  ASSERT_NE(content, nullptr);
  EXPECT_EQ(content->size, 1u);
}

TEST(PartialContentTest, EncodedFilesAreNoMultipart) {
  const auto file = File(std::string(1000, 'x'), "Content-Encoding: gzip\r\n");
  EXPECT_EQ(MakePartialContent(*file, {{0, 1}, {10, 1}}, "B"), nullptr);
  EXPECT_NE(MakePartialContent(*file, {{0, 1}}, ""), nullptr);
}

TEST(PartialContentTest, BoundariesAreNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string boundary = MakeBoundary();
    EXPECT_EQ(boundary.size(), 32u);
    EXPECT_EQ(boundary.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(boundary).second);
  }
}

}  // namespace
}  // namespace anteroom::frontend
