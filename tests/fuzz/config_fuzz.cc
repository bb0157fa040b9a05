// Any bytes as a configuration: either faults, each with a place inside the file, or a
// configuration whose routes work.
#include <algorithm>
#include <cstdint>
#include <string>

#include "frontend/config_loader.h"
#include "frontend/router.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The first line, as a comment `#loops=...`, stands for the environment.
  std::string loops;
  if (text.rfind("#loops=", 0) == 0) loops = text.substr(7, text.find('\n') - 7);
  loops.resize(std::min(loops.size(), loops.find('\0')));

  const LoadedConfig loaded = ParseConfig(text, [&loops](const std::string& name) {
    return name == "ANTEROOM_LOOPS" ? loops.c_str() : nullptr;
  });
  FuzzCheck(loaded.config.has_value() == loaded.faults.empty(), "faults or a configuration");
  const auto lines = std::count(text.begin(), text.end(), '\n') + 2;
  for (const ConfigFault& fault : loaded.faults) {
    FuzzCheck(!fault.reason.empty(), "a fault has a reason");
    FuzzCheck(fault.line >= 0 && fault.line <= lines, "a fault is inside the file");
    FuzzCheck((fault.line == 0) == (fault.column == 0), "a line has a column");
  }
  if (!loaded.config) return 0;
  FuzzCheck(!loaded.config->listeners.empty(), "there is a listener");
  const Router router(loaded.config->routes);
  for (const RouteConfig& route : loaded.config->routes) {
    const bool wildcard = route.host.rfind("*.", 0) == 0;
    const std::string host = wildcard ? "x" + route.host.substr(1) : route.host;
    FuzzCheck(router.Match(host, route.path).has_value(), "a route matches its own path");
  }
  return 0;
}

}  // namespace anteroom::frontend
