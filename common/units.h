// Durations and sizes as people write them: `250ms`, `5s`, `64KiB`. Used wherever a value comes
// from a file, a flag or the environment, so that one spelling holds everywhere. Pure; safe from
// any thread.
#ifndef ANTEROOM_COMMON_UNITS_H_
#define ANTEROOM_COMMON_UNITS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"

namespace anteroom {

// A whole number and one of ns, us, ms, s, m, h. A number alone is refused, even 0: its unit would
// be a guess. Errors are InvalidArgument with a reason that quotes the text.
absl::StatusOr<Duration> ParseDuration(absl::string_view text);

// Bytes: a whole number, alone or with one of B, KiB, MiB, GiB, TiB. Decimal units (KB, M) are
// refused since people mean different things by them.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);

// With the largest unit that loses nothing: `90s`, `1500ms`, `64KiB`, `1000B`. The parsers above
// read it back.
std::string FormatDuration(Duration duration);
std::string FormatSize(uint64_t bytes);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_UNITS_H_
