// The admin port of both processes: /livez, /readyz, /metrics, /status. GET and HEAD of the
// registered paths and nothing else: other methods are 405, other paths 404, and there are no files
// behind it.
//
// Threads: Handle(), Start() and Stop() belong to the thread that owns the server; handlers run one
// at a time on the server's single thread, never on a loop or worker, so that health is answered
// however busy those are. A handler must not wait for them.
//
// Bounds: 64 connections (one more ends the one nearest its deadline), 8 KiB of request head (431),
// 5 s from accept to the last byte out, one request a connection. An idle server sleeps in poll()
// without a timeout.
//
// Why our own 200 lines and not civetweb, which Debian packages (1.15, measured): it wakes up every
// 2 s to look at a flag, so that Stop() takes up to 2 s; and it binds a thread to a connection for
// its whole life, so that with two threads two clients that connect and send nothing hold up a
// probe for 4.9 s. A kubelet gives up after one.
#ifndef ANTEROOM_COMMON_ADMIN_SERVER_H_
#define ANTEROOM_COMMON_ADMIN_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/admin_message.h"
#include "common/clock.h"
#include "common/socket_address.h"
#include "common/unique_fd.h"

namespace anteroom {

class AdminServer {
 public:
  using Handler = std::function<AdminResponse(const AdminRequest&)>;

  AdminServer();
  ~AdminServer();  // stops
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Before Start(). What a handler refers to must outlive Stop().
  void Handle(std::string path, Handler handler);

  // Listens and starts the thread. `address` must be an IP literal; port 0 lets the kernel choose.
  // An address that is in use, not local or not permitted is an error that says so.
  absl::Status Start(const SocketAddress& address);

  // The bound address, once started.
  const SocketAddress& address() const { return address_; }

  // Cuts what is open and joins the thread. May be called twice.
  void Stop();

 private:
  class Connection;

  absl::Status Listen(const SocketAddress& address);
  void Run();
  int PollTimeoutMillis(Time now) const;
  void Accept(Time now);
  void Serve(Connection* connection, Time now);
  std::string Answer(absl::string_view head) const;

  // Constant once started.
  std::map<std::string, Handler> handlers_;
  SocketAddress address_;
  UniqueFd listener_;
  UniqueFd stop_event_;  // an eventfd, readable when the thread should end

  // The server's thread only.
  std::vector<std::unique_ptr<Connection>>
      connections_;      // oldest first, which is also nearest deadline first
  Time accept_after_{};  // out of descriptors: let the listener rest until then

  std::thread thread_;
};

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_ADMIN_SERVER_H_
