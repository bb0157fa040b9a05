#include "backend/diag/start_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {

absl::StatusOr<std::unique_ptr<StartLog>> StartLog::Open(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  return std::unique_ptr<StartLog>(new StartLog(std::move(file)));
}

void StartLog::Append(absl::string_view id) {
  const std::string line = absl::StrCat(id, "\n");
  const ssize_t written = write(file_.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    spdlog::error("cannot append to the diagnostic log: reason={}", std::strerror(errno));
  }
}

}  // namespace anteroom::backend
