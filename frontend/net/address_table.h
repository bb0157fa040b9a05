// How many connections each client address has open, over all loops.
#ifndef ANTEROOM_FRONTEND_NET_ADDRESS_TABLE_H_
#define ANTEROOM_FRONTEND_NET_ADDRESS_TABLE_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "common/mutex.h"

namespace anteroom::frontend {

// Threading: any method from any thread. As large as the number of addresses that are connected.
class AddressTable {
 public:
  // `most` connections for each address; 0: as many as it likes, and nothing is counted.
  explicit AddressTable(uint32_t most) : most_(most) {}
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  // False: it has as many as it may.
  [[nodiscard]] bool Add(const std::string& address) {
    if (most_ == 0) return true;
    MutexLock lock(&mu_);
    uint32_t& open = open_[address];
    if (open >= most_) return false;
    ++open;
    return true;
  }
  // For each Add() that was true.
  void Remove(const std::string& address) {
    if (most_ == 0) return;
    MutexLock lock(&mu_);
    const auto entry = open_.find(address);
    if (--entry->second == 0) open_.erase(entry);
  }

 private:
  const uint32_t most_;
  Mutex mu_;
  absl::flat_hash_map<std::string, uint32_t> open_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_ADDRESS_TABLE_H_
