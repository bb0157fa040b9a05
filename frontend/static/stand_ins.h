// What a static route shows in place of what it cannot show: for names that are missing the fallback
// of a single-page application, and for what is an error all the same a page of the operator's. Both
// are files below the root, looked up and kept like others.
//
// Constant once made. Pure.
#ifndef ANTEROOM_FRONTEND_STATIC_STAND_INS_H_
#define ANTEROOM_FRONTEND_STATIC_STAND_INS_H_

#include <array>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/config.h"
#include "frontend/static/content_types.h"

namespace anteroom::frontend {

// How far one request has got: the path itself, the fallback, the error page. Each is looked up once
// at most, so that nothing goes in circles.
struct StandIn {
  bool fell_back = false;
  int error =
      0;  // the status whose page is looked up, and which is the answer's whatever comes of it

  bool none() const { return !fell_back && error == 0; }
};

class StandIns {
 public:
  // The statuses that may have pages: those that a static route answers with where a body is of use.
  static constexpr std::array<int, 3> kStatuses = {404, 500, 503};

  // `types` must outlive it.
  StandIns(const StaticConfig& config, const ContentTypes* types);

  // The path that is to be looked up next when `path` gave `status`; empty when that is the answer.
  // A name whose extension has a type is that of a file and has no fallback: who asks for a script or
  // a picture that is gone is better told so than given a page.
  absl::string_view Next(int status, absl::string_view path, StandIn* stand_in) const;

 private:
  const ContentTypes* const types_;
  std::string fallback_;                               // path; empty: none
  std::array<std::string, kStatuses.size()> pages_{};  // by kStatuses, the same
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STAND_INS_H_
