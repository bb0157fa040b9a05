// What the stock backend may do with a server and users of the library may not.
#ifndef ANTEROOM_BACKEND_SRC_SERVER_ACCESS_H_
#define ANTEROOM_BACKEND_SRC_SERVER_ACCESS_H_

#include "absl/strings/string_view.h"
#include "anteroom/server.h"

namespace anteroom::backend {

class ServerAccess {
 public:
  // As Server::Handle(), but what the handler returns goes to the front end unchecked.
  static void HandleUnchecked(Server* server, absl::string_view method, absl::string_view pattern,
                              Handler handler);
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_SERVER_ACCESS_H_
