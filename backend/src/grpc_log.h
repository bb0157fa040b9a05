// What gRPC has to say goes to our log.
#ifndef ANTEROOM_BACKEND_SRC_GRPC_LOG_H_
#define ANTEROOM_BACKEND_SRC_GRPC_LOG_H_

namespace anteroom::backend {

// Process-wide. At level debug, whatever gRPC calls it: what matters to an operator reaches us as a
// status, and we say that ourselves, once. But a failed assertion, after which gRPC ends the
// process, goes to standard error at once.
void ForwardGrpcLog();

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_GRPC_LOG_H_
