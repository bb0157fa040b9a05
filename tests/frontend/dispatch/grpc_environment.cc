// Linked into test binaries with links in them: does what main() does before gRPC starts.
#include "frontend/dispatch/completion_source.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

class GrpcEnvironment final : public testing::Environment {
 public:
  void SetUp() override { PrepareGrpc(); }
};

[[maybe_unused]] const testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new GrpcEnvironment);

}  // namespace
}  // namespace anteroom::frontend
