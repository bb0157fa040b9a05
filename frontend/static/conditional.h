// Conditional requests (RFC 9110, section 13): whether the client already has what it asks for, or
// asks for something that is no longer what it knows. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_CONDITIONAL_H_
#define ANTEROOM_FRONTEND_STATIC_CONDITIONAL_H_

#include <ctime>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Field values as received (request_conditions.h reads them from a head).
struct Conditions {
  std::optional<absl::string_view> if_match;
  std::optional<absl::string_view> if_none_match;
  std::optional<absl::string_view> if_modified_since;
  std::optional<absl::string_view> if_unmodified_since;
  std::optional<absl::string_view> range;  // of a GET only (section 14.2)
  std::optional<absl::string_view> if_range;
};

// Conditions with the bytes that they speak of, for a request that waits.
class KeptConditions {
 public:
  explicit KeptConditions(const Conditions& conditions);
  KeptConditions(const KeptConditions&) = delete;
  KeptConditions& operator=(const KeptConditions&) = delete;

  const Conditions& get() const { return conditions_; }

 private:
  std::string bytes_;
  Conditions conditions_;
};

// What the representation that is about to be sent is known by.
struct Validators {
  absl::string_view etag;         // strong, with its quotes
  std::time_t last_modified = 0;  // whole seconds since the epoch
  // The second of last_modified was over when the representation was read (section 8.8.2.2).
  bool date_is_strong = false;
};

enum class ConditionalVerdict {
  kSend,
  kNotModified,         // 304
  kPreconditionFailed,  // 412
};

// For GET and HEAD of a representation that exists, in the order of RFC 9110, section 13.2.2; Range
// and If-Range come after it. `now` is the wall clock (it decides the century of a two-digit year
// and nothing else). A date that is not valid counts as absent. A field If-Match or If-None-Match,
// whatever it holds, makes the date that goes with it be ignored; a list without a tag that matches
// fails If-Match (412) and lets If-None-Match pass, also when it is no list at all.
ConditionalVerdict EvaluateConditions(const Conditions& conditions, const Validators& validators,
                                      std::time_t now);

// Whether Range counts (section 13.1.5): without If-Range, or when that names this very
// representation by its entity tag or, if the date is a strong validator, by exactly its date.
// A value that is neither a strong tag nor a date names nothing.
bool RangeApplies(const Conditions& conditions, const Validators& validators, std::time_t now);

enum class TagComparison { kStrong, kWeak };  // section 8.8.3.2

// If-Match (strong) or If-None-Match (weak) against one strong entity tag. A list with a fault in it
// matches by what stands before the fault only.
bool MatchesEntityTag(absl::string_view list, absl::string_view etag, TagComparison comparison);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_CONDITIONAL_H_
