// How many CPUs this process may really use: the default for threads and loops. In a container
// std::thread::hardware_concurrency() counts the machine's CPUs, and a process that starts as many
// threads is throttled by its quota.
#ifndef ANTEROOM_COMMON_CPU_COUNT_H_
#define ANTEROOM_COMMON_CPU_COUNT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom {

// The smaller of the affinity mask and of every CPU quota on the way from the process's cgroup to
// the root (v2 cpu.max, v1 cpu.cfs_quota_us), rounded up, at least 1. Reads files below /proc and
// /sys; anything missing or unreadable there grants everything. `root` stands before these paths
// and is for tests.
unsigned GrantedCpus(const std::string& root = "");

// The pure parts. CPUs, not rounded; nothing when unlimited or unintelligible.
std::optional<double> ParseCpuMax(
    absl::string_view cpu_max);  // "150000 100000": 1.5; "max 100000": nothing
std::optional<double> ParseCfsQuota(absl::string_view quota_us, absl::string_view period_us);

// Where /proc/self/cgroup says the process is. Empty: not under this kind of hierarchy.
struct CgroupPaths {
  std::string v2;              // of the line "0::/path"
  std::string v1_cpu;          // of the line whose controllers include `cpu`
  std::string v1_controllers;  // that line's controllers, which also name the mount: "cpu,cpuacct"
};
CgroupPaths ParseProcCgroup(absl::string_view text);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_CPU_COUNT_H_
