// Paths that try to get at something which is not to be served. They come as the router hands them
// over: decoded once, and on purpose not normalised, since this layer must hold by itself.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

using absl::string_view;

constexpr char kSecret[] = "SECRET: nobody outside may read this";

#define BYTES(literal) string_view(literal, sizeof(literal) - 1)

const string_view kAttacks[] = {
    // Up and out.
    "/..",
    "/../",
    "/../outside/secret.txt",
    "/../../outside/secret.txt",
    "/../../../../../../../../../../etc/passwd",
    "/sub/../../outside/secret.txt",
    "/sub/../page.txt",
    "/./page.txt",
    "/sub/.",
    "/sub/..",
    "/.",
    "/./",
    "/sub/./../../outside",
    "/page.txt/..",
    "/page.txt/../page.txt",
    "/nowhere/../page.txt",
    "/...",
    "/..../page.txt",
    // Absolute, doubled and missing slashes.
    "//etc/passwd",
    "///etc/passwd",
    "//outside/secret.txt",
    "/sub//inner.txt",
    "//page.txt",
    "page.txt",
    "../outside/secret.txt",
    "",
    "/page.txt//",
    "~/secret",
    "/~root/secret",
    // What would be dangerous had it been decoded twice; here it is a name that isn't there.
    "/%2e%2e/outside/secret.txt",
    "/..%2foutside%2fsecret.txt",
    "/%2e%2e%2f",
    "/%00",
    "/%c0%ae%c0%ae/",
    // Other ways of writing the same in other systems.
    "/..\\outside\\secret.txt",
    "\\..\\outside\\secret.txt",
    "/sub\\..\\..\\outside",
    "/C:/outside/secret.txt",
    "/page.txt::$DATA",
    "/page.txt.",
    "/page.txt ",
    "/PAGE.TXT",
    // UTF-8 that isn't: overlong dots and slashes, halves of characters.
    BYTES("/\xc0\xae\xc0\xae/outside/secret.txt"),
    BYTES("/..\xc0\xafoutside"),
    BYTES("/\xe0\x80\xae\xe0\x80\xae/"),
    BYTES("/\xff\xfe"),
    BYTES("/\xe2\x80"),
    // NUL and control bytes.
    BYTES("/page.txt\0"),
    BYTES("/page.txt\0.png"),
    BYTES("/\0"),
    BYTES("\0/page.txt"),
    BYTES("/page.txt\n"),
    BYTES("/page.txt\r\nX: y"),
    BYTES("/\x7f"),
    BYTES("/\x1b[31m"),
    // Hidden files.
    "/.htpasswd",
    "/.git/config",
    "/.git/",
    "/.git",
    "/sub/.env",
    "/.well-hidden/key",
    "/sub/.env/",
    "/.page.txt.swp",
    // Links in the root.
    "/link-to-secret",
    "/link-to-outside",
    "/link-to-outside/",
    "/link-to-outside/secret.txt",
    "/link-to-page",
    "/link-loop",
    "/link-loop/x",
    "/link-to-proc",
    "/link-to-proc/self/environ",
    "/link-dangling",
    "/sub/link-up/page.txt",
    "/link-to-root/page.txt",
    // Not files.
    "/fifo",
    "/fifo/",
    "/fifo/x",
    "/unreachable-socket",
    // Files used as directories.
    "/page.txt/",
    "/page.txt/index.html",
    "/page.txt/x",
    "/sub/inner.txt/",
};

void FillRoot(const TempTree& tree) {
  tree.Write("outside/secret.txt", kSecret);
  tree.Write("outside/index.html", kSecret);
  tree.Write("root/page.txt", "page");
  tree.Write("root/sub/inner.txt", "inner");
  for (const char* hidden :
       {".htpasswd", ".git/config", "sub/.env", ".well-hidden/key", ".page.txt.swp"}) {
    tree.Write(absl::StrCat("root/", hidden), kSecret);
  }
  tree.SymbolicLink(tree.Path("outside/secret.txt"), "root/link-to-secret");
  tree.SymbolicLink("../outside", "root/link-to-outside");
  tree.SymbolicLink("page.txt", "root/link-to-page");
  tree.SymbolicLink("link-loop", "root/link-loop");
  tree.SymbolicLink("/proc", "root/link-to-proc");
  tree.SymbolicLink("/nowhere/at/all", "root/link-dangling");
  tree.SymbolicLink("..", "root/sub/link-up");
  tree.SymbolicLink("/", "root/link-to-root");
  ASSERT_EQ(mkfifo(tree.Path("root/fifo").c_str(), 0666), 0);
}

