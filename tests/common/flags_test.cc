#include "common/flags.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class FlagSetTest : public testing::Test {
 protected:
  FlagSetTest() : flags_("anteroom-test", "Tests flags.", "1.2.3") {
    flags_.AddString("config", &config_, "the file");
    flags_.AddInt("threads", &threads_, 1, 64, "handlers at once");
    flags_.AddBool("diag", &diag_, "diagnostic handlers");
    flags_.AddDuration("idle-timeout", &idle_, "thread idle");
    flags_.AddSize("buffer", &buffer_, "bytes");
    flags_.AddAddress("listen", &listen_, "where");
  }

  absl::StatusOr<bool> Parse(const std::vector<std::string>& arguments) {
    return flags_.Parse(
        arguments,
        [this](const std::string& name) -> const char* {
          const auto it = environment_.find(name);
          return it == environment_.end() ? nullptr : it->second.c_str();
        },
        &output_);
  }
  std::string Error(const std::vector<std::string>& arguments) {
    const absl::StatusOr<bool> result = Parse(arguments);
    return result.ok() ? "ok" : std::string(result.status().message());
  }

  std::string config_ = "anteroom.yaml";
  int threads_ = 4;
  bool diag_ = false;
  Duration idle_ = seconds(60);
  uint64_t buffer_ = 65536;
  SocketAddress listen_{"127.0.0.1", 7001};
  FlagSet flags_;
  std::map<std::string, std::string> environment_;
  std::string output_;
};

TEST_F(FlagSetTest, LeavesDefaultsAloneWithoutArguments) {
  EXPECT_TRUE(Parse({}).value());
  EXPECT_EQ(threads_, 4);
  EXPECT_EQ(config_, "anteroom.yaml");
}

TEST_F(FlagSetTest, ReadsEveryTypeInBothSpellings) {
  EXPECT_TRUE(Parse({"--config", "/etc/a.yaml", "--threads=8", "--diag", "--idle-timeout", "250ms",
                     "--buffer=1MiB", "--listen", "[::1]:80"})
                  .value());
  EXPECT_EQ(config_, "/etc/a.yaml");
  EXPECT_EQ(threads_, 8);
  EXPECT_TRUE(diag_);
  EXPECT_EQ(idle_, milliseconds(250));
  EXPECT_EQ(buffer_, 1048576u);
  EXPECT_EQ(listen_, (SocketAddress{"::1", 80}));
}

TEST_F(FlagSetTest, TakesValuesWithEqualsSignsAndDashes) {
  EXPECT_TRUE(Parse({"--config=a=b"}).value());
  EXPECT_EQ(config_, "a=b");
}

TEST_F(FlagSetTest, TakesTheNextWordAsValueWhateverItIs) {
  EXPECT_TRUE(Parse({"--config", "--odd"}).value());
  EXPECT_EQ(config_, "--odd");
}

TEST_F(FlagSetTest, TakesAnEmptyString) {
  EXPECT_TRUE(Parse({"--config="}).value());
  EXPECT_EQ(config_, "");
}

TEST_F(FlagSetTest, BoolsTakeAValueOnlyWithEqualsSign) {
  diag_ = true;
  EXPECT_TRUE(Parse({"--diag=false"}).value());
  EXPECT_FALSE(diag_);
}

TEST_F(FlagSetTest, NamesTheFlagAndTheReason) {
  EXPECT_EQ(Error({"--threads=0"}), "--threads: '0' is not a whole number from 1 to 64");
  EXPECT_EQ(Error({"--idle-timeout", "5"}),
            "--idle-timeout: '5' has no unit (ns, us, ms, s, m or h)");
}

TEST_F(FlagSetTest, RefusesBadValuesOfEveryType) {
  EXPECT_EQ(Error({"--threads", " 8"}), "--threads: ' 8' is not a whole number from 1 to 64");
  EXPECT_THAT(Error({"--diag=yes"}), HasSubstr("'yes' is not true or false"));
  EXPECT_THAT(Error({"--buffer", "1MB"}), HasSubstr("--buffer: '1MB' is not a size"));
  EXPECT_THAT(Error({"--listen", "8080"}), HasSubstr("--listen: '8080' has no port"));
}

