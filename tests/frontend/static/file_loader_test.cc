#include "frontend/static/file_loader.h"

#include <ctime>
#include <memory>
#include <string>

#include "common/unique_fd.h"
#include "frontend/static/file_io.h"
#include "frontend/static/safe_open.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

constexpr auto kGzip = ContentCoding::kGzip;
constexpr auto kIdentity = ContentCoding::kIdentity;

// What is known of a file is believed when it was read long after the file's last change; the tests
// cannot wait so long, so they make it up.
class FileLoaderTest : public testing::Test {
 protected:
  FileLoaderTest() {
    tree_.Write("root/a.css", std::string(5000, 'a'));
    StaticConfig config;
    config.root = tree_.Path("root");
    config.compress.codings.Add(kGzip);
    config.precompressed.Add(kGzip);
    request_.path = "/a.css";
    request_.codings.Append(kGzip);
    request_.site = std::make_shared<StaticSite>(config, 65'536);
  }

  FileIdentity IdentityOfFile(const std::string& name) {
    const absl::StatusOr<UniqueFd> root = OpenRoot(request_.site->config.root);
    EXPECT_TRUE(root.ok());
    const Lookup seen = LookBeneath(root->get(), name);
    EXPECT_EQ(seen.found, Found::kRegular);
    return seen.identity;
  }
  static std::shared_ptr<const CachedFile> Settled(const FileIdentity& identity,
                                                   const FileFields& fields) {
    return CachedFile::InMemory(identity, fields, "made up", std::time(nullptr) + 1000);
  }

  TempTree tree_;
  FileIo file_io_{1, 16};
  LoadRequest request_;
};

TEST_F(FileLoaderTest, AsksForCompression) {
  Loaded loaded = LoadFile(request_, &file_io_);
  ASSERT_EQ(loaded.result, Loaded::Result::kFile);
  EXPECT_EQ(loaded.compress, kGzip);
  EXPECT_EQ(loaded.file->coding(), kIdentity);
  CompressLoaded(request_, &loaded);
  EXPECT_EQ(loaded.compression, Loaded::Compression::kDone);
  EXPECT_EQ(loaded.file->coding(), kGzip);
  EXPECT_EQ(loaded.file->identity(), IdentityOfFile("a.css"));
}

TEST_F(FileLoaderTest, CompressesWhatIsKnownWithoutReadingItAgain) {
  const auto plain = Settled(IdentityOfFile("a.css"), {});
  request_.known = {plain};
  const Loaded loaded = LoadFile(request_, &file_io_);
  EXPECT_EQ(loaded.file, plain);
  EXPECT_EQ(loaded.compress, kGzip);
}

TEST_F(FileLoaderTest, DoesNotCompressAgainWhatIsKnownCompressed) {
  const FileIdentity identity = IdentityOfFile("a.css");
  const auto coded = Settled(identity, {.coding = kGzip});
  request_.known = {Settled(identity, {}), coded};
  const Loaded loaded = LoadFile(request_, &file_io_);
  EXPECT_EQ(loaded.result, Loaded::Result::kUnchanged);
  EXPECT_EQ(loaded.file, coded);
  EXPECT_EQ(loaded.compress, kIdentity);
}

TEST_F(FileLoaderTest, DoesNotCompressAgainWhatWasOfNoUse) {
  const auto plain = Settled(IdentityOfFile("a.css"), {});
  request_.known = {plain};
  request_.useless = plain;
  const Loaded loaded = LoadFile(request_, &file_io_);
  EXPECT_EQ(loaded.file, plain);
  EXPECT_EQ(loaded.compress, kIdentity);
}

TEST_F(FileLoaderTest, LooksForFilesBesideItAllTheSame) {
  const auto plain = Settled(IdentityOfFile("a.css"), {});
  request_.known = {plain};
  request_.useless = plain;
  tree_.Write("root/a.css.gz", "gz");
  const Loaded loaded = LoadFile(request_, &file_io_);
  ASSERT_EQ(loaded.result, Loaded::Result::kFile);
  EXPECT_EQ(loaded.file->body(), "gz");
  EXPECT_EQ(loaded.file->named_identity(), plain->identity());
  EXPECT_EQ(loaded.file->identity(), IdentityOfFile("a.css.gz"));
}

TEST_F(FileLoaderTest, BelievesWhatIsKnownOfTheFileBesideIt) {
  tree_.Write("root/a.css.gz", "gz");
  const FileIdentity named = IdentityOfFile("a.css");
  const auto sibling = Settled(IdentityOfFile("a.css.gz"), {.coding = kGzip, .named = &named});
  request_.known = {sibling};
  EXPECT_EQ(LoadFile(request_, &file_io_).file, sibling);
  tree_.Write("root/a.css", std::string(5001, 'a'));
  tree_.Write("root/a.css.gz", "g2");
  EXPECT_NE(LoadFile(request_, &file_io_).file, sibling);
}

TEST_F(FileLoaderTest, AClientThatWantsNoCodingGetsWhatIsKnownAsItIs) {
  const FileIdentity identity = IdentityOfFile("a.css");
  const auto plain = Settled(identity, {});
  request_.codings = CodingPreference();
  request_.known = {Settled(identity, {.coding = kGzip}), plain};
  const Loaded loaded = LoadFile(request_, &file_io_);
  EXPECT_EQ(loaded.result, Loaded::Result::kUnchanged);
  EXPECT_EQ(loaded.file, plain);
}

}  // namespace
}  // namespace anteroom::frontend
