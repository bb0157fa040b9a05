// What the admin server reads and writes: as much HTTP as kubelets, Prometheus, curl and a browser
// need to GET a page. Pure.
#ifndef ANTEROOM_COMMON_ADMIN_MESSAGE_H_
#define ANTEROOM_COMMON_ADMIN_MESSAGE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace anteroom {

struct AdminRequest {
  std::string method;
  std::string path;    // as sent, up to the '?'
  std::string query;   // what follows the '?', or empty
  std::string accept;  // the Accept field, for pages that are HTML for people and JSON for programs
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Reads a request head, from the request line to the empty line that ends it. False: not HTTP/1.x.
bool ParseAdminRequest(absl::string_view head, AdminRequest* request);

// The whole response, with framing. Every connection serves one request, so `Connection: close`.
std::string FormatAdminResponse(const AdminResponse& response, bool without_body);

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_ADMIN_MESSAGE_H_
