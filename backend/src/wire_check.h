// What can be said of a frame apart from the state of its link.
#ifndef ANTEROOM_BACKEND_SRC_WIRE_CHECK_H_
#define ANTEROOM_BACKEND_SRC_WIRE_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "anteroom/v1/anteroom.pb.h"
#include "common/clock.h"

namespace anteroom::backend {

// The version of the protocol that this backend speaks.
constexpr uint32_t kProtocol = 1;

// A peer's duration, bounded so that arithmetic on it can't overflow. Pure.
Duration BoundedMicros(uint64_t micros);

// InvalidArgument with the rule of proto/anteroom/v1/anteroom.proto that is broken. Pure.
absl::Status CheckRequest(const v1::Request& request);

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_WIRE_CHECK_H_
