// The static answers that one loop keeps: small files with their bodies, open descriptors of larger
// ones, and what isn't a file (404, redirect). Three shelves, each bounded and each with its own
// order of use, so that a crawl through missing names never pushes out a file.
//
// Threading: one loop. Knows no clock: times are arguments. Whether an answer is still good is the
// caller's judgement.
#ifndef ANTEROOM_FRONTEND_STATIC_STATIC_CACHE_H_
#define ANTEROOM_FRONTEND_STATIC_STATIC_CACHE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "frontend/config.h"
#include "frontend/http/content_coding.h"
#include "frontend/static/cached_file.h"
#include "frontend/static/static_counters.h"

namespace anteroom::frontend {

class StaticCache {
 public:
  enum class Kind : uint8_t { kFile, kMissing, kDirectory };

  struct Entry {
    uint32_t root = 0;
    std::string path;
    CodingPreference codings;
    Kind kind = Kind::kMissing;
    std::shared_ptr<const CachedFile> file;  // of kFile
    Time checked;                            // the file system said so at this time or later
    bool checking = false;                   // a file-I/O thread is looking again
    // Of kFile: there was no time to compress it, and the next look tries again.
    bool provisional = false;
  };

  // A longer path that is no file is not remembered: nobody but an attacker asks for it again.
  static constexpr size_t kLongestNegative = 1024;  // bytes

  // `limits`: of this cache, not of the process.
  explicit StaticCache(const StaticCacheConfig& limits);
  ~StaticCache();
  StaticCache(const StaticCache&) = delete;
  StaticCache& operator=(const StaticCache&) = delete;

  // Drops what is over them.
  void SetLimits(const StaticCacheConfig& limits);

  // Memory beside the cache's own, of others as well.
  struct Memory {
    std::atomic<uint64_t>* used = nullptr;  // bytes; null: nobody counts. Outlives all files.
    uint64_t short_above = 0;
  };
  // What files that have left the cache take as long as they are being sent is in `memory.used`, which
  // must not change after the first Put.
  void SetMemory(const Memory& memory) { memory_ = memory; }
  bool MemoryIsShort() const {
    return memory_.used != nullptr &&
           memory_.used->load(std::memory_order_relaxed) > memory_.short_above;
  }

  StaticCounters& counters() { return counters_; }
  const StaticCounters& counters() const { return counters_; }

  // A number for one root, which keeps the paths of several apart. Never given twice. Any thread.
  uint32_t AddRoot() { return last_root_.fetch_add(1, std::memory_order_relaxed) + 1; }
  // Drops everything of that root.
  void RemoveRoot(uint32_t root);

  // What clients that prefer other codings (of those that the root offers) get for one path are
  // entries of their own; they may share a file, which then counts for each of them.

  // The entry, now the most recently used of its shelf, or null. Valid until the next Put or Erase.
  // Allocates nothing.
  Entry* Find(uint32_t root, absl::string_view path, CodingPreference codings = {});
  // The same without being a use of it.
  const Entry* Peek(uint32_t root, absl::string_view path, CodingPreference codings = {}) const;
  // Replaces or adds, then drops what is over the limits; a file too large for its shelf isn't
  // kept.
  void Put(uint32_t root, absl::string_view path, Kind kind, std::shared_ptr<const CachedFile> file,
           Time checked, CodingPreference codings = {});
  void Erase(uint32_t root, absl::string_view path, CodingPreference codings = {});

 private:
  enum Shelf : size_t { kBodies, kDescriptors, kNegatives, kShelves };
  using EntryList = std::list<Entry>;

  struct Key {
    uint32_t root;
    uint8_t codings;
    absl::string_view path;
    bool operator==(const Key&) const = default;
  };
  static Key ToKey(const Key& key) { return key; }
  static Key ToKey(const EntryList::iterator& it) {
    return {it->root, it->codings.bits(), it->path};
  }
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Key& key) const {
      return absl::HashOf(key.root, key.codings, key.path);
    }
    size_t operator()(const EntryList::iterator& it) const { return (*this)(ToKey(it)); }
  };
  struct Equal {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return ToKey(a) == ToKey(b);
    }
  };

  static Shelf ShelfOf(const Entry& entry);
  static size_t Footprint(const Entry& entry);
  void Remove(EntryList::iterator it);
  void Trim();
  void UpdateGauges();

  StaticCacheConfig limits_;
  StaticCounters counters_;
  std::array<EntryList, kShelves> shelves_;  // most recently used first
  absl::flat_hash_set<EntryList::iterator, Hash, Equal> index_;
  size_t body_bytes_ = 0;  // of the shelf kBodies
  Memory memory_;
  std::atomic<uint32_t> last_root_{0};
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STATIC_CACHE_H_
