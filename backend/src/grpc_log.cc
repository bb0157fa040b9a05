#include "backend/src/grpc_log.h"

#include "grpc/support/log.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {

void ForwardGrpcLog() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    spdlog::debug("grpc {}:{} {}", line->file, line->line, line->message);
  });
}

}  // namespace anteroom::backend
