// Several loops, each with its own cache and roots, over the same file-I/O threads and files.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

TEST(LoopsTest, ConcurrentLoopsServeChangingFiles) {
  constexpr int kLoops = 3;
  constexpr int kRounds = 400;
  constexpr int kFiles = 7;
  const TempTree tree;
  for (int i = 0; i < kFiles; ++i) {
    tree.Write(absl::StrCat("root/", i), std::string(i == 0 ? 100'000 : 100, 'a'));
  }
  FileIo file_io(3, 256);
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (char c = 'b'; !stop; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
      for (int i = 0; i < kFiles; ++i) {
        tree.Replace(absl::StrCat("root/", i), std::string(i == 0 ? 100'000 : 100, c));
      }
    }
  });
  // Cancelled looks post after their loop's thread has ended, so the mailboxes live until the end.
  std::vector<FakeLoop> mailboxes(kLoops);
  std::vector<std::thread> loops;
  for (int l = 0; l < kLoops; ++l) {
    loops.emplace_back([&, l] {
      FakeLoop& loop = mailboxes[static_cast<size_t>(l)];
      StaticCacheConfig limits;
      limits.memory = 2000;  // some are always being evicted
      limits.files = 1;
      StaticCache cache(limits);
      StaticConfig config;
      config.root = tree.Path("root");
      auto files = StaticFiles::Create(config, limits, &cache, &file_io, loop.poster());
      if (!files.ok()) {
        ++wrong;
        return;
      }
      Time now;
      int open = 0;
      for (int round = 0; round < kRounds; ++round) {
        now += std::chrono::milliseconds(300);
        const std::string path = absl::StrCat("/", (round + l) % kFiles);
        ++open;
        auto pending =
            (*files)->Serve(StaticServer::Request(path), now, [&](const StaticReply& reply) {
              --open;
              const std::string body = BodyOf(reply);
              if (reply.status != 200 || body != std::string(body.size(), body[0])) ++wrong;
            });
        if (round % 5 == 4 && pending != nullptr) {
          pending.reset();  // cancelled
          --open;
        }
        if (!loop.RunUntil([&] { return open == 0; })) ++wrong;
      }
    });
  }
  for (std::thread& loop : loops) loop.join();
  stop = true;
  writer.join();
  file_io.Shutdown();
  EXPECT_EQ(wrong, 0);
}

TEST(LoopsTest, HugeNumberOfFilesStaysWithinTheCache) {
  const TempTree tree;
  constexpr int kFiles = 3000;
  for (int i = 0; i < kFiles; ++i) tree.Write(absl::StrCat("root/", i), std::string(2000, 'x'));
  StaticCacheConfig limits;
  limits.memory = 500'000;
  limits.names = 1024;
  StaticServer server(tree.Path("root"), limits);
  for (int i = 0; i < kFiles; ++i) {
    ASSERT_EQ(server.Get(absl::StrCat("/", i)).status, 200);
    ASSERT_EQ(server.Get(absl::StrCat("/none", i)).status, 404);
  }
  const StaticCounters& counters = server.cache().counters();
  EXPECT_LE(counters.cached_bytes.value(), 500'000);
  EXPECT_GT(counters.cached_bytes.value(), 400'000);
  EXPECT_LE(counters.cached_entries.value(), 250 + limits.names);
  EXPECT_GT(counters.evictions.value(), 4000u);
  EXPECT_EQ(server.Get("/0").status, 200) << "evicted, and simply read again";
}

}  // namespace
}  // namespace anteroom::frontend
