#include "frontend/static/static_cache.h"

#include <iterator>
#include <utility>

namespace anteroom::frontend {

StaticCache::StaticCache(const StaticCacheConfig& limits) : limits_(limits) {}

StaticCache::~StaticCache() = default;

void StaticCache::SetLimits(const StaticCacheConfig& limits) {
  limits_ = limits;
  Trim();
}

StaticCache::Shelf StaticCache::ShelfOf(const Entry& entry) {
  if (entry.kind != Kind::kFile) return kNegatives;
  return entry.file->in_memory() ? kBodies : kDescriptors;
}

size_t StaticCache::Footprint(const Entry& entry) {
  // The list's two links, the index's slot at its usual load, and the control block of the shared
  // pointer.
  constexpr size_t kBookkeeping = 2 * sizeof(void*) + 2 * sizeof(void*) + 16;
  return sizeof(Entry) + kBookkeeping + entry.path.capacity() +
         (entry.file != nullptr ? entry.file->footprint() : 0);
}

StaticCache::Entry* StaticCache::Find(uint32_t root, absl::string_view path,
                                      CodingPreference codings) {
  const auto found = index_.find(Key{root, codings.bits(), path});
  if (found == index_.end()) return nullptr;
  const EntryList::iterator it = *found;
  EntryList& shelf = shelves_[ShelfOf(*it)];
  if (it != shelf.begin()) shelf.splice(shelf.begin(), shelf, it);
  return &*it;
}

const StaticCache::Entry* StaticCache::Peek(uint32_t root, absl::string_view path,
                                            CodingPreference codings) const {
  const auto found = index_.find(Key{root, codings.bits(), path});
  return found == index_.end() ? nullptr : &**found;
}

void StaticCache::Put(uint32_t root, absl::string_view path, Kind kind,
                      std::shared_ptr<const CachedFile> file, Time checked,
                      CodingPreference codings) {
  EntryList one;
  Entry& entry = one.emplace_front();
  entry.root = root;
  entry.path.assign(path.data(), path.size());
  entry.codings = codings;
  entry.kind = kind;
  entry.file = std::move(file);
  entry.checked = checked;
  Erase(root, entry.path, codings);  // not `path`: it may be a view of the entry that goes
  const Shelf shelf = ShelfOf(entry);
  // A file that would push out everything and then itself.
  if (shelf == kBodies && Footprint(entry) > limits_.memory) {
    entry.file->Keep();
    return entry.file->Leave(memory_.used);
  }
  if (shelf == kNegatives && path.size() > kLongestNegative) return;

  if (entry.file != nullptr) entry.file->Keep();
  shelves_[shelf].splice(shelves_[shelf].begin(), one);
  index_.insert(shelves_[shelf].begin());
  if (shelf == kBodies) body_bytes_ += Footprint(entry);
  Trim();
}

void StaticCache::Erase(uint32_t root, absl::string_view path, CodingPreference codings) {
  const auto found = index_.find(Key{root, codings.bits(), path});
  if (found != index_.end()) Remove(*found);
  UpdateGauges();
}

void StaticCache::RemoveRoot(uint32_t root) {
  for (EntryList& shelf : shelves_) {
    for (auto it = shelf.begin(); it != shelf.end();) {
      const auto next = std::next(it);
      if (it->root == root) Remove(it);
      it = next;
    }
  }
  UpdateGauges();
}

void StaticCache::Remove(EntryList::iterator it) {
  const Shelf shelf = ShelfOf(*it);
  if (shelf == kBodies) body_bytes_ -= Footprint(*it);
  if (it->file != nullptr) it->file->Leave(memory_.used);
  index_.erase(it);
  shelves_[shelf].erase(it);
}

void StaticCache::Trim() {
  const auto evict_last = [this](Shelf shelf) {
    Remove(std::prev(shelves_[shelf].end()));
    counters_.evictions.Add();
  };
  while (body_bytes_ > limits_.memory) evict_last(kBodies);
  while (shelves_[kDescriptors].size() > limits_.files) evict_last(kDescriptors);
  while (shelves_[kNegatives].size() > limits_.names) evict_last(kNegatives);
  UpdateGauges();
}

void StaticCache::UpdateGauges() {
  counters_.cached_bytes.Set(static_cast<int64_t>(body_bytes_));
  counters_.cached_entries.Set(static_cast<int64_t>(index_.size()));
  counters_.cached_descriptors.Set(static_cast<int64_t>(shelves_[kDescriptors].size()));
}

}  // namespace anteroom::frontend
