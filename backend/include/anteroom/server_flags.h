// The command line that every backend understands, for a main() of few lines:
//
//   int main(int argc, char** argv) {
//     anteroom::ServerFlags flags("thumbnails", "Scales pictures.");
//     if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;
//     anteroom::Server server(flags.options());
//     server.Handle("GET", "/thumb/{name}", Thumbnail);
//     return server.Run();
//   }
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_SERVER_FLAGS_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_SERVER_FLAGS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "anteroom/server.h"

namespace anteroom {

// --listen, --admin, --threads, --min-threads, --idle-thread-timeout, --io-threads,
// --max-request-body, --max-streamed-body, --max-buffered-bytes, --drain-timeout, --log-level,
// --help and --version, and what a program adds. A flag that is not given is taken from the
// environment: --drain-timeout from
// ANTEROOM_DRAIN_TIMEOUT. Durations are "250ms" or "5s", sizes "64KiB" or "1GiB".
//
// Threading: for main() only, and before it has started any thread.
class ServerFlags {
 public:
  ServerFlags(absl::string_view program, absl::string_view summary);
  ~ServerFlags();
  ServerFlags(const ServerFlags&) = delete;
  ServerFlags& operator=(const ServerFlags&) = delete;

  // Flags of the program's own. `value` holds the default and outlives Parse().
  void AddBool(absl::string_view name, bool* value, absl::string_view help);
  void AddInt(absl::string_view name, int* value, int min, int max, absl::string_view help);
  void AddString(absl::string_view name, std::string* value, absl::string_view help);

  // Returns the exit code when the process should end: 0 after --help and --version, 2 on misuse,
  // 78 when the options don't go together; what there is to say has been printed. Else nothing, and
  // the log is running (on standard error), with SIGTERM, SIGQUIT and SIGINT blocked for
  // Server::Run().
  std::optional<int> Parse(int argc, const char* const* argv);

  const ServerOptions& options() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_SERVER_FLAGS_H_
