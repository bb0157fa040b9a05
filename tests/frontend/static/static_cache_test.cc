#include "frontend/static/static_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "frontend/static/file_io.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using Kind = StaticCache::Kind;

std::shared_ptr<const CachedFile> Small(size_t size) {
  FileIdentity identity;
  identity.size = size;
  return CachedFile::InMemory(identity, {.content_type = "text/plain"}, std::string(size, 'x'),
                              1000);
}

class StaticCacheTest : public testing::Test {
 protected:
  std::shared_ptr<const CachedFile> Large() {
    FileIdentity identity;
    identity.size = 1 << 20;
    return CachedFile::OnDisk(identity, {.content_type = "text/plain"},
                              FileHandle(dup(0), &file_io_), 1000);
  }
  static void PutFile(StaticCache* cache, absl::string_view path,
                      std::shared_ptr<const CachedFile> file) {
    cache->Put(1, path, Kind::kFile, std::move(file), Time());
  }

  FileIo file_io_{1, 16};
};

TEST_F(StaticCacheTest, FindsWhatWasPut) {
  StaticCache cache({});
  const auto file = Small(10);
  const Time checked{std::chrono::seconds(5)};
  cache.Put(1, "/a", Kind::kFile, file, checked);
  const StaticCache::Entry* const entry = cache.Find(1, "/a");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->file, file);
  EXPECT_EQ(entry->checked, checked);
  EXPECT_FALSE(entry->checking);
  EXPECT_EQ(cache.Find(1, "/b"), nullptr);
}

TEST_F(StaticCacheTest, KeepsRootsApart) {
  StaticCache cache({});
  const uint32_t one = cache.AddRoot();
  const uint32_t two = cache.AddRoot();
  ASSERT_NE(one, two);
  cache.Put(one, "/a", Kind::kFile, Small(10), Time());
  cache.Put(two, "/a", Kind::kMissing, nullptr, Time());
  EXPECT_EQ(cache.Find(one, "/a")->kind, Kind::kFile);
  EXPECT_EQ(cache.Find(two, "/a")->kind, Kind::kMissing);
  cache.RemoveRoot(one);
  EXPECT_EQ(cache.Find(one, "/a"), nullptr);
  EXPECT_NE(cache.Find(two, "/a"), nullptr);
  EXPECT_EQ(cache.counters().cached_bytes.value(), 0);
  EXPECT_EQ(cache.counters().cached_entries.value(), 1);
}

CodingPreference Preferring(ContentCoding coding) {
  CodingPreference preference;
  preference.Append(coding);
  return preference;
}

TEST_F(StaticCacheTest, KeepsPreferencesApart) {
  StaticCache cache({});
  const auto plain = Small(10);
  const auto coded = Small(9);
  const CodingPreference gzip = Preferring(ContentCoding::kGzip);
  const CodingPreference brotli = Preferring(ContentCoding::kBrotli);
  cache.Put(1, "/a", Kind::kFile, plain, Time());
  cache.Put(1, "/a", Kind::kFile, coded, Time(), gzip);
  EXPECT_EQ(cache.Find(1, "/a")->file, plain);
  EXPECT_EQ(cache.Find(1, "/a", gzip)->file, coded);
  EXPECT_EQ(cache.Peek(1, "/a", gzip)->file, coded);
  EXPECT_EQ(cache.Find(1, "/a", brotli), nullptr);
  EXPECT_EQ(cache.Peek(1, "/a", brotli), nullptr);
  cache.Erase(1, "/a", gzip);
  EXPECT_EQ(cache.Find(1, "/a", gzip), nullptr);
  EXPECT_EQ(cache.Find(1, "/a")->file, plain);
}

