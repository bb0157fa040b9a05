// How many connections each client address has open, over all loops.
#ifndef ANTEROOM_FRONTEND_NET_ADDRESS_TABLE_H_
#define ANTEROOM_FRONTEND_NET_ADDRESS_TABLE_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "common/mutex.h"

namespace anteroom::frontend {

// Threading: any method from any thread. As large as the number of addresses that are connected.
class AddressTable {
 public:
  // `most` connections for each address; 0: as many as it likes, and nothing is counted.
  explicit AddressTable(uint32_t most = 0) : most_(most) {}
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  // Another bound. Connections that came while there was none are not counted, and the end of one of
  // them may count for another: for a while an address may have more.
  void SetMost(uint32_t most) {
    MutexLock lock(&mu_);
    most_.store(most, std::memory_order_relaxed);
    if (most == 0) open_.clear();
  }

  // False: it has as many as it may.
  [[nodiscard]] bool Add(const std::string& address) {
    if (most_.load(std::memory_order_relaxed) == 0) return true;
    MutexLock lock(&mu_);
    const uint32_t most = most_.load(std::memory_order_relaxed);
    if (most == 0) return true;
    uint32_t& open = open_[address];
    if (open >= most) return false;
    ++open;
    return true;
  }
  // For each Add() that was true.
  void Remove(const std::string& address) {
    if (most_.load(std::memory_order_relaxed) == 0) return;
    MutexLock lock(&mu_);
    const auto entry = open_.find(address);
    if (entry != open_.end() && --entry->second == 0) open_.erase(entry);
  }

 private:
  std::atomic<uint32_t> most_;
  Mutex mu_;
  absl::flat_hash_map<std::string, uint32_t> open_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_ADDRESS_TABLE_H_
