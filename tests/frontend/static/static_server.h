// One root with everything around it that serving needs, and a way to ask and wait for the answer.
#ifndef ANTEROOM_TESTS_FRONTEND_STATIC_STATIC_SERVER_H_
#define ANTEROOM_TESTS_FRONTEND_STATIC_STATIC_SERVER_H_

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "frontend/static/file_io.h"
#include "frontend/static/static_cache.h"
#include "frontend/static/static_files.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/fake_loop.h"

namespace anteroom::frontend {

// By default an answer is given without a look within the first, and never after the second.
inline constexpr Duration kFresh = StaticCacheConfig().fresh;
inline constexpr Duration kStale = 2 * kFresh;

class StaticServer {
 public:
  explicit StaticServer(const std::string& root, StaticCacheConfig limits = {},
                        uint32_t threads = 2, size_t queue_limit = 1024)
      : StaticServer(ConfigOf(root), limits, threads, queue_limit) {}
  explicit StaticServer(StaticConfig config, StaticCacheConfig limits = {}, uint32_t threads = 2,
                        size_t queue_limit = 1024)
      : file_io_(threads, queue_limit), cache_(limits) {
    auto files = StaticFiles::Create(std::move(config), limits, &cache_, &file_io_, loop_.poster());
    EXPECT_TRUE(files.ok()) << files.status();
    if (files.ok()) files_ = *std::move(files);
  }
  ~StaticServer() { file_io_.Shutdown(); }

  static StaticConfig ConfigOf(const std::string& root) {
    StaticConfig config;
    config.root = root;
    return config;
  }

  static StaticRequest Request(absl::string_view path, absl::string_view method = "GET") {
    StaticRequest request;
    request.method = method;
    request.path = path;
    request.raw_path = path;
    return request;
  }

  // Waits for the answer. A request that is never answered fails the test and gives status 0.
  StaticReply Ask(const StaticRequest& request) {
    std::optional<StaticReply> reply;
    const auto pending =
        files_->Serve(request, now_, [&reply](StaticReply r) { reply = std::move(r); });
    EXPECT_TRUE(loop_.RunUntil([&reply] { return reply.has_value(); })) << request.path;
    if (!reply.has_value()) {
      reply.emplace();
      reply->status = 0;
    }
    return *std::move(reply);
  }
  StaticReply Get(absl::string_view path) { return Ask(Request(path)); }

  void Advance(Duration by) { now_ += by; }

  FakeLoop& loop() { return loop_; }
  FileIo& file_io() { return file_io_; }
  StaticCache& cache() { return cache_; }
  StaticFiles& files() { return *files_; }
  void DropFiles() { files_.reset(); }
  Time now() const { return now_; }

 private:
  FakeLoop loop_;
  FileIo file_io_;
  StaticCache cache_;
  std::unique_ptr<StaticFiles> files_;
  Time now_{std::chrono::hours(1)};
};

// The whole body of a 200, however it is kept.
inline std::string BodyOf(const StaticReply& reply) {
  if (reply.file == nullptr) return "";
  if (reply.file->in_memory()) return std::string(reply.file->body());
  std::string body(reply.file->size(), '\0');
  size_t filled = 0;
  while (filled < body.size()) {
    const ssize_t n = pread(reply.file->fd(), body.data() + filled, body.size() - filled,
                            static_cast<off_t>(filled));
    if (n <= 0) break;
    filled += static_cast<size_t>(n);
  }
  body.resize(filled);
  return body;
}

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_STATIC_STATIC_SERVER_H_
