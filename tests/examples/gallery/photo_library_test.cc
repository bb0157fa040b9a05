#include "examples/gallery/photo_library.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/examples/gallery/temporary_folder.h"

namespace anteroom::gallery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(IsPhotoName, TakesPlainNamesOfKnownFormats) {
  EXPECT_TRUE(IsPhotoName("cat.jpg"));
  EXPECT_TRUE(IsPhotoName("Cat & Dog.JPEG"));
  EXPECT_TRUE(IsPhotoName("z\xc3\xbcrich.png"));
  EXPECT_TRUE(IsPhotoName("a.b.webp"));
  EXPECT_TRUE(IsPhotoName("dance.gif"));
}

TEST(IsPhotoName, RefusesWhatIsNoPlainName) {
  EXPECT_FALSE(IsPhotoName(""));
  EXPECT_FALSE(IsPhotoName("../cat.jpg"));
  EXPECT_FALSE(IsPhotoName("a/cat.jpg"));
  EXPECT_FALSE(IsPhotoName("/cat.jpg"));
  EXPECT_FALSE(IsPhotoName(".jpg"));
  EXPECT_FALSE(IsPhotoName(".hidden.jpg"));
  EXPECT_FALSE(IsPhotoName(std::string(252, 'a') + ".jpg"));
}

TEST(IsPhotoName, RefusesBytesThatDoNotBelongInAName) {
  EXPECT_FALSE(IsPhotoName(absl::string_view("cat\0.jpg", 8)));
  EXPECT_FALSE(IsPhotoName("cat\n.jpg"));
  EXPECT_FALSE(IsPhotoName("cat\x7f.jpg"));
  EXPECT_FALSE(IsPhotoName("cat\xff.jpg"));      // not UTF-8
  EXPECT_FALSE(IsPhotoName("cat\xc0\xae.jpg"));  // an overlong '.'
}

TEST(IsPhotoName, RefusesOtherExtensions) {
  EXPECT_FALSE(IsPhotoName("cat"));
  EXPECT_FALSE(IsPhotoName("cat.svg"));
  EXPECT_FALSE(IsPhotoName("cat.jpg.txt"));
}

TEST(PhotoLibrary, ListsPhotographsSorted) {
  const TemporaryFolder folder;
  folder.Write("b.png", "b");
  folder.Write("a.jpg", "a");
  folder.Write("C.webp", "c");
  folder.Write("notes.txt", "text");
  folder.Write(".hidden.jpg", "hidden");
  const auto library = PhotoLibrary::Open(folder.path());
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_THAT(library->List().value(), ElementsAre("C.webp", "a.jpg", "b.png"));
}

TEST(PhotoLibrary, ListsOnlyRegularFiles) {
  const TemporaryFolder folder;
  folder.Write("real.jpg", "a");
  ASSERT_EQ(mkdir(folder.File("folder.jpg").c_str(), 0755), 0);
  ASSERT_EQ(mkfifo(folder.File("fifo.jpg").c_str(), 0644), 0);
  ASSERT_EQ(symlink("real.jpg", folder.File("link.jpg").c_str()), 0);
  const auto library = PhotoLibrary::Open(folder.path());
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_THAT(library->List().value(), ElementsAre("real.jpg"));
}

TEST(PhotoLibrary, ListsTheFirstNamesOnlyWhenThereAreMoreThanItsLimit) {
  const TemporaryFolder folder;
  for (const char* name : {"5.jpg", "3.jpg", "1.jpg", "4.jpg", "2.jpg"}) folder.Write(name, "x");
  PhotoLibrary::Limits limits;
  limits.listed = 3;
  const auto library = PhotoLibrary::Open(folder.path(), limits);
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_THAT(library->List().value(), ElementsAre("1.jpg", "2.jpg", "3.jpg"));
}

TEST(PhotoLibrary, SeesWhatWasAddedAfterItWasOpened) {
  const TemporaryFolder folder;
  const auto library = PhotoLibrary::Open(folder.path());
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_THAT(library->List().value(), IsEmpty());
  folder.Write("new.jpg", "new");
  EXPECT_THAT(library->List().value(), ElementsAre("new.jpg"));
  EXPECT_EQ(library->Read("new.jpg").value(), "new");
}

