// A hit allocates nothing: this binary counts every allocation of the process.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace {
std::atomic<uint64_t> allocations{0};
}  // namespace

void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace anteroom::frontend {
namespace {

class HitAllocationsTest : public testing::Test {
 protected:
  HitAllocationsTest() : server_(tree_.MakeDirectory("root")) {
    tree_.Write("root/assets/application.bundle.js", std::string(1000, 'j'));
    tree_.Write("root/large.bin", std::string(100'000, 'l'));
  }

  // Of the second and later requests. The first one fills the cache.
  uint64_t AllocationsOfHits(const StaticRequest& request, int status) {
    EXPECT_EQ(server_.Ask(request).status, status);
    int right = 0;
    const uint64_t before = allocations;
    for (int i = 0; i < 100; ++i) {
      const auto pending =
          server_.files().Serve(request, server_.now(), [&right, status](const StaticReply& reply) {
            if (reply.status == status) ++right;
          });
    }
    const uint64_t made = allocations - before;
    EXPECT_EQ(right, 100);
    return made;
  }

  TempTree tree_;
  StaticServer server_;
};

TEST_F(HitAllocationsTest, NoneForSmallLargeAndMissingFiles) {
  const auto request = StaticServer::Request("/assets/application.bundle.js");
  EXPECT_EQ(AllocationsOfHits(request, 200), 0u);
  EXPECT_EQ(AllocationsOfHits(StaticServer::Request("/large.bin", "HEAD"), 200), 0u);
  EXPECT_EQ(AllocationsOfHits(StaticServer::Request("/none/of/that/name.txt"), 404), 0u);
}

TEST_F(HitAllocationsTest, NoneForCodedFiles) {
  StaticConfig config = StaticServer::ConfigOf(tree_.Path("root"));
  config.precompressed.Add(ContentCoding::kGzip);
  config.compress.codings.Add(ContentCoding::kBrotli);
  config.compress.min_size = 100;
  StaticServer server(config);
  tree_.Write("root/assets/style.css", std::string(1000, 'c'));
  tree_.Write("root/assets/style.css.gz", "gz");
  StaticRequest request = StaticServer::Request("/assets/style.css");
  for (const auto coding : {ContentCoding::kGzip, ContentCoding::kBrotli}) {
    request.codings = CodingPreference();
    request.codings.Append(coding);
    ASSERT_EQ(server.Ask(request).file->coding(), coding);
    int right = 0;
    const uint64_t before = allocations;
    for (int i = 0; i < 100; ++i) {
      const auto pending =
          server.files().Serve(request, server.now(), [&right, coding](const StaticReply& reply) {
            if (reply.status == 200 && reply.file->coding() == coding) ++right;
          });
    }
    EXPECT_EQ(allocations - before, 0u) << CodingName(coding);
    EXPECT_EQ(right, 100);
  }
}

TEST_F(HitAllocationsTest, NoneForConditionalRequests) {
  StaticRequest request = StaticServer::Request("/assets/application.bundle.js");
  const std::string etag = "\"other\", W/" + std::string(server_.Ask(request).file->etag());
  request.conditions.if_none_match = etag;
  EXPECT_EQ(AllocationsOfHits(request, 304), 0u);
  request.conditions.if_none_match.reset();
  request.conditions.if_modified_since = "Fri, 31 Dec 2100 23:59:59 GMT";
  EXPECT_EQ(AllocationsOfHits(request, 304), 0u);
  request.conditions = {};
  request.conditions.if_match = "\"other\"";
  EXPECT_EQ(AllocationsOfHits(request, 412), 0u);
}

}  // namespace
}  // namespace anteroom::frontend
