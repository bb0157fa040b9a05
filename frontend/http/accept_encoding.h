// Accept-Encoding (RFC 9110, section 12.5.3). Pure.
#ifndef ANTEROOM_FRONTEND_HTTP_ACCEPT_ENCODING_H_
#define ANTEROOM_FRONTEND_HTTP_ACCEPT_ENCODING_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "frontend/http/content_coding.h"

namespace anteroom::frontend {

class RequestHead;

// Collects over the field lines of one head:
//
//   AcceptEncoding accepted;
//   accepted.Add("gzip;q=0.5");
//   accepted.Add("br, *;q=0");
//   accepted.Preference();  // br, gzip
//
// A member that is not valid is ignored, and so is all that follows the kMembers-th; a coding named
// twice counts as it was named first. The work is linear in the bytes. A value type; not thread-safe.
class AcceptEncoding {
 public:
  // More than any client has a use for.
  static constexpr size_t kMembers = 32;

  // One field line, in wire order.
  void Add(absl::string_view value);

  // What is acceptable and weighs at least as much as identity, by weight and, where that is equal,
  // in our own order. Without a field nothing is: a client that says nothing might not decode.
  // Identity weighs nothing unless it is named, and `*` never means it: whoever names codings
  // prefers them. That identity is forbidden is not said: where nothing acceptable is there to be
  // sent, identity is better than a 406, and section 12.5.3 leaves that to the server.
  CodingPreference Preference() const;

 private:
  static constexpr int16_t kNotNamed = -1;

  void AddMember(absl::string_view member);

  std::array<int16_t, kContentCodings> weights_ = {kNotNamed, kNotNamed, kNotNamed,
                                                   kNotNamed};  // in thousandths
  int16_t others_ = kNotNamed;                                  // of `*`
  size_t members_ = 0;
};

// Over all lines of the field in `head`.
CodingPreference AcceptedCodings(const RequestHead& head);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_ACCEPT_ENCODING_H_
