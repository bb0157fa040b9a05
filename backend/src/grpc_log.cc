#include "backend/src/grpc_log.h"

#include <cstdio>

#include "absl/strings/match.h"
#include "grpc/support/log.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {

void ForwardGrpcLog() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    if (absl::StartsWith(line->message, "assertion failed")) {
      std::fprintf(stderr, "grpc %s:%d %s\n", line->file, line->line, line->message);
      return;
    }
    spdlog::debug("grpc {}:{} {}", line->file, line->line, line->message);
  });
}

}  // namespace anteroom::backend
