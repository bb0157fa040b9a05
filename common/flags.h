// The command line of a binary as a short declaration: each flag is bound to a variable that holds
// its default.
//
//   FlagSet flags("anteroom-backend", "Runs handlers on a pool of threads.", kVersion);
//   flags.AddAddress("listen", &options.listen, "where front ends connect");
//   flags.AddInt("threads", &options.threads, 1, 4096, "handlers that run at once");
//   if (const std::optional<int> exit_code = flags.Parse(argc, argv)) return *exit_code;
//
// `--name value` and `--name=value`; a bool is `--name`, `--name=true` or `--name=false`. A flag
// that is not given is taken from the environment, ANTEROOM_ and the name in upper case with _ for
// -; an empty variable counts as unset.
// `--help` and `--version` print and end the process with 0. Misuse (unknown flag, flag given
// twice, bad value, words that belong to no flag) prints one line that names the flag and the
// reason, and ends it with 2.
//
// For main() only: one thread.
#ifndef ANTEROOM_COMMON_FLAGS_H_
#define ANTEROOM_COMMON_FLAGS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "common/socket_address.h"

namespace anteroom {

// The environment variable behind a flag: "idle-timeout" -> "ANTEROOM_IDLE_TIMEOUT".
std::string FlagEnvironmentName(absl::string_view flag);

class FlagSet {
 public:
  static constexpr int kExitMisuse = 2;

  FlagSet(absl::string_view program, absl::string_view summary, absl::string_view version);
  FlagSet(const FlagSet&) = delete;
  FlagSet& operator=(const FlagSet&) = delete;

  // `value` must outlive Parse(); what it holds is the default and is shown by --help. `name` is
  // without dashes.
  void AddString(absl::string_view name, std::string* value, absl::string_view help);
  void AddInt(absl::string_view name, int* value, int min, int max, absl::string_view help);
  void AddBool(absl::string_view name, bool* value, absl::string_view help);
  void AddDuration(absl::string_view name, Duration* value, absl::string_view help);
  void AddSize(absl::string_view name, uint64_t* value, absl::string_view help);
  void AddAddress(absl::string_view name, SocketAddress* value, absl::string_view help);

  // Sets the variables. Returns the exit code when the process should end, else nothing. Prints to
  // standard output and error.
  std::optional<int> Parse(int argc, const char* const* argv);

  // The same without a process around it. A StatusOr of false means that `*output` (help or
  // version) should be printed and the process end well.
  using Environment = std::function<const char*(const std::string& name)>;
  absl::StatusOr<bool> Parse(const std::vector<std::string>& arguments,
                             const Environment& environment, std::string* output);

  std::string Help() const;

 private:
  struct Flag {
    std::string name;
    std::string help;
    std::string placeholder;  // empty: a bool
    std::string default_text;
    std::function<absl::Status(const std::string&)> set;
    bool given = false;
  };

  void Add(absl::string_view name, absl::string_view help, absl::string_view placeholder,
           std::string default_text, std::function<absl::Status(const std::string&)> set);
  Flag* Find(absl::string_view name);
  absl::Status TakeFromEnvironment(const Environment& environment);

  const std::string program_;
  const std::string summary_;
  const std::string version_;
  std::vector<Flag> flags_;  // in the order of --help
};

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_FLAGS_H_