TEST_F(StaticCacheTest, AFileThatEntriesShareCountsForEach) {
  StaticCacheConfig limits;
  limits.memory = 12'000;
  StaticCache cache(limits);
  const auto file = Small(5000);
  cache.Put(1, "/a", Kind::kFile, file, Time());
  cache.Put(1, "/a", Kind::kFile, file, Time(), Preferring(ContentCoding::kGzip));
  EXPECT_GT(cache.counters().cached_bytes.value(), 10'000);
  cache.Put(1, "/a", Kind::kFile, file, Time(), Preferring(ContentCoding::kBrotli));
  EXPECT_EQ(cache.counters().evictions.value(), 1u);
}

TEST_F(StaticCacheTest, PeekIsNoUse) {
  StaticCacheConfig limits;
  limits.memory = 8000;
  StaticCache cache(limits);
  PutFile(&cache, "/a", Small(3000));
  PutFile(&cache, "/b", Small(3000));
  ASSERT_NE(cache.Peek(1, "/a"), nullptr);
  PutFile(&cache, "/c", Small(3000));
  EXPECT_EQ(cache.Peek(1, "/a"), nullptr);
}

TEST_F(StaticCacheTest, PutReplaces) {
  StaticCache cache({});
  PutFile(&cache, "/a", Small(10));
  cache.Put(1, "/a", Kind::kDirectory, nullptr, Time());
  EXPECT_EQ(cache.Find(1, "/a")->kind, Kind::kDirectory);
  EXPECT_EQ(cache.counters().cached_entries.value(), 1);
  EXPECT_EQ(cache.counters().cached_bytes.value(), 0);
}

TEST_F(StaticCacheTest, PutMayBeGivenItsOwnEntry) {
  StaticCache cache({});
  PutFile(&cache, "/a", Small(10));
  const StaticCache::Entry* const entry = cache.Find(1, "/a");
  cache.Put(1, entry->path, Kind::kFile, entry->file, Time());
  ASSERT_NE(cache.Find(1, "/a"), nullptr);
  EXPECT_EQ(cache.Find(1, "/a")->path, "/a");
}

TEST_F(StaticCacheTest, BytesStayWithinTheLimit) {
  StaticCacheConfig limits;
  limits.memory = 100'000;
  StaticCache cache(limits);
  for (int i = 0; i < 10'000; ++i) {
    PutFile(&cache, "/" + std::to_string(i), Small(1000));
    ASSERT_LE(cache.counters().cached_bytes.value(), 100'000);
  }
  EXPECT_GT(cache.counters().cached_entries.value(), 30);
  EXPECT_LT(cache.counters().cached_entries.value(), 100);
  EXPECT_EQ(cache.counters().evictions.value(),
            10'000u - static_cast<uint64_t>(cache.counters().cached_entries.value()));
}

TEST_F(StaticCacheTest, EmptyFilesCountTheirBookkeeping) {
  StaticCacheConfig limits;
  limits.memory = 100'000;
  StaticCache cache(limits);
  for (int i = 0; i < 10'000; ++i) PutFile(&cache, "/" + std::to_string(i), Small(0));
  EXPECT_LT(cache.counters().cached_entries.value(), 500);
}

TEST_F(StaticCacheTest, LeastRecentlyUsedGoesFirst) {
  StaticCacheConfig limits;
  limits.memory = 12'000;
  StaticCache cache(limits);
  PutFile(&cache, "/a", Small(3000));
  PutFile(&cache, "/b", Small(3000));
  PutFile(&cache, "/c", Small(3000));
  ASSERT_NE(cache.Find(1, "/a"), nullptr);
  PutFile(&cache, "/d", Small(3000));
  EXPECT_NE(cache.Find(1, "/a"), nullptr);
  EXPECT_EQ(cache.Find(1, "/b"), nullptr);
  EXPECT_NE(cache.Find(1, "/d"), nullptr);
}

TEST_F(StaticCacheTest, FileLargerThanTheCachePushesNothingOut) {
  StaticCacheConfig limits;
  limits.memory = 10'000;
  StaticCache cache(limits);
  PutFile(&cache, "/a", Small(1000));
  PutFile(&cache, "/huge", Small(20'000));
  EXPECT_EQ(cache.Find(1, "/huge"), nullptr);
  EXPECT_NE(cache.Find(1, "/a"), nullptr);
}

TEST_F(StaticCacheTest, DescriptorsStayWithinTheLimit) {
  StaticCacheConfig limits;
  limits.files = 8;
  StaticCache cache(limits);
  for (int i = 0; i < 100; ++i) PutFile(&cache, "/" + std::to_string(i), Large());
  EXPECT_EQ(cache.counters().cached_descriptors.value(), 8);
  EXPECT_EQ(cache.Find(1, "/91"), nullptr);
  EXPECT_NE(cache.Find(1, "/92"), nullptr);
}

TEST_F(StaticCacheTest, EvictionLeavesTransfersAlone) {
  StaticCacheConfig limits;
  limits.files = 1;
  StaticCache cache(limits);
  PutFile(&cache, "/a", Large());
  const auto in_transfer = cache.Find(1, "/a")->file;
  PutFile(&cache, "/b", Large());
  EXPECT_EQ(cache.Find(1, "/a"), nullptr);
  EXPECT_NE(fcntl(in_transfer->fd(), F_GETFD), -1);
}

TEST_F(StaticCacheTest, MemoryOfFilesThatLeaveCountsWhileTheyAreSent) {
  std::atomic<uint64_t> leavers{100};
  StaticCache cache({});
  cache.SetMemory({&leavers, 1000});
  PutFile(&cache, "/a", Small(5000));
  cache.Put(1, "/a", Kind::kFile, cache.Find(1, "/a")->file, Time(),
            Preferring(ContentCoding::kGzip));
  auto sent = cache.Find(1, "/a")->file;
  cache.Erase(1, "/a");
  EXPECT_EQ(leavers, 100u) << "an entry has it still";
  cache.Erase(1, "/a", Preferring(ContentCoding::kGzip));
  EXPECT_EQ(leavers, 100 + sent->footprint());
  EXPECT_TRUE(cache.MemoryIsShort());
  PutFile(&cache, "/b", sent);
  EXPECT_EQ(leavers, 100u);
  EXPECT_FALSE(cache.MemoryIsShort());
  cache.RemoveRoot(1);
  EXPECT_EQ(leavers, 100 + sent->footprint());
  sent.reset();
  EXPECT_EQ(leavers, 100u);
  PutFile(&cache, "/c", Small(5000));
  cache.RemoveRoot(1);
  EXPECT_EQ(leavers, 100u) << "nobody has it";
}

TEST_F(StaticCacheTest, FileThatIsTooLargeToBeKeptCountsAsOneThatLeft) {
  std::atomic<uint64_t> leavers{0};
  StaticCacheConfig limits;
  limits.memory = 1000;
  StaticCache cache(limits);
  cache.SetMemory({&leavers, 1000});
  auto sent = Small(5000);
  PutFile(&cache, "/a", sent);
  EXPECT_EQ(leavers, sent->footprint());
  sent.reset();
  EXPECT_EQ(leavers, 0u);
}

TEST_F(StaticCacheTest, MissingNamesPushOutNoFiles) {
  StaticCacheConfig limits;
  limits.names = 10;
  StaticCache cache(limits);
  PutFile(&cache, "/a", Small(100));
  PutFile(&cache, "/b", Large());
  for (int i = 0; i < 1000; ++i) {
    cache.Put(1, "/no" + std::to_string(i), Kind::kMissing, nullptr, Time());
  }
  EXPECT_NE(cache.Find(1, "/a"), nullptr);
  EXPECT_NE(cache.Find(1, "/b"), nullptr);
  EXPECT_EQ(cache.counters().cached_entries.value(), 12);
}

TEST_F(StaticCacheTest, LongNamesThatAreNoFileAreNotRemembered) {
  StaticCache cache({});
  const std::string longest(StaticCache::kLongestNegative, 'a');
  cache.Put(1, longest, Kind::kMissing, nullptr, Time());
  cache.Put(1, longest + "a", Kind::kMissing, nullptr, Time());
  EXPECT_NE(cache.Find(1, longest), nullptr);
  EXPECT_EQ(cache.Find(1, longest + "a"), nullptr);
  PutFile(&cache, longest + "a", Small(10));
  EXPECT_NE(cache.Find(1, longest + "a"), nullptr);
}

TEST_F(StaticCacheTest, LowerLimitsTakeAwayWhatIsOverThem) {
  StaticCache cache({});
  for (int i = 0; i < 10; ++i) {
    PutFile(&cache, "/small" + std::to_string(i), Small(3000));
    PutFile(&cache, "/large" + std::to_string(i), Large());
    cache.Put(1, "/no" + std::to_string(i), Kind::kMissing, nullptr, Time());
  }
  StaticCacheConfig limits;
  limits.memory = 8000;
  limits.files = 3;
  limits.names = 4;
  cache.SetLimits(limits);
  EXPECT_LE(cache.counters().cached_bytes.value(), 8000);
  EXPECT_EQ(cache.counters().cached_descriptors.value(), 3);
  EXPECT_EQ(cache.counters().cached_entries.value(), 2 + 3 + 4);
  EXPECT_NE(cache.Find(1, "/small9"), nullptr);
  EXPECT_EQ(cache.Find(1, "/small0"), nullptr);
  EXPECT_NE(cache.Find(1, "/large9"), nullptr);
  EXPECT_NE(cache.Find(1, "/no9"), nullptr);
}

}  // namespace
}  // namespace anteroom::frontend
