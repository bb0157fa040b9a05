// The stock backend: the library with no handlers, or with the diagnostic ones.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anteroom/server.h"
#include "anteroom/server_flags.h"
#include "backend/diag/diag_handlers.h"
#include "backend/diag/start_log.h"

namespace {

constexpr int kExitFailure = 1;

}  // namespace

int main(int argc, char** argv) {
  bool diag = false;
  std::string diag_log;
  anteroom::ServerFlags flags("anteroom-backend",
                              "Runs handlers on a pool of threads, for Anteroom front ends.");
  flags.AddBool("diag", &diag,
                "register the handlers below /diag/, for tests; they can end the process");
  flags.AddString("diag-log", &diag_log,
                  "append the X-Id of each request that a /diag/ handler starts");
  if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;

  std::unique_ptr<anteroom::backend::StartLog> start_log;
  if (!diag_log.empty()) {
    auto opened = anteroom::backend::StartLog::Open(diag_log);
    if (!opened.ok()) {
      std::fprintf(stderr, "anteroom-backend: --diag-log: %s\n",
                   opened.status().ToString().c_str());
      return kExitFailure;
    }
    start_log = *std::move(opened);
  }
  anteroom::backend::DiagHandlers handlers(start_log.get());
  anteroom::ServerOptions options = flags.options();
  options.sole_user_of_grpc = true;
  anteroom::Server server(options);
  if (diag) handlers.Register(&server);
  return server.Run();
}
