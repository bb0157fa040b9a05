#include "anteroom/server_flags.h"

#include <chrono>
#include <cstdio>
#include <string>

#include "common/clock.h"
#include "common/flags.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/socket_address.h"

namespace anteroom {
namespace {

constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h
constexpr int kMostThreads = 4096;

}  // namespace

class ServerFlags::Impl {
 public:
  Impl(absl::string_view name, absl::string_view summary)
      : program(name), flags(name, summary, ANTEROOM_VERSION) {
    flags.AddAddress("listen", &listen, "where front ends connect; private to the cluster");
    flags.AddAddress("admin", &admin, "where /livez, /readyz and /metrics are served");
    flags.AddInt("threads", &options.max_threads, 0, kMostThreads,
                 "handlers that run at once; 0: as many as the CPUs that the cgroup grants");
    flags.AddInt("min-threads", &options.min_threads, 0, kMostThreads, "threads kept while idle");
    flags.AddDuration("idle-thread-timeout", &idle_thread_timeout, "when other idle threads end");
    flags.AddInt("io-threads", &options.io_threads, 1, 64, "threads that only move bytes");
    flags.AddSize("max-request-body", &options.max_request_body, "larger ones are answered 413");
    flags.AddSize("max-streamed-body", &options.max_streamed_body,
                  "the same for handlers that read piece by piece; 0: as --max-request-body");
    flags.AddSize("max-buffered-bytes", &options.max_buffered_bytes,
                  "large bodies that are here at the same time");
    flags.AddDuration("drain-timeout", &drain_timeout,
                      "how long handlers may go on after the first SIGTERM");
    flags.AddString("log-level", &log_level, "trace, debug, info, warn or error");
  }

  std::string program;
  FlagSet flags;
  ServerOptions options;
  SocketAddress listen{"127.0.0.1", 7000};
  SocketAddress admin{"127.0.0.1", 9902};
  Duration idle_thread_timeout = options.idle_thread_timeout;
  Duration drain_timeout = options.drain_timeout;
  std::string log_level = "info";
};

ServerFlags::ServerFlags(absl::string_view program, absl::string_view summary)
    : impl_(std::make_unique<Impl>(program, summary)) {}
ServerFlags::~ServerFlags() { StopLog(); }

void ServerFlags::AddBool(absl::string_view name, bool* value, absl::string_view help) {
  impl_->flags.AddBool(name, value, help);
}
void ServerFlags::AddInt(absl::string_view name, int* value, int min, int max,
                         absl::string_view help) {
  impl_->flags.AddInt(name, value, min, max, help);
}
void ServerFlags::AddString(absl::string_view name, std::string* value, absl::string_view help) {
  impl_->flags.AddString(name, value, help);
}

std::optional<int> ServerFlags::Parse(int argc, const char* const* argv) {
  if (const std::optional<int> exit_code = impl_->flags.Parse(argc, argv)) return exit_code;
  if (!IsLogLevel(impl_->log_level)) {
    std::fprintf(stderr, "%s: --log-level: must be trace, debug, info, warn or error\n",
                 impl_->program.c_str());
    return FlagSet::kExitMisuse;
  }
  ServerOptions& options = impl_->options;
  options.listen = impl_->listen.ToString();
  options.admin = impl_->admin.ToString();
  options.idle_thread_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(impl_->idle_thread_timeout);
  options.drain_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(impl_->drain_timeout);
  if (const absl::Status status = options.Validate(); !status.ok()) {
    std::fprintf(stderr, "%s: %s\n", impl_->program.c_str(), std::string(status.message()).c_str());
    return kExitConfiguration;
  }
  BlockSignals();
  StartLog(impl_->log_level);
  return std::nullopt;
}

const ServerOptions& ServerFlags::options() const { return impl_->options; }

}  // namespace anteroom
