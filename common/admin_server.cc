#include "common/admin_server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace anteroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMaxConnections = 64;
constexpr size_t kMaxHead = 8 * 1024;
constexpr Duration kConnectionTime = seconds(5);
constexpr Duration kAcceptPause = seconds(1);

absl::Status ErrnoStatus(absl::string_view what, const SocketAddress& address) {
  return absl::UnavailableError(absl::StrCat(what, " ", address.ToString(), ": ", strerror(errno)));
}

}  // namespace

// One request and its response: read the head, write the answer, then read and throw away until the
// client closes (closing first, with input unread, would reset the connection and could destroy the
// answer on its way).
class AdminServer::Connection {
 public:
  Connection(UniqueFd fd, Time deadline) : fd_(std::move(fd)), deadline_(deadline) {}

  int fd() const { return fd_.get(); }
  Time deadline() const { return deadline_; }
  bool done() const { return state_ == State::kDone; }
  short wanted() const { return state_ == State::kWriting ? POLLOUT : POLLIN; }
  void Close() { state_ = State::kDone; }

  // Reads once. True when a head is complete, or too long ever to be.
  bool ReadHead() {
    char buffer[kMaxHead];
    const ssize_t n = recv(fd(), buffer, sizeof(buffer), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
      Close();
      return false;
    }
    if (state_ != State::kReading) return false;
    in_.append(buffer, static_cast<size_t>(n));
    return in_.size() > kMaxHead || head_end() != std::string::npos;
  }

  // The head, with the last field line's CRLF; empty when there is none within the limit.
  absl::string_view head() const {
    const size_t end = head_end();
    if (end > kMaxHead) return {};
    return absl::string_view(in_).substr(0, end);
  }

  void StartResponse(std::string response) {
    out_ = std::move(response);
    state_ = State::kWriting;
    Write();
  }

  void Write() {
    const ssize_t n = send(fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) Close();
      return;
    }
    sent_ += static_cast<size_t>(n);
    if (sent_ < out_.size()) return;
    shutdown(fd(), SHUT_WR);
    state_ = State::kDraining;
  }

 private:
  enum class State { kReading, kWriting, kDraining, kDone };

  size_t head_end() const { return in_.find("\r\n\r\n"); }

  const UniqueFd fd_;
  const Time deadline_;
  State state_ = State::kReading;
  std::string in_;
  std::string out_;
  size_t sent_ = 0;
};

AdminServer::AdminServer() = default;

AdminServer::~AdminServer() { Stop(); }

void AdminServer::Handle(std::string path, Handler handler) {
  handlers_[std::move(path)] = std::move(handler);
}

absl::Status AdminServer::Listen(const SocketAddress& address) {
  sockaddr_storage bound;
  socklen_t length = address.ToSockaddr(&bound);
  if (length == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", address.ToString(), ": not an IP address"));
  }
  listener_.Reset(socket(bound.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!listener_.valid() ||
      setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(listener_.get(), reinterpret_cast<sockaddr*>(&bound), length) != 0 ||
      listen(listener_.get(), SOMAXCONN) != 0) {
    return ErrnoStatus("cannot listen on", address);
  }
  length = sizeof(bound);
  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
  address_ = FromSockaddr(bound);
  return absl::OkStatus();
}

absl::Status AdminServer::Start(const SocketAddress& address) {
  if (absl::Status status = Listen(address); !status.ok()) {
    listener_.Reset();
    return status;
  }
  stop_event_.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!stop_event_.valid()) return ErrnoStatus("no eventfd for", address);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "admin");
    Run();
  });
  return absl::OkStatus();
}

void AdminServer::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_event_.get(), 1);
  thread_.join();
  connections_.clear();
  listener_.Reset();
}

void AdminServer::Run() {
  std::vector<pollfd> fds;
  for (;;) {
    Time now = Now();
    const bool accepting = now >= accept_after_;
    fds.clear();
    fds.push_back({stop_event_.get(), POLLIN, 0});
    fds.push_back({accepting ? listener_.get() : -1, POLLIN, 0});
    for (const auto& connection : connections_) {
      fds.push_back({connection->fd(), connection->wanted(), 0});
    }
    if (poll(fds.data(), fds.size(), PollTimeoutMillis(now)) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) return;

    now = Now();
    for (size_t i = 0; i < connections_.size(); ++i) {
      if (fds[i + 2].revents != 0) Serve(connections_[i].get(), now);
    }
    std::erase_if(connections_, [now](const auto& connection) {
      return connection->done() || now >= connection->deadline();
    });
    if (fds[1].revents != 0) Accept(now);
  }
}

int AdminServer::PollTimeoutMillis(Time now) const {
  Time next = Time::max();
  if (!connections_.empty()) next = connections_.front()->deadline();
  if (accept_after_ > now) next = std::min(next, accept_after_);
  if (next == Time::max()) return -1;
  // Rounded up, so that a wake-up is never too early and the wait is not repeated with zero.
  return static_cast<int>(
      std::chrono::ceil<milliseconds>(std::max(next - now, Duration::zero())).count());
}

void AdminServer::Accept(Time now) {
  // Not for ever, so that a flood of connects can't keep the others from their turn.
  for (size_t i = 0; i < kMaxConnections; ++i) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      const bool out_of_resources =
          errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (out_of_resources) accept_after_ = now + kAcceptPause;
      if (out_of_resources || errno == EAGAIN) return;
      continue;  // that client left already
    }
    if (connections_.size() == kMaxConnections) connections_.erase(connections_.begin());
    connections_.push_back(std::make_unique<Connection>(std::move(fd), now + kConnectionTime));
  }
}

void AdminServer::Serve(Connection* connection, Time now) {
  if (now >= connection->deadline()) return;
  if (connection->wanted() == POLLOUT) {
    connection->Write();
  } else if (connection->ReadHead()) {
    connection->StartResponse(Answer(connection->head()));
  }
}

std::string AdminServer::Answer(absl::string_view head) const {
  AdminRequest request;
  if (head.empty()) return FormatAdminResponse({431, "text/plain", "head too large\n"}, false);
  if (!ParseAdminRequest(head, &request)) {
    return FormatAdminResponse({400, "text/plain", "bad request\n"}, false);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return FormatAdminResponse({405, "text/plain", "GET or HEAD\n"}, false);
  }
  const auto handler = handlers_.find(request.path);
  const bool head_only = request.method == "HEAD";
  if (handler == handlers_.end()) {
    return FormatAdminResponse({404, "text/plain", "no such page\n"}, head_only);
  }
  return FormatAdminResponse(handler->second(request), head_only);
}

}  // namespace anteroom
