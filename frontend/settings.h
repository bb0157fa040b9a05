// One configuration as it was loaded, with what is derived from it. A reload makes new ones; each
// lives as long as anything refers to it.
//
// Constant, so any thread.
#ifndef ANTEROOM_FRONTEND_SETTINGS_H_
#define ANTEROOM_FRONTEND_SETTINGS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frontend/config.h"
#include "frontend/metrics.h"
#include "frontend/router.h"

namespace anteroom::frontend {

class AccessLog;

// What all loops have in common of one pool; survives a reload that keeps its name.
struct PoolRecord {
  PoolRecord(std::string name_in, size_t loop_count) : name(std::move(name_in)) {
    for (size_t i = 0; i < loop_count; ++i) loops.push_back(std::make_unique<PoolMetrics>());
  }

  const std::string name;
  PoolShared shared;
  std::vector<std::unique_ptr<PoolMetrics>> loops;
};

struct Settings {
  explicit Settings(Config config_in) : config(std::move(config_in)), router(config.routes) {}

  const Config config;
  const Router router;
  std::vector<std::shared_ptr<PoolRecord>> pools;  // by pool
  std::shared_ptr<AccessLog> access_log;           // null: off
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_SETTINGS_H_