TEST(PathAttacksTest, AllOfTheTableAreNotFound) {
  const TempTree tree;
  FillRoot(tree);
  StaticServer server(tree.Path("root"));
  ASSERT_EQ(BodyOf(server.Get("/page.txt")), "page");
  for (const string_view path : kAttacks) {
    const StaticReply reply = server.Get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.file, nullptr) << path;
    EXPECT_EQ(server.Get(path).status, 404) << "second time: " << path;
  }
  EXPECT_GE(std::size(kAttacks), 80u);
  EXPECT_EQ(BodyOf(server.Get("/page.txt")), "page");
}

TEST(PathAttacksTest, EndlessPathsAreCheapAndHarmless) {
  const TempTree tree;
  FillRoot(tree);
  StaticServer server(tree.Path("root"));
  std::string dots;
  std::string deep;
  for (int i = 0; i < 10'000; ++i) {
    dots += "/a/..";
    deep += "/sub";
  }
  EXPECT_EQ(server.Get(dots + "/../outside/secret.txt").status, 404);
  EXPECT_EQ(server.Get(deep).status, 404);
  EXPECT_EQ(server.Get(std::string(100'000, '/')).status, 404);
  EXPECT_EQ(server.Get("/" + std::string(255, 'n')).status, 404);
  EXPECT_EQ(server.Get("/" + std::string(256, 'n')).status, 404);
  EXPECT_EQ(server.Get("/" + std::string(4094, 'n')).status, 404);
  EXPECT_EQ(server.Get("/" + std::string(1'000'000, 'n')).status, 404);
  EXPECT_LE(server.cache().counters().cached_entries.value(), 3)
      << "what can't be served is not remembered either";
}

// Somebody inside the root exchanges a file and a directory for links to the outside, again and
// again, while both are served.
TEST(PathAttacksTest, SwappedLinksNeverLetAnythingOut) {
  const TempTree tree;
  tree.Write("outside/page.txt", kSecret);
  tree.Write("root/page.txt", "inside");
  tree.Write("root/dir/page.txt", "inside");
  const std::string file = tree.Path("root/page.txt");
  const std::string file_link = tree.Path("root/page-link");
  const std::string directory = tree.Path("root/dir");
  const std::string directory_link = tree.Path("root/dir-link");
  tree.SymbolicLink(tree.Path("outside/page.txt"), "root/page-link");
  tree.SymbolicLink(tree.Path("outside"), "root/dir-link");

  std::atomic<bool> stop{false};
  std::atomic<int> swaps{0};
  std::thread attacker([&] {
    while (!stop.load(std::memory_order_relaxed)) {
      renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, file_link.c_str(), RENAME_EXCHANGE);
      renameat2(AT_FDCWD, directory.c_str(), AT_FDCWD, directory_link.c_str(), RENAME_EXCHANGE);
      swaps.fetch_add(1, std::memory_order_relaxed);
    }
  });
  StaticServer server(tree.Path("root"));
  int served = 0;
  int refused = 0;
  // Until both sides of the race were met often enough, within bounds.
  for (int i = 0; i < 20'000 && (i < 2'000 || served < 100 || refused < 100); ++i) {
    server.Advance(kStale);  // every request looks anew
    for (const char* path : {"/page.txt", "/dir/page.txt"}) {
      const StaticReply reply = server.Get(path);
      if (reply.status == 200) {
        ++served;
        ASSERT_EQ(BodyOf(reply), "inside") << path;
      } else {
        ++refused;
        ASSERT_TRUE(reply.status == 404 || reply.status == 503) << reply.status;
      }
    }
  }
  stop = true;
  attacker.join();
  EXPECT_GT(swaps, 0);
  EXPECT_GT(served, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace anteroom::frontend
