#include "common/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anteroom {
namespace {

std::string ReadSmallFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

unsigned AffinityCpus() {
  // A mask of cpu_set_t's 1024 CPUs is too small on very large machines (EINVAL); then the
  // machine's own count does.
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0)
    return static_cast<unsigned>(CPU_COUNT(&mask));
  return std::max(1u, std::thread::hardware_concurrency());
}

// Calls `quota(directory)` for `path` below `mount` and each of its parents up to the mount itself,
// and returns the smallest answer. In a container without its own cgroup namespace the path is the
// host's and does not exist here; the walk then still reaches the mount, which is the container's
// own group.
template <typename Quota>
std::optional<double> SmallestOnTheWay(const std::string& mount, std::string path, Quota quota) {
  std::optional<double> smallest;
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    const std::optional<double> here = quota(mount + path);
    if (here && (!smallest || *here < *smallest)) smallest = here;
    if (path.empty()) return smallest;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

std::optional<double> ParseCpuMax(absl::string_view cpu_max) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(cpu_max, absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
  if (parts.size() != 2) return std::nullopt;
  return ParseCfsQuota(parts[0], parts[1]);  // "max" is not a number: unlimited
}

std::optional<double> ParseCfsQuota(absl::string_view quota_us, absl::string_view period_us) {
  int64_t quota = 0;
  int64_t period = 0;
  if (!absl::SimpleAtoi(quota_us, &quota) || !absl::SimpleAtoi(period_us, &period)) {
    return std::nullopt;
  }
  if (quota <= 0 || period <= 0) return std::nullopt;  // -1: unlimited
  return static_cast<double>(quota) / static_cast<double>(period);
}

CgroupPaths ParseProcCgroup(absl::string_view text) {
  CgroupPaths paths;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (parts[0] == "0" && parts[1].empty()) {
      paths.v2 = parts[2];
      continue;
    }
    for (const absl::string_view controller : absl::StrSplit(parts[1], ',')) {
      if (controller != "cpu") continue;
      paths.v1_cpu = parts[2];
      paths.v1_controllers = parts[1];
    }
  }
  return paths;
}

unsigned GrantedCpus(const std::string& root) {
  const CgroupPaths paths = ParseProcCgroup(ReadSmallFile(root + "/proc/self/cgroup"));
  const std::string mount = root + "/sys/fs/cgroup";
  std::optional<double> quota;
  if (!paths.v1_cpu.empty()) {
    quota =
        SmallestOnTheWay(absl::StrCat(mount, "/", paths.v1_controllers), paths.v1_cpu,
                         [](const std::string& directory) {
                           return ParseCfsQuota(ReadSmallFile(directory + "/cpu.cfs_quota_us"),
                                                ReadSmallFile(directory + "/cpu.cfs_period_us"));
                         });
  } else if (!paths.v2.empty()) {
    quota = SmallestOnTheWay(mount, paths.v2, [](const std::string& directory) {
      return ParseCpuMax(ReadSmallFile(directory + "/cpu.max"));
    });
  }
  const unsigned affinity = std::max(1u, AffinityCpus());
  if (!quota || *quota >= affinity) return affinity;
  return std::max(1u, static_cast<unsigned>(std::ceil(*quota)));
}

}  // namespace anteroom
