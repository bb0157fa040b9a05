#include "common/cpu_count.h"

#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace anteroom {
namespace {

TEST(ParseCpuMaxTest, ReadsQuotaAndPeriod) {
  EXPECT_EQ(ParseCpuMax("150000 100000\n"), 1.5);
  EXPECT_EQ(ParseCpuMax("50000 100000"), 0.5);
}

TEST(ParseCpuMaxTest, SeesNoLimitInMaxAndNonsense) {
  for (const char* text : {"max 100000\n", "", "100000", "a b", "100000 0", "-1 100000", "1 2 3"}) {
    EXPECT_EQ(ParseCpuMax(text), std::nullopt) << text;
  }
}

TEST(ParseCfsQuotaTest, ReadsBothFilesAndMinusOneAsUnlimited) {
  EXPECT_EQ(ParseCfsQuota("250000\n", "100000\n"), 2.5);
  EXPECT_EQ(ParseCfsQuota("-1\n", "100000\n"), std::nullopt);
  EXPECT_EQ(ParseCfsQuota("", ""), std::nullopt);
}

TEST(ParseProcCgroupTest, FindsTheUnifiedHierarchy) {
  EXPECT_EQ(ParseProcCgroup("0::/system.slice/a:b.service\n").v2, "/system.slice/a:b.service");
  EXPECT_EQ(ParseProcCgroup("0::/\n").v1_cpu, "");
}

TEST(ParseProcCgroupTest, FindsTheCpuControllerOfVersionOne) {
  const CgroupPaths paths =
      ParseProcCgroup("12:cpuset:/x\n5:cpuacct,cpu:/kubepods/pod1\n1:name=systemd:/y\n0::/z\n");
  EXPECT_EQ(paths.v1_cpu, "/kubepods/pod1");
  EXPECT_EQ(paths.v1_controllers, "cpuacct,cpu");
  EXPECT_EQ(paths.v2, "/z");
}

TEST(ParseProcCgroupTest, SkipsLinesThatItDoesNotKnow) {
  const CgroupPaths paths = ParseProcCgroup("\nnonsense\n1:\n");
  EXPECT_EQ(paths.v1_cpu, "");
  EXPECT_EQ(paths.v2, "");
}

// A made-up /proc and /sys. The affinity mask is the real one, so the quotas here are below a CPU
// or so.
class GrantedCpusTest : public testing::Test {
 protected:
  GrantedCpusTest() : root_(testing::TempDir() + "cpu_count_XXXXXX") { mkdtemp(root_.data()); }
  ~GrantedCpusTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  static unsigned Affinity() {
    cpu_set_t mask;
    sched_getaffinity(0, sizeof(mask), &mask);
    return static_cast<unsigned>(CPU_COUNT(&mask));
  }

  std::string root_;
};

TEST_F(GrantedCpusTest, IsTheAffinityWithoutAnyFiles) { EXPECT_EQ(GrantedCpus(root_), Affinity()); }

TEST_F(GrantedCpusTest, RoundsTheQuotaUpAndNeverToZero) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/cpu.max", "1000 100000\n");
  EXPECT_EQ(GrantedCpus(root_), 1u);
}

TEST_F(GrantedCpusTest, TakesTheSmallestQuotaOnTheWayToTheRoot) {
  Write("/proc/self/cgroup", "0::/pod/container\n");
  Write("/sys/fs/cgroup/pod/cpu.max", "100000 100000\n");
  Write("/sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  EXPECT_EQ(GrantedCpus(root_), 1u);
}

TEST_F(GrantedCpusTest, FindsTheMountWhenThePathIsTheHosts) {
  Write("/proc/self/cgroup", "4:cpu,cpuacct:/docker/0123\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "90000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(GrantedCpus(root_), 1u);
}

TEST_F(GrantedCpusTest, NeverGrantsMoreThanTheAffinity) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/cpu.max", "9900000000 100000\n");
  EXPECT_EQ(GrantedCpus(root_), Affinity());
}

TEST(RealGrantedCpusTest, IsAtLeastOne) { EXPECT_GE(GrantedCpus(), 1u); }

}  // namespace
}  // namespace anteroom
