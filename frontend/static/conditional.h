// Conditional requests (RFC 9110, section 13): whether the client already has what it asks for.
// Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_CONDITIONAL_H_
#define ANTEROOM_FRONTEND_STATIC_CONDITIONAL_H_

#include <ctime>
#include <optional>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Field values as received.
struct Conditions {
  std::optional<absl::string_view> if_none_match;
  std::optional<absl::string_view> if_modified_since;
};

enum class ConditionalVerdict { kSend, kNotModified };

// For GET and HEAD of a representation that exists, in the order of RFC 9110, section 13.2.2.
// `etag` has its quotes and is strong; `last_modified` is in whole seconds, `now` the wall clock
// (it decides the century of a two-digit year and nothing else). A value that is not
// valid counts as absent, except that a field If-None-Match, whatever it holds, makes
// If-Modified-Since be ignored.
ConditionalVerdict EvaluateConditions(const Conditions& conditions, absl::string_view etag,
                                      std::time_t last_modified, std::time_t now);

// If-None-Match against one entity tag by weak comparison (sections 8.8.3.2 and 13.1.2). A list
// with a fault in it matches by what stands before the fault only.
bool MatchesEntityTag(absl::string_view if_none_match, absl::string_view etag);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_CONDITIONAL_H_
