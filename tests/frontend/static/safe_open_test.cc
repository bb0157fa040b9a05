#include "frontend/static/safe_open.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

class SafeOpenTest : public testing::Test {
 protected:
  SafeOpenTest() {
    tree_.Write("root/page.txt", "page");
    tree_.Write("root/sub/inner.txt", "inner");
    tree_.Write("outside/secret.txt", "secret");
    absl::StatusOr<UniqueFd> root = OpenRoot(tree_.Path("root"));
    EXPECT_TRUE(root.ok()) << root.status();
    if (root.ok()) root_ = *std::move(root);
  }

  Found Open(const std::string& relative) { return OpenBeneath(root_.get(), relative).found; }

  TempTree tree_;
  UniqueFd root_;
};

TEST_F(SafeOpenTest, KernelIsGoodEnough) { EXPECT_TRUE(CheckOpenat2().ok()) << CheckOpenat2(); }

TEST_F(SafeOpenTest, OpensRegularFilesForReading) {
  const Lookup opened = OpenBeneath(root_.get(), "sub/inner.txt");
  ASSERT_EQ(opened.found, Found::kRegular);
  EXPECT_EQ(opened.identity.size, 5u);
  char text[8];
  ASSERT_EQ(read(opened.fd.get(), text, sizeof(text)), 5);
  EXPECT_EQ(std::string(text, 5), "inner");
  EXPECT_EQ(fcntl(opened.fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(fcntl(opened.fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(SafeOpenTest, LookingOpensNothing) {
  const Lookup seen = LookBeneath(root_.get(), "page.txt");
  EXPECT_EQ(seen.found, Found::kRegular);
  EXPECT_FALSE(seen.fd.valid());
  EXPECT_EQ(seen.identity, OpenBeneath(root_.get(), "page.txt").identity);
}

TEST_F(SafeOpenTest, TellsDirectories) {
  EXPECT_EQ(Open("sub"), Found::kDirectory);
  EXPECT_EQ(Open(""), Found::kDirectory);
}

TEST_F(SafeOpenTest, NeverLeavesTheRoot) {
  for (const char* path : {"..", "../outside/secret.txt", "sub/../../outside/secret.txt",
                           "/etc/passwd", "sub/../../root/page.txt"}) {
    EXPECT_EQ(Open(path), Found::kMissing) << path;
  }
}

TEST_F(SafeOpenTest, FollowsNoSymbolicLink) {
  tree_.SymbolicLink(tree_.Path("outside/secret.txt"), "root/absolute");
  tree_.SymbolicLink("../outside/secret.txt", "root/relative");
  tree_.SymbolicLink("page.txt", "root/inside");
  tree_.SymbolicLink("../outside", "root/directory");
  tree_.SymbolicLink("loop", "root/loop");
  tree_.SymbolicLink("/proc/self/root/etc/passwd", "root/magic");
  for (const char* path : {"absolute", "relative", "inside", "directory", "directory/secret.txt",
                           "loop", "magic", "absolute/"}) {
    EXPECT_EQ(Open(path), Found::kMissing) << path;
    EXPECT_EQ(LookBeneath(root_.get(), path).found, Found::kMissing) << path;
  }
}

TEST_F(SafeOpenTest, FollowsLinksWithinTheRootWhenTold) {
  const WalkPolicy within{SymlinkPolicy::kWithin, false};
  tree_.SymbolicLink("sub/inner.txt", "root/file");
  tree_.SymbolicLink("../page.txt", "root/sub/up");
  tree_.SymbolicLink("sub", "root/directory");
  for (const char* path : {"file", "sub/up", "directory/inner.txt", "directory/up"}) {
    EXPECT_EQ(OpenBeneath(root_.get(), path, within).found, Found::kRegular) << path;
    EXPECT_EQ(Open(path), Found::kMissing) << path;
  }
  tree_.SymbolicLink(tree_.Path("root/page.txt"), "root/absolute");
  tree_.SymbolicLink("../outside/secret.txt", "root/relative");
  tree_.SymbolicLink("../../root/page.txt", "root/sub/out-and-in");
  tree_.SymbolicLink("../outside", "root/outside");
  tree_.SymbolicLink("loop", "root/loop");
  tree_.SymbolicLink("/proc/self/root/etc/passwd", "root/magic");
  for (const char* path : {"absolute", "relative", "sub/out-and-in", "outside/secret.txt", "loop",
                           "magic", "directory/../../outside/secret.txt"}) {
    EXPECT_EQ(OpenBeneath(root_.get(), path, within).found, Found::kMissing) << path;
    EXPECT_EQ(LookBeneath(root_.get(), path, within).found, Found::kMissing) << path;
  }
  const absl::StatusOr<UniqueFd> proc = OpenRoot("/proc/self");
  ASSERT_TRUE(proc.ok());
  EXPECT_EQ(OpenBeneath(proc->get(), "exe", within).found, Found::kMissing);
}

TEST_F(SafeOpenTest, RootItselfMayBeReachedByLinks) {
  tree_.SymbolicLink("root", "current");
  const absl::StatusOr<UniqueFd> root = OpenRoot(tree_.Path("current"));
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(OpenBeneath(root->get(), "page.txt").found, Found::kRegular);
}

TEST_F(SafeOpenTest, DoesNotTouchFifos) {
  ASSERT_EQ(mkfifo(tree_.Path("root/fifo").c_str(), 0666), 0);
  EXPECT_EQ(Open("fifo"), Found::kMissing);
  // A writer that doesn't wait finds no reader: nobody has the FIFO open.
  EXPECT_EQ(open(tree_.Path("root/fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(SafeOpenTest, RefusesSocketsAndDevices) {
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = tree_.Path("root/s");
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(Open("s"), Found::kMissing);

  const absl::StatusOr<UniqueFd> devices = OpenRoot("/dev");
  ASSERT_TRUE(devices.ok());
  EXPECT_EQ(OpenBeneath(devices->get(), "null").found, Found::kMissing);
  EXPECT_EQ(OpenBeneath(devices->get(), "zero").found, Found::kMissing);
}

TEST_F(SafeOpenTest, UnreadableFilesLookMissing) {
  tree_.Write("root/private.txt", "x");
  ASSERT_EQ(chmod(tree_.Path("root/private.txt").c_str(), 0), 0);
  // Root may read everything, so this thread looks as somebody else (no effect for other users).
  constexpr uid_t kNobody = 65534;
  const auto before = static_cast<uid_t>(setfsuid(kNobody));
  const Found found = Open("private.txt");
  setfsuid(before);
  EXPECT_EQ(found, Found::kMissing);
}

TEST_F(SafeOpenTest, NamesTooLongAreMissing) {
  EXPECT_EQ(Open(std::string(300, 'a')), Found::kMissing);
  EXPECT_EQ(Open(std::string(100'000, 'a')), Found::kMissing);
}

TEST_F(SafeOpenTest, FileUsedAsDirectoryIsMissing) {
  EXPECT_EQ(Open("page.txt/index.html"), Found::kMissing);
  EXPECT_EQ(Open("page.txt/"), Found::kMissing);
}

TEST_F(SafeOpenTest, RootMustBeADirectory) {
  EXPECT_FALSE(OpenRoot(tree_.Path("root/page.txt")).ok());
  EXPECT_FALSE(OpenRoot(tree_.Path("nowhere")).ok());
}

TEST(IsServablePathTest, TakesOrdinaryAndOddNames) {
  for (const absl::string_view path :
       {"/", "/a", "/a/", "/a/b.txt", "/a b", "/\xff\xfe", "/a\nb", "/\x01", "/a\\b", "/a..b",
        "/a.", "/~", "/con", "/a:b", "/%2e%2e/x"}) {
    EXPECT_TRUE(IsServablePath(path)) << path;
  }
}

TEST(IsServablePathTest, TakesHiddenNamesWhenTold) {
  for (const absl::string_view path :
       {"/.git/config", "/a/.b/", "/...", "/.a", "/..a", "/.a/..b"}) {
    EXPECT_TRUE(IsServablePath(path, /*hidden=*/true)) << path;
  }
  for (const absl::string_view path : {"/.", "/..", "/./", "/../a", "/a/..", "/a/./b", "//"}) {
    EXPECT_FALSE(IsServablePath(path, /*hidden=*/true)) << path;
  }
}

TEST(IsServablePathTest, TakesWellKnownAtTheTop) {
  for (const absl::string_view path : {"/.well-known", "/.well-known/", "/.well-known/acme/x"}) {
    EXPECT_TRUE(IsServablePath(path)) << path;
  }
  for (const absl::string_view path : {"/.well-known/.x", "/.well-known/..", "/.well-knownx",
                                       "/a/.well-known/x", "/.well-known//", "/.well-hidden/x"}) {
    EXPECT_FALSE(IsServablePath(path)) << path;
  }
}

TEST(IsServablePathTest, RefusesDotsEmptySegmentsAndNul) {
  for (const absl::string_view path :
       {"", "a", "./a", "//", "//a", "/a//b", "/.", "/..", "/../a", "/a/..", "/a/../b", "/a/./b",
        "/.git/config", "/a/.htaccess", "/...", "/.a"}) {
    EXPECT_FALSE(IsServablePath(path)) << path;
  }
  EXPECT_FALSE(IsServablePath(absl::string_view("/a\0", 3)));
  EXPECT_FALSE(IsServablePath(absl::string_view("/a\0.png", 7)));
  EXPECT_FALSE(IsServablePath("/" + std::string(5000, 'a')));
}

}  // namespace
}  // namespace anteroom::frontend
