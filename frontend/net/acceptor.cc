#include "frontend/net/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "common/socket_address.h"

namespace anteroom::frontend {
namespace {

constexpr int kUnsentLowWater = 32 * 1024;
// Connections accepted before others get their turn: what these ask for is begun in that turn, too.
// A Unix socket is shared by all loops and wakes all of them: one at a time, so that none takes
// everything.
constexpr int kAcceptTurn = 8;
constexpr int kSharedAcceptTurn = 1;
// Without a descriptor to spare, accepting rests this long instead of spinning on a listener that
// stays readable.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

// An IPv4 client of a listener on [::] is named as what it is.
std::string PeerName(const sockaddr_storage& address) {
  if (address.ss_family == AF_UNIX) return std::string(kUnixPeer);
  std::string host = FromSockaddr(address).host;
  constexpr absl::string_view kMapped = "::ffff:";
  if (absl::StartsWith(host, kMapped) && absl::StrContains(host, '.'))
    host.erase(0, kMapped.size());
  return host;
}

}  // namespace

class Acceptor::Listener final : private FdHandler {
 public:
  Listener(Acceptor* acceptor, UniqueFd socket, ListenerConfig config)
      : acceptor_(acceptor),
        config_(std::move(config)),
        socket_(std::move(socket)),
        watch_(acceptor->context_->loop, socket_.get(), this) {
    watch_.WatchRead(true);
  }
  int fd() const { return socket_.get(); }
  const ListenerConfig& config() const { return config_; }
  void SetConfig(const ListenerConfig& config) { config_ = config; }
  void Watch(bool on) { watch_.WatchRead(on); }

 private:
  void OnReadable() override { acceptor_->Accept(*this); }
  void OnWritable() override {}

  Acceptor* const acceptor_;
  ListenerConfig config_;
  const UniqueFd socket_;
  FdWatch watch_;
};

Acceptor::Acceptor(ConnectionContext* context)
    : context_(context), resume_accepting_(context->loop, [this] {
        for (const auto& listener : listeners_) listener->Watch(true);
      }) {
  context->owner = this;
}

Acceptor::~Acceptor() = default;

void Acceptor::Listen(UniqueFd socket, ListenerConfig config) {
  listeners_.push_back(std::make_unique<Listener>(this, std::move(socket), std::move(config)));
}

void Acceptor::KeepListeners(const std::vector<ListenerConfig>& configs) {
  std::vector<std::unique_ptr<Listener>> all;
  all.swap(listeners_);
  std::vector<std::unique_ptr<Listener>> gone;
  for (std::unique_ptr<Listener>& listener : all) {
    const auto config = std::find_if(
        configs.begin(), configs.end(),
        [&](const ListenerConfig& candidate) { return candidate.SamePlace(listener->config()); });
    if (config != configs.end()) listener->SetConfig(*config);
    (config != configs.end() ? listeners_ : gone).push_back(std::move(listener));
  }
  for (const std::unique_ptr<Listener>& listener : gone) {
    while (Accept(*listener)) {
    }
  }
}

bool Acceptor::Accept(const Listener& listener) {
  const int turn = listener.config().is_unix() ? kSharedAcceptTurn : kAcceptTurn;
  for (int i = 0; i < turn; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    UniqueFd socket(accept4(listener.fd(), reinterpret_cast<sockaddr*>(&address), &length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (errno == ECONNABORTED || errno == EINTR) continue;
      context_->metrics->accept_errors.Add();
      PauseAccepting();
      return false;
    }
    Add(std::move(socket), listener.config(), PeerName(address));
  }
  return true;
}

void Acceptor::PauseAccepting() {
  for (const auto& listener : listeners_) listener->Watch(false);
  resume_accepting_.SetAfter(kAcceptPause);
}

void Acceptor::Add(UniqueFd socket, const ListenerConfig& listener, std::string peer) {
  if (listener.proxy_protocol && !context_->config->trusted_proxies.Contain(peer)) {
    context_->RefuseProxied(&context_->metrics->proxy_protocol.untrusted, peer, "not trusted");
    return;  // closes it
  }
  if (context_->open_connections->fetch_add(1, std::memory_order_relaxed) >=
      context_->config->limits.connections) {
    context_->open_connections->fetch_sub(1, std::memory_order_relaxed);
    context_->metrics->connections_refused.Add();
    return;  // closes it
  }
  // What comes through a proxy is counted when its header has named the client.
  const bool by_address = !listener.proxy_protocol && !listener.is_unix();
  if (by_address && !context_->addresses->Add(peer)) {
    context_->open_connections->fetch_sub(1, std::memory_order_relaxed);
    context_->metrics->connections_refused_by_address.Add();
    return;
  }
  context_->metrics->connections_accepted.Add();
  context_->metrics->connections.Add(1);
  if (!listener.is_unix()) {
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Or the socket is writable again only after a third of its buffer, which may be megabytes, has
    // gone out, and a client that reads slowly but steadily would look like one that has stopped.
    // And what is written to a client with a small window is cut into pieces of half of it: the
    // less waits in the kernel, the cheaper is a client that does not read.
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentLowWater,
               sizeof kUnsentLowWater);
  }
  auto connection =
      std::make_unique<Connection>(context_, listener, std::move(socket), std::move(peer));
  connection->index = static_cast<uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
}

void Acceptor::Remove(Connection* connection) {
  context_->open_connections->fetch_sub(1, std::memory_order_relaxed);
  context_->metrics->connections.Add(-1);
  if (connection->address_counted()) context_->addresses->Remove(connection->peer());
  const size_t index = connection->index;
  if (removed_.empty()) {
    context_->loop->Defer([this] {
      std::vector<std::unique_ptr<Connection>> removed;
      removed.swap(removed_);
      removed.clear();
      if (drained_ && connections_.empty()) std::exchange(drained_, nullptr)();
    });
  }
  removed_.push_back(std::move(connections_[index]));
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = static_cast<uint32_t>(index);
  }
  connections_.pop_back();
}

void Acceptor::CloseIdle() {
  for (size_t i = connections_.size(); i-- > 0;) {
    connections_[i]->Relieve();
    connections_[i]->CloseIfIdle();
  }
}

void Acceptor::Drain(std::function<void()> drained) {
  for (const auto& listener : listeners_) {
    while (Accept(*listener)) {
    }
  }
  listeners_.clear();
  drained_ = std::move(drained);
  context_->draining = true;
  // Backwards: a connection that closes at once is replaced by the last one, which has had its
  // turn.
  for (size_t i = connections_.size(); i-- > 0;) connections_[i]->Drain();
  if (connections_.empty() && removed_.empty()) {
    if (drained_) std::exchange(drained_, nullptr)();
  }
}

void Acceptor::CutAll() {
  listeners_.clear();
  for (size_t i = connections_.size(); i-- > 0;) connections_[i]->Cut();
}

}  // namespace anteroom::frontend
