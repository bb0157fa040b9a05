// Which requests really began, for tests that count losses and doubles.
#ifndef ANTEROOM_BACKEND_DIAG_START_LOG_H_
#define ANTEROOM_BACKEND_DIAG_START_LOG_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/unique_fd.h"

namespace anteroom::backend {

// Threading: any method from any thread. Several processes may append to one file: each line is one
// write().
class StartLog {
 public:
  static absl::StatusOr<std::unique_ptr<StartLog>> Open(const std::string& path);

  void Append(absl::string_view id);

 private:
  explicit StartLog(UniqueFd file) : file_(std::move(file)) {}

  const UniqueFd file_;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_DIAG_START_LOG_H_