TEST(PhotoLibrary, RefusesAFolderThatIsMissingOrNone) {
  const TemporaryFolder folder;
  folder.Write("file", "x");
  EXPECT_EQ(PhotoLibrary::Open(folder.File("missing")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(PhotoLibrary::Open(folder.File("file")).status().code(), absl::StatusCode::kNotFound);
}

TEST(PhotoLibrary, StaysOpenWhenMoved) {
  const TemporaryFolder folder;
  folder.Write("a.jpg", "bytes");
  auto library = PhotoLibrary::Open(folder.path());
  ASSERT_TRUE(library.ok()) << library.status();
  const PhotoLibrary moved = *std::move(library);
  EXPECT_EQ(moved.Read("a.jpg").value(), "bytes");
}

class PhotoLibraryRead : public ::testing::Test {
 protected:
  PhotoLibraryRead() {
    EXPECT_EQ(mkdir(folder_.File("photos").c_str(), 0755), 0);
    folder_.Write("outside.jpg", "secret");
    folder_.Write("photos/inside.jpg", std::string("by\0tes", 6));
    PhotoLibrary::Limits limits;
    limits.file_bytes = 100;
    library_.emplace(PhotoLibrary::Open(folder_.File("photos"), limits).value());
  }

  absl::StatusCode CodeOf(absl::string_view name) const {
    return library_->Read(name).status().code();
  }

  TemporaryFolder folder_;
  std::optional<PhotoLibrary> library_;
};

TEST_F(PhotoLibraryRead, ReturnsTheWholeFile) {
  EXPECT_EQ(library_->Read("inside.jpg").value(), std::string("by\0tes", 6));
}

TEST_F(PhotoLibraryRead, DoesNotLeaveTheFolderByName) {
  EXPECT_EQ(CodeOf("../outside.jpg"), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(folder_.File("outside.jpg")), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf("..\\outside.jpg"), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(absl::string_view("inside.jpg\0.jpg", 15)), absl::StatusCode::kNotFound);
}

TEST_F(PhotoLibraryRead, DoesNotFollowLinks) {
  ASSERT_EQ(symlink("../outside.jpg", folder_.File("photos/out.jpg").c_str()), 0);
  ASSERT_EQ(symlink("inside.jpg", folder_.File("photos/in.jpg").c_str()), 0);
  EXPECT_EQ(CodeOf("out.jpg"), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf("in.jpg"), absl::StatusCode::kNotFound);
}

TEST_F(PhotoLibraryRead, RefusesFoldersAndDoesNotWaitOnFifos) {
  ASSERT_EQ(mkdir(folder_.File("photos/folder.jpg").c_str(), 0755), 0);
  ASSERT_EQ(mkfifo(folder_.File("photos/fifo.jpg").c_str(), 0644), 0);
  EXPECT_EQ(CodeOf("folder.jpg"), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf("fifo.jpg"), absl::StatusCode::kNotFound);
}

TEST_F(PhotoLibraryRead, RefusesAFileBeyondTheLimit) {
  folder_.Write("photos/fits.jpg", std::string(100, 'x'));
  folder_.Write("photos/large.jpg", std::string(101, 'x'));
  EXPECT_EQ(library_->Read("fits.jpg").value().size(), 100u);
  EXPECT_EQ(CodeOf("large.jpg"), absl::StatusCode::kOutOfRange);
}

TEST_F(PhotoLibraryRead, ReportsAMissingFile) {
  EXPECT_EQ(CodeOf("missing.jpg"), absl::StatusCode::kNotFound);
}

TEST_F(PhotoLibraryRead, ReportsAFileThatMayNotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  folder_.Write("photos/private.jpg", "x");
  ASSERT_EQ(chmod(folder_.File("photos/private.jpg").c_str(), 0), 0);
  EXPECT_EQ(CodeOf("private.jpg"), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace anteroom::gallery
