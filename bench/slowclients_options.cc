#include "bench/slowclients_options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "bench/sockets.h"

namespace anteroom::bench {
namespace {

bool Apply(absl::string_view flag, absl::string_view value, SlowclientsOptions* options) {
  if (flag == "--address") {
    const auto address = ParseAddress(value);
    if (address.has_value()) options->address = *address;
    return address.has_value();
  }
  if (flag == "--direction") {
    options->direction = value == "up" ? Direction::kUpload : Direction::kDownload;
    return value == "up" || value == "down";
  }
  if (flag == "--path") {
    options->path = std::string(value);
    return !value.empty() && value[0] == '/';
  }
  if (flag == "--count") return absl::SimpleAtoi(value, &options->count) && options->count > 0;
  if (flag == "--bytes") return absl::SimpleAtoi(value, &options->bytes) && options->bytes > 0;
  if (flag == "--rate") return absl::SimpleAtod(value, &options->rate) && options->rate > 0;
  if (flag == "--check") {
    options->check = value == "yes";
    return value == "yes" || value == "no";
  }
  if (flag == "--ramp") return absl::SimpleAtod(value, &options->ramp) && options->ramp >= 0;
  if (flag == "--timeout") {
    return absl::SimpleAtod(value, &options->timeout) && options->timeout > 0;
  }
  if (flag == "--period-ms") {
    return absl::SimpleAtoi(value, &options->period_ms) && options->period_ms > 0;
  }
  if (flag == "--receive-buffer") {
    return absl::SimpleAtoi(value, &options->receive_buffer) && options->receive_buffer > 0;
  }
  if (flag == "--mss") {
    return absl::SimpleAtoi(value, &options->max_segment_size) && options->max_segment_size > 0;
  }
  return false;
}

}  // namespace

const char kSlowclientsUsage[] =
    "usage: anteroom-bench-slowclients --address HOST:PORT --direction up|down --path PATH\n"
    "         --bytes N --rate BYTES_A_SECOND [--count N] [--check yes|no] [--ramp S] [--timeout "
    "S]\n"
    "         [--period-ms MS] [--receive-buffer BYTES] [--mss BYTES]\n";

std::optional<SlowclientsOptions> ParseSlowclientsOptions(int argc, char** argv) {
  SlowclientsOptions options;
  if (argc % 2 == 0) return std::nullopt;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!Apply(argv[i], argv[i + 1], &options)) return std::nullopt;
  }
  if (options.address.sin_port == 0 || options.path.empty()) return std::nullopt;
  if (options.bytes == 0 || options.rate == 0) return std::nullopt;
  return options;
}

}  // namespace anteroom::bench
