// Whether an operator's text may be a field of our answers. Stricter than what is taken from peers: a
// slip in a configuration is better found there than in a browser.
//
// Pure. Each function gives the reason why not, in words that follow the text in quotes, or nothing.
#ifndef ANTEROOM_FRONTEND_HTTP_FIELD_CHECK_H_
#define ANTEROOM_FRONTEND_HTTP_FIELD_CHECK_H_

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// A token (RFC 9110, section 5.1) that is not for the server alone to say: framing, hop-by-hop fields,
// validators, Date, and what other settings say.
absl::string_view WhyNotAnExtraFieldName(absl::string_view name);

// Visible ASCII with spaces and tabs inside (section 5.5 advises against more), not empty.
absl::string_view WhyNotAFieldValue(absl::string_view value);

// A list of directives (RFC 9111, section 5.2). Those that take seconds have a number.
absl::string_view WhyNotCacheControl(absl::string_view value);

// type/subtype with parameters (RFC 9110, section 8.3.1).
absl::string_view WhyNotAMediaType(absl::string_view value);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_FIELD_CHECK_H_
