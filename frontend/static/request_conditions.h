// The conditional fields and Range of one request head, found in one pass over its fields.
//
// Repeated fields (RFC 9110, section 5.3): those that are lists, If-Match and If-None-Match, are one
// list. Of the others there may be one only, so that more than one is a value which is not valid:
// the dates and Range are then ignored, and If-Range names nothing. Range counts for GET only
// (section 14.2).
//
// Not thread-safe. Views point into the head or into this object, which stays where it is.
#ifndef ANTEROOM_FRONTEND_STATIC_REQUEST_CONDITIONS_H_
#define ANTEROOM_FRONTEND_STATIC_REQUEST_CONDITIONS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/static/conditional.h"

namespace anteroom::frontend {

class RequestHead;

class RequestConditions {
 public:
  // Allocates only for a list in more than one field line.
  explicit RequestConditions(const RequestHead& head);
  RequestConditions(const RequestConditions&) = delete;
  RequestConditions& operator=(const RequestConditions&) = delete;

  const Conditions& get() const { return conditions_; }

 private:
  Conditions conditions_;
  std::string if_match_;  // put together of several field lines
  std::string if_none_match_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_REQUEST_CONDITIONS_H_
