#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anteroom/server.h"
#include "common/socket_address.h"

namespace anteroom {
namespace {

// More threads than this in one process help nobody: run more processes.
constexpr int kMaxThreads = 4096;
constexpr int kMaxIoThreads = 64;

}  // namespace

absl::Status ServerOptions::Validate() const {
  std::vector<std::string> faults;
  const auto check = [&faults](bool ok, absl::string_view fault) {
    if (!ok) faults.emplace_back(fault);
  };
  if (const auto address = ParseSocketAddress(listen); !address.ok()) {
    faults.push_back(absl::StrCat("listen: ", address.status().message()));
  }
  if (!admin.empty()) {
    if (const auto address = ParseSocketAddress(admin); !address.ok()) {
      faults.push_back(absl::StrCat("admin: ", address.status().message()));
    }
  }
  check(max_threads >= 0 && max_threads <= kMaxThreads,
        absl::StrCat("max_threads: must be 0 to ", kMaxThreads));
  check(min_threads >= 0, "min_threads: must not be negative");
  check(max_threads == 0 || min_threads <= max_threads,
        "min_threads: must not be more than max_threads");
  check(idle_thread_timeout.count() > 0, "idle_thread_timeout: must be more than 0");
  check(io_threads >= 1 && io_threads <= kMaxIoThreads,
        absl::StrCat("io_threads: must be 1 to ", kMaxIoThreads));
  check(max_streamed_body == 0 || max_streamed_body >= max_request_body,
        "max_streamed_body: must be 0 or not less than max_request_body");
  check(max_buffered_bytes >= max_request_body,
        "max_buffered_bytes: must not be less than max_request_body");
  check(drain_timeout.count() >= 0, "drain_timeout: must not be negative");
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults, "; "));
}

}  // namespace anteroom