TEST_F(FlagSetTest, RefusesUnknownFlagsAndStrayWords) {
  EXPECT_EQ(Error({"--thread", "8"}), "--thread: there is no such flag");
  EXPECT_EQ(Error({"serve"}), "'serve' is not a flag");
  EXPECT_EQ(Error({"-t"}), "'-t' is not a flag");
  EXPECT_EQ(Error({"--"}), "'--' is not a flag");
  EXPECT_EQ(Error({""}), "'' is not a flag");
  EXPECT_EQ(Error({"--=x"}), "--: there is no such flag");
}

TEST_F(FlagSetTest, RefusesAFlagGivenTwice) {
  EXPECT_EQ(Error({"--threads=1", "--threads=2"}), "--threads: given twice");
}

TEST_F(FlagSetTest, RefusesAMissingValue) {
  EXPECT_EQ(Error({"--threads"}), "--threads: a value is missing");
}

TEST_F(FlagSetTest, FallsBackToTheEnvironment) {
  environment_ = {
      {"ANTEROOM_THREADS", "16"}, {"ANTEROOM_IDLE_TIMEOUT", "1s"}, {"ANTEROOM_DIAG", "true"}};
  EXPECT_TRUE(Parse({}).value());
  EXPECT_EQ(threads_, 16);
  EXPECT_EQ(idle_, seconds(1));
  EXPECT_TRUE(diag_);
}

TEST_F(FlagSetTest, PrefersTheFlagToTheEnvironment) {
  environment_ = {{"ANTEROOM_THREADS", "nonsense"}};
  EXPECT_TRUE(Parse({"--threads=2"}).value());
  EXPECT_EQ(threads_, 2);
}

TEST_F(FlagSetTest, NamesTheVariableThatIsWrong) {
  environment_ = {{"ANTEROOM_THREADS", "65"}};
  EXPECT_EQ(Error({}), "ANTEROOM_THREADS: '65' is not a whole number from 1 to 64");
}

TEST_F(FlagSetTest, IgnoresEmptyVariables) {
  environment_ = {{"ANTEROOM_THREADS", ""}};
  EXPECT_TRUE(Parse({}).value());
  EXPECT_EQ(threads_, 4);
}

TEST_F(FlagSetTest, PrintsHelpWithDefaults) {
  EXPECT_FALSE(Parse({"--help"}).value());
  EXPECT_EQ(
      output_,
      "Usage: anteroom-test [flags]\n"
      "Tests flags.\n"
      "\n"
      "  --config TEXT            the file (default anteroom.yaml)\n"
      "  --threads N              handlers at once (default 4)\n"
      "  --diag                   diagnostic handlers (default false)\n"
      "  --idle-timeout DURATION  thread idle (default 1m)\n"
      "  --buffer SIZE            bytes (default 64KiB)\n"
      "  --listen HOST:PORT       where (default 127.0.0.1:7001)\n"
      "  --help                   print this and exit\n"
      "  --version                print the version and exit\n"
      "\n"
      "A flag that is not given is taken from the environment, for example ANTEROOM_CONFIG.\n");
}

TEST_F(FlagSetTest, PrintsTheVersion) {
  EXPECT_FALSE(Parse({"--threads=3", "--version"}).value());
  EXPECT_EQ(output_, "anteroom-test 1.2.3\n");
}

TEST_F(FlagSetTest, EndsTheProcessWithTheRightCode) {
  const char* misuse[] = {"anteroom-test", "--nope"};
  EXPECT_EQ(flags_.Parse(2, misuse), FlagSet::kExitMisuse);
  const char* version[] = {"anteroom-test", "--version"};
  EXPECT_EQ(flags_.Parse(2, version), 0);
  const char* fine[] = {"anteroom-test", "--threads=3"};
  EXPECT_EQ(flags_.Parse(2, fine), std::nullopt);
  EXPECT_EQ(flags_.Parse(0, nullptr), std::nullopt);
}

}  // namespace
}  // namespace anteroom
