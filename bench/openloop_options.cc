#include "bench/openloop_options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "bench/sockets.h"

namespace anteroom::bench {
namespace {

// NAME=WEIGHT:PATH
std::optional<Kind> ParseKind(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) return std::nullopt;
  const size_t colon = text.find(':', equals);
  if (colon == absl::string_view::npos) return std::nullopt;
  Kind kind;
  kind.name = std::string(text.substr(0, equals));
  kind.path = std::string(text.substr(colon + 1));
  const absl::string_view weight = text.substr(equals + 1, colon - equals - 1);
  if (!absl::SimpleAtod(weight, &kind.weight) || !(kind.weight > 0)) return std::nullopt;
  if (kind.name.empty() || kind.path.empty() || kind.path[0] != '/') return std::nullopt;
  return kind;
}

bool ApplyFlag(absl::string_view flag, absl::string_view value, OpenloopOptions* options) {
  if (flag == "--address") {
    const auto address = ParseAddress(value);
    if (address.has_value()) options->addresses.push_back(*address);
    return address.has_value();
  }
  if (flag == "--kind") {
    const auto kind = ParseKind(value);
    if (kind.has_value()) options->kinds.push_back(*kind);
    return kind.has_value();
  }
  if (flag == "--spread") {
    options->spread = value == "random" ? Spread::kRandom : Spread::kRoundRobin;
    return value == "random" || value == "round-robin";
  }
  if (flag == "--rate") return absl::SimpleAtod(value, &options->rate) && options->rate > 0;
  if (flag == "--seconds")
    return absl::SimpleAtod(value, &options->seconds) && options->seconds > 0;
  if (flag == "--grace") return absl::SimpleAtod(value, &options->grace) && options->grace >= 0;
  if (flag == "--seed") return absl::SimpleAtoi(value, &options->seed);
  if (flag == "--stalls") return absl::SimpleAtod(value, &options->stalls) && options->stalls > 0;
  if (flag == "--samples") {
    options->samples = std::string(value);
    return true;
  }
  return false;
}

}  // namespace

const char kOpenloopUsage[] =
    "usage: anteroom-bench-openloop --address HOST:PORT... --kind NAME=WEIGHT:PATH... --rate R\n"
    "         [--spread round-robin|random] [--seconds S] [--grace S] [--seed N] [--stalls MS]\n"
    "         [--samples FILE]\n";

std::optional<OpenloopOptions> ParseOpenloopOptions(int argc, char** argv) {
  OpenloopOptions options;
  if (argc % 2 == 0) return std::nullopt;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!ApplyFlag(argv[i], argv[i + 1], &options)) return std::nullopt;
  }
  if (options.addresses.empty() || options.kinds.empty() || options.rate <= 0) return std::nullopt;
  return options;
}

}  // namespace anteroom::bench
