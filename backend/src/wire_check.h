// What a single request frame must look like, apart from the state of its link.
#ifndef ANTEROOM_BACKEND_SRC_WIRE_CHECK_H_
#define ANTEROOM_BACKEND_SRC_WIRE_CHECK_H_

#include "absl/status/status.h"
#include "anteroom/v1/anteroom.pb.h"

namespace anteroom::backend {

// InvalidArgument with the rule of proto/anteroom/v1/anteroom.proto that is broken. Pure.
absl::Status CheckRequest(const v1::Request& request);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_WIRE_CHECK_H_
