// The beginning of a connection on a listener with the PROXY protocol.
#include <string>
#include <utility>

#include "frontend/net/connection.h"
#include "frontend/net/proxy_protocol.h"
#include "spdlog/spdlog.h"

namespace anteroom::frontend {
namespace {

// In the process log; the metric counts every one.
constexpr Duration kBetweenWarnings = std::chrono::seconds(1);

}  // namespace

void ConnectionContext::RefuseProxied(SingleWriterCounter* counter, absl::string_view peer,
                                      absl::string_view reason) {
  counter->Add();
  const Time now = loop->now();
  if (now - warned_of_proxy < kBetweenWarnings) return;
  warned_of_proxy = now;
  spdlog::warn("connection refused: PROXY protocol peer={} reason={}", std::string(peer),
               std::string(reason));
}

void Connection::OnProxyHeader(absl::string_view input) {
  // It nearly always comes at once, and then nothing is copied.
  const size_t before = ahead_size();
  absl::string_view bytes = input;
  if (before > 0) {
    const absl::string_view part = input.substr(0, kMaxProxyHeaderV2 - before);
    ahead_->append(part.data(), part.size());
    bytes = *ahead_;
  }
  ProxyHeader header = DecodeProxyHeader(bytes);
  switch (header.verdict) {
    case ProxyHeader::Verdict::kMore:
      if (before == 0) Ahead().assign(input.data(), input.size());
      return;
    case ProxyHeader::Verdict::kBroken:
      context_->RefuseProxied(&context_->metrics->proxy_protocol.malformed, peer_, "no header");
      return Close(Outcome::kClientGone);
    case ProxyHeader::Verdict::kWhole:
      break;
  }
  input.remove_prefix(header.size - before);
  ahead_.reset();
  switch (header.sender) {
    case ProxyHeader::Sender::kClient:
      peer_ = std::move(header.client);
      trust_ = context_->config->trusted_proxies.Contain(peer_) ? PeerTrust::kTrusted
                                                                : PeerTrust::kUntrusted;
      // Only now it is known whose connection it is.
      address_counted_ = context_->addresses->Add(peer_);
      if (!address_counted_) {
        context_->metrics->connections_refused_by_address.Add();
        return Close(Outcome::kClientGone);
      }
      break;
    case ProxyHeader::Sender::kUnknown:
      // Somebody else speaks through the proxy: what the fields say of the client is his word.
      trust_ = PeerTrust::kUntrusted;
      break;
    case ProxyHeader::Sender::kProxy:
      break;
  }
  state_ = State::kIdle;
  timer_.SetAfter(context_->config->timeouts.idle);
  if (!input.empty()) return Consume(input);
  if (!keep_alive_) Drain();  // it was asked for in the middle of the header
}

}  // namespace anteroom::frontend
