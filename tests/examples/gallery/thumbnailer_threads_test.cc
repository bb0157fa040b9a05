// Eight threads at once, as the backend's pool does it; meant for ThreadSanitizer too.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "examples/gallery/thumbnailer.h"
#include "gtest/gtest.h"
#include "tests/examples/gallery/test_pictures.h"
#include "tests/examples/gallery/vips_environment.h"

namespace anteroom::gallery {
namespace {

[[maybe_unused]] const auto* const kVips = ::testing::AddGlobalTestEnvironment(new VipsEnvironment);

constexpr int kThreads = 8;
constexpr int kRounds = 6;

TEST(ThumbnailerThreads, ScaleGoodAndBadPicturesAtTheSameTime) {
  const std::string good = MakePicture({.width = 1200, .height = 1200});
  const std::string cut = good.substr(0, good.size() / 2);
  std::atomic<int> scaled = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> cancelled = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        const int kind = (t + round) % 3;
        int asked = 0;
        const auto thumbnail = MakeThumbnail(
            kind == 1 ? cut : good,
            {100 + t, round % 2 == 0 ? ThumbnailFormat::kJpeg : ThumbnailFormat::kWebp},
            [&asked, kind] { return kind == 2 && ++asked > 1; });
        switch (thumbnail.status().code()) {
          case absl::StatusCode::kOk:
            if (Decode(*thumbnail).width == 100 + t) ++scaled;
            break;
          case absl::StatusCode::kDataLoss:
            ++refused;
            break;
          case absl::StatusCode::kCancelled:
            ++cancelled;
            break;
          default:
            break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, kThreads * kRounds / 3);
  // One that is cancelled half-way may have been finished before anybody asked.
  EXPECT_GE(scaled, kThreads * kRounds / 3);
  EXPECT_EQ(scaled + cancelled, kThreads * kRounds * 2 / 3);
}

}  // namespace
}  // namespace anteroom::gallery
