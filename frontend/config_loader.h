// Turns a YAML file into a Config, or lists everything that is wrong with it at once.
//
// Any thread (a reload runs beside the loops); reads files, so never on a loop. Strict: an unknown
// key, a key given twice, a value of the wrong kind or out of range is a fault, and a configuration
// with a fault is not used at all. A warning (a pool without a route, a route that is never
// reached) does not stop it.
#ifndef ANTEROOM_FRONTEND_CONFIG_LOADER_H_
#define ANTEROOM_FRONTEND_CONFIG_LOADER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/config.h"
#include "frontend/config_fault.h"

namespace anteroom::frontend {

struct LoadedConfig {
  std::optional<Config> config;     // nothing when there are faults
  std::vector<ConfigFault> faults;  // by line, as warnings are
  std::vector<ConfigFault> warnings;
};

// Larger files are refused.
inline constexpr size_t kMaxConfigBytes = 1024 * 1024;

// Null for a variable that is not set, like getenv().
using ConfigEnvironment = std::function<const char*(const std::string& name)>;

// Reads and checks `path`, with the environment variables of ConfigOverrides() in place of what the
// file says.
LoadedConfig LoadConfig(const std::string& path);

// The same for a text, without looking at directories. Pure.
LoadedConfig ParseConfig(const std::string& text, const ConfigEnvironment& environment);

// A variable and the key that it overrides. A variable that is set to nothing counts as not set.
struct ConfigOverride {
  absl::string_view variable;
  absl::string_view key;
};
const std::vector<ConfigOverride>& ConfigOverrides();

// Every key that a file may have, as "limits.body", "routes.*.path", "pools.*.queue.wait"; sections
// are not listed.
std::vector<std::string> KnownConfigKeys();

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_CONFIG_LOADER_H_
