// anteroom-frontend: takes HTTP, buffers each request whole, serves static content, hands the rest
// to a pool of backends.
//
// Exit codes: 0 ended well, 1 failure at run time (a port in use), 2 usage, 78 bad configuration.

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/allocator.h"
#include "common/cpu_count.h"
#include "common/descriptor_limit.h"
#include "common/flags.h"
#include "common/grpc_quiet.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/version.h"
#include "frontend/config_loader.h"
#include "frontend/dispatch/completion_source.h"
#include "frontend/dispatch/discovery.h"
#include "frontend/frontend_server.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitBadConfig = 78;  // EX_CONFIG of sysexits.h

// Waits for `until`, for the process to be woken, or for a second signal, which forces. True when
// forced.
bool WaitForced(Time until, const std::atomic<bool>* done, FrontendServer* server) {
  while (!done->load()) {
    const Duration left = until - Now();
    if (left <= Duration::zero()) return false;
    const std::optional<Signal> signal = WaitForSignal(left);
    if (signal == Signal::kUser1) server->ReopenLogs();
    if (signal == Signal::kTerminate || signal == Signal::kQuit || signal == Signal::kInterrupt)
      return true;
  }
  return false;
}

// Links, logs, and what the process itself needs.
constexpr uint64_t kOtherDescriptors = 256;

// No more connections, spool files and cached files than there are descriptors for, so that the last
// ones are left for everything else. The cache, which can do with fewer, takes what the others leave
// and a little at least.
void FitDescriptors(Config* config) {
  const uint64_t limit = RaiseDescriptorLimit();
  const uint64_t room = limit - std::min(kOtherDescriptors, limit / 2);
  const uint64_t files = std::min<uint64_t>(config->spool.files, room / 4);
  const uint64_t for_cache = std::min<uint64_t>(config->static_cache.files, room / 32);
  const uint64_t connections = std::min({uint64_t{config->limits.connections},
                                         room - files - for_cache, limit / 100 * 97 + limit % 100});
  const uint64_t cached =
      std::min<uint64_t>(config->static_cache.files, room - files - connections);
  config->static_cache.files = static_cast<uint32_t>(cached);
  if (files == config->spool.files && connections == config->limits.connections) return;
  spdlog::warn("few descriptors limit={} limits.connections={} used={} spool.files={} used={}",
               limit, config->limits.connections, connections, config->spool.files, files);
  config->spool.files = static_cast<uint32_t>(files);
  config->limits.connections = static_cast<uint32_t>(connections);
}

// What the file says now, as it can be used here. `complaints`, of which each is a line, are faults
// when there is no configuration.
std::optional<Config> Load(const std::string& path, std::string* complaints) {
  LoadedConfig loaded = LoadConfig(path);
  *complaints = FormatFaults(path, loaded.faults);
  if (!loaded.config) return std::nullopt;
  for (const ConfigFault& warning : loaded.warnings) {
    absl::StrAppend(complaints, "warning: ", FormatFaults(path, {warning}));
  }
  return std::move(loaded.config);
}

void Reload(const std::string& path, DrainConfig* drain, FrontendServer* server) {
  std::string complaints;
  std::optional<Config> config = Load(path, &complaints);
  for (const absl::string_view complaint : absl::StrSplit(complaints, '\n', absl::SkipEmpty())) {
    spdlog::warn("{}", std::string(complaint));
  }
  absl::Status status = absl::InvalidArgumentError("the file has faults");
  if (config) {
    FitDescriptors(&*config);
    const DrainConfig next = config->drain;
    status = server->Reload(*std::move(config));
    if (status.ok()) *drain = next;
  } else {
    server->OnBadReload();
  }
  if (status.ok()) {
    spdlog::info("reloaded config={}", path);
  } else {
    spdlog::error("not reloaded, the configuration stays as it was reason={}",
                  std::string(status.message()));
  }
}

// Serves until told to end, then drains: a second signal cuts it short.
void ServeUntilSignal(const std::string& config_path, DrainConfig config, FrontendServer* server) {
  for (Signal signal = WaitForSignal();; signal = WaitForSignal()) {
    if (signal == Signal::kUser1) server->ReopenLogs();
    if (signal == Signal::kHangUp) Reload(config_path, &config, server);
    if (signal != Signal::kTerminate && signal != Signal::kQuit && signal != Signal::kInterrupt)
      continue;
    spdlog::info("draining signal={}", std::string(SignalName(signal)));
    break;
  }
  // Not ready first, and serving on: whoever sends requests needs a moment to notice. Then clients
  // that keep their connections busy are sent elsewhere, before those that are idle are closed: one
  // that is may be sending its next request just then.
  std::atomic<bool> drained{false};
  server->StopBeingReady();
  bool forced = WaitForced(Now() + config.delay, &drained, server);
  const Time end = Now() + config.timeout;
  if (!forced && server->connections() > 0) {
    server->AnnounceClose();
    forced = WaitForced(std::min(end, Now() + config.close), &drained, server);
  }
  if (!forced) {
    server->Drain([&drained] {
      drained.store(true);
      NotifySignalWait();
    });
    forced = WaitForced(end, &drained, server);
  }
  spdlog::info("ending drained={} forced={}", drained.load(), forced);
  server->Stop();
}

int Main(int argc, char** argv) {
  std::string config_path;
  bool check = false;
  FlagSet flags("anteroom-frontend",
                "Takes HTTP, serves files and hands the rest to a pool of backends.", kVersion);
  flags.AddString("config", &config_path, "the configuration, a YAML file (docs/CONFIG.md)");
  flags.AddBool("check", &check, "check the configuration and end");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;
  if (config_path.empty()) {
    std::fprintf(stderr, "anteroom-frontend: --config is missing; see --help\n");
    return FlagSet::kExitMisuse;
  }

  BlockSignals();  // first: a signal that comes early must not end us by its default action
  std::string complaints;
  std::optional<Config> loaded = Load(config_path, &complaints);
  std::fputs(complaints.c_str(), stderr);
  if (!loaded) return kExitBadConfig;
  if (check) return 0;
  Config config = *std::move(loaded);
  if (config.loops == 0) config.loops = GrantedCpus();

  KeepFreedMemory();
  PrepareGrpc();
  PrepareResolver();
  const QuietGrpc quiet_grpc;
  StartLog(config.log_level);
  spdlog::info("anteroom-frontend version={} loops={}", kVersion, config.loops);
  FitDescriptors(&config);
  const DrainConfig drain = config.drain;
  int exit_code = 0;
  {
    FrontendServer server(std::move(config));
    if (const absl::Status status = server.Start(); !status.ok()) {
      spdlog::error("{}", std::string(status.message()));
      exit_code = kExitFailure;
    } else {
      ServeUntilSignal(config_path, drain, &server);
    }
  }
  StopLog();
  return exit_code;
}

}  // namespace
}  // namespace anteroom::frontend

int main(int argc, char** argv) { return anteroom::frontend::Main(argc, argv); }
