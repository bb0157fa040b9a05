// The listening sockets of one loop and the connections that came through them.
//
// Threading: loop thread only. `context` must outlive it, and has one acceptor.
#ifndef ANTEROOM_FRONTEND_NET_ACCEPTOR_H_
#define ANTEROOM_FRONTEND_NET_ACCEPTOR_H_

#include <functional>
#include <memory>
#include <vector>

#include "common/unique_fd.h"
#include "frontend/net/connection.h"
#include "frontend/net/connection_context.h"
#include "frontend/net/event_handles.h"

namespace anteroom::frontend {

class Acceptor final : private ConnectionOwner {
 public:
  explicit Acceptor(ConnectionContext* context);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Takes over a listening socket and begins to accept.
  void Listen(UniqueFd socket, ListenerConfig config);
  // Stops listening where `configs` do not, after taking what the kernel has completed there; for the
  // rest the other settings hold from now on.
  void KeepListeners(const std::vector<ListenerConfig>& configs);

  // Takes what the kernel has completed already, stops listening, and lets connections end after
  // their present answers. `drained` is called, later, when the last one is gone.
  void Drain(std::function<void()> drained);
  // Closes connections that wait for a request.
  void CloseIdle();
  // Stops listening and cuts what is left.
  void CutAll();

  size_t connections() const { return connections_.size(); }

 private:
  class Listener;

  // Whether more may be waiting.
  bool Accept(const Listener& listener);
  void Add(UniqueFd socket, const ListenerConfig& listener, std::string peer);
  void Remove(Connection* connection) override;
  void PauseAccepting();

  ConnectionContext* const context_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  CallbackTimer resume_accepting_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by Connection::index
  std::vector<std::unique_ptr<Connection>> removed_;      // until the stack is unwound
  std::function<void()> drained_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_ACCEPTOR_H_
