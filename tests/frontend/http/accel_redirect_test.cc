#include "frontend/http/accel_redirect.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace anteroom::frontend {
namespace {

constexpr size_t kLongest = 1000;

// Shaped like the Header message of the wire.
struct Header {
  std::string name_text;
  std::string value_text;
  const std::string& name() const { return name_text; }
  const std::string& value() const { return value_text; }
};
using Headers = std::vector<Header>;

std::string Path(absl::string_view value) {
  const absl::StatusOr<std::string> path = AccelRedirectPath(value, kLongest);
  return path.ok() ? *path : "";
}

TEST(AccelRedirectPath, IsDecodedOnce) {
  EXPECT_EQ(Path("/files/a.txt"), "/files/a.txt");
  EXPECT_EQ(Path("/files/"), "/files/");
  EXPECT_EQ(Path("/with%20space/caf%C3%A9"), "/with space/caf\xc3\xa9");
  EXPECT_EQ(Path("/%3f%23%25"), "/?#%");
  EXPECT_EQ(Path("/%252e%252e/x"), "/%2e%2e/x");
  EXPECT_EQ(Path("/a..b/...c"), "/a..b/...c");
  EXPECT_EQ(Path("//a"), "//a");
}

TEST(AccelRedirectPath, RefusesWhatNoClientCouldAskFor) {
  for (const char* value :
       {"",      "a",      "a/b",          "http://host/a", "*",    " /a",
        "/a b",  "/a\tb",  "/caf\xc3\xa9", "/a\"b",         "/a<b", "/a#b",
        "/a\\b", "/a%5Cb", "/a%2Fb",       "/a%2fb",        "/%00", "/a%0d%0aX: y",
        "/%7f",  "/%",     "/%4",          "/%zz",          "/a%"}) {
    EXPECT_EQ(Path(value), "") << value;
  }
}

TEST(AccelRedirectPath, RefusesDotSegmentsHoweverTheyAreWritten) {
  for (const char* value : {"/..", "/.", "/a/..", "/a/../b", "/a/./b", "/a/.", "/../a", "/%2e%2e/a",
                            "/a/%2E%2e/b", "/a/.%2e/b", "/a/%2e/b", "/a/%2e."}) {
    EXPECT_EQ(Path(value), "") << value;
  }
}

TEST(AccelRedirectPath, HasNoQuery) {
  EXPECT_EQ(Path("/a?b"), "");
  EXPECT_EQ(Path("/a?"), "");
  EXPECT_EQ(Path("?"), "");
}

TEST(AccelRedirectPath, IsAsLongAsAClientsMayBe) {
  EXPECT_NE(Path("/" + std::string(kLongest - 1, 'a')), "");
  EXPECT_EQ(Path("/" + std::string(kLongest, 'a')), "");
}

TEST(AccelRedirectPath, ReasonsAreShortAndPrintable) {
  const absl::Status status =
      AccelRedirectPath("/\x01\xff" + std::string(500, 'a'), kLongest).status();
  EXPECT_LT(status.message().size(), 320u);  // 64 bytes, all of them escaped
  for (const char c : status.message()) {
    EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  }
}

TEST(ReadNamedFile, FindsTheFieldInAnyCase) {
  const Headers headers = {{"A", "1"}, {"x-ACCEL-redirect", "/f"}};
  EXPECT_TRUE(NamesFile(headers));
  const absl::StatusOr<NamedFile> file = ReadNamedFile(200, headers, kLongest);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->path, "/f");
  EXPECT_EQ(file->fields, "A: 1\r\n");
  EXPECT_FALSE(NamesFile(Headers{{"X-Accel-Buffering", "no"}, {"X-Accel-Redirected", "/f"}}));
}

