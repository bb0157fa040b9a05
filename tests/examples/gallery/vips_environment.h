// libvips for a whole test binary. Each test binary that scales registers one in a static:
//   const auto* const kVips = ::testing::AddGlobalTestEnvironment(new VipsEnvironment);
#ifndef ANTEROOM_TESTS_EXAMPLES_GALLERY_VIPS_ENVIRONMENT_H_
#define ANTEROOM_TESTS_EXAMPLES_GALLERY_VIPS_ENVIRONMENT_H_

#include <memory>

#include "examples/gallery/vips_runtime.h"
#include "gtest/gtest.h"

namespace anteroom::gallery {

class VipsEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    runtime_ = std::make_unique<VipsRuntime>();
    ASSERT_TRUE(runtime_->status().ok()) << runtime_->status();
  }
  void TearDown() override { runtime_.reset(); }

 private:
  std::unique_ptr<VipsRuntime> runtime_;
};

}  // namespace anteroom::gallery

#endif  // ANTEROOM_TESTS_EXAMPLES_GALLERY_VIPS_ENVIRONMENT_H_