TEST(ReadNamedFile, RefusesTwoNamesAndOtherStatuses) {
  EXPECT_FALSE(
      ReadNamedFile(200, Headers{{"X-Accel-Redirect", "/f"}, {"X-Accel-Redirect", "/f"}}, kLongest)
          .ok());
  for (const int status : {201, 204, 206, 302, 304, 404, 500}) {
    EXPECT_FALSE(ReadNamedFile(status, Headers{{"X-Accel-Redirect", "/f"}}, kLongest).ok())
        << status;
  }
}

TEST(ReadNamedFile, KeepsWhatIsNotAboutTheBody) {
  const Headers headers = {{"X-Accel-Redirect", "/f"},
                           {"Set-Cookie", "a=1"},
                           {"Set-Cookie", "b=2"},
                           {"Content-Type", "a/b"},
                           {"Content-Disposition", "attachment"},
                           {"Content-Security-Policy", "sandbox"},
                           {"Cache-Control", "private"},
                           {"Vary", "Cookie"},
                           {"Content-Encoding", "gzip"},
                           {"content-range", "bytes 0-1/2"},
                           {"Content-Location", "/f"},
                           {"Content-MD5", "x"},
                           {"Content-Digest", "x"},
                           {"Repr-Digest", "x"},
                           {"Digest", "x"},
                           {"ETag", "\"x\""},
                           {"Last-Modified", "x"},
                           {"Accept-Ranges", "none"},
                           {"Date", "x"},
                           {"X-Accel-Buffering", "no"},
                           {"X-Accel-Expires", "0"}};
  const absl::StatusOr<NamedFile> file = ReadNamedFile(200, headers, kLongest);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->fields,
            "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: a/b\r\n"
            "Content-Disposition: attachment\r\nContent-Security-Policy: sandbox\r\n"
            "Cache-Control: private\r\nVary: Cookie\r\n");
}

TEST(ReadNamedFile, AnEmptyTypeIsNone) {
  const Headers headers = {{"Content-Type", ""}, {"X-Empty", ""}, {"X-Accel-Redirect", "/f"}};
  EXPECT_EQ(ReadNamedFile(200, headers, kLongest)->fields, "X-Empty: \r\n");
}

TEST(AppendHandlersFields, LeavesOutTheContentOfA304) {
  constexpr absl::string_view kFields = "A: 1\r\nContent-Type: a/b\r\nSet-Cookie: c\r\n";
  std::string out = "x";
  AppendHandlersFields(kFields, 200, &out);
  EXPECT_EQ(out, absl::StrCat("x", kFields));
  out.clear();
  AppendHandlersFields(kFields, 304, &out);
  EXPECT_EQ(out, "A: 1\r\nSet-Cookie: c\r\n");
}

std::string FilesFields(absl::string_view file, absl::string_view handlers) {
  std::string out;
  AppendFilesFields(file, handlers, &out);
  return out;
}

TEST(AppendFilesFields, YieldToTheHandlers) {
  constexpr absl::string_view kFile =
      "Content-Type: text/plain\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(FilesFields(kFile, ""), kFile);
  EXPECT_EQ(FilesFields(kFile, "A: Content-Type: 1\r\n"), kFile);
  EXPECT_EQ(FilesFields(kFile, "A: 1\r\ncontent-type: a/b\r\n"),
            "ETag: \"x\"\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(FilesFields("ETag: \"x\"\r\n", "B: 1\r\n"), "ETag: \"x\"\r\n");
}

TEST(AppendFilesFields, FreshnessIsOneOfThem) {
  constexpr absl::string_view kFile = "Cache-Control: max-age=9\r\nExpires: x\r\nVary: a\r\n\r\n";
  EXPECT_EQ(FilesFields(kFile, "Cache-Control: private\r\n"), "Vary: a\r\n\r\n");
  EXPECT_EQ(FilesFields(kFile, "Expires: 0\r\n"), "Vary: a\r\n\r\n");
  EXPECT_EQ(FilesFields(kFile, "Vary: b\r\n"), kFile);
}

}  // namespace
}  // namespace anteroom::frontend
