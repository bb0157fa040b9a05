#include "frontend/net/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "frontend/dispatch/pool.h"
#include "frontend/http/forwarding.h"
#include "frontend/http/header_rules.h"
#include "frontend/http/host.h"
#include "frontend/http/method.h"
#include "frontend/http/response_writer.h"
#include "frontend/http/target.h"

namespace anteroom::frontend {
namespace {

// Pipelined requests answered before other connections get their turn.
constexpr int kPipelineTurn = 32;
// With less than this part of limits.buffers left, new work is refused so that what is under way can
// end.
constexpr uint64_t kShortOfMemory = 10;
// How often a client that is not read from is looked after, while a backend works for it.
constexpr Duration kBetweenLooks = std::chrono::seconds(1);

}  // namespace

Connection::Connection(ConnectionContext* context, const ListenerConfig& listener, UniqueFd socket,
                       std::string peer)
    : socket_(std::move(socket)),
      state_(listener.proxy_protocol ? State::kProxyHeader : State::kIdle),
      address_counted_(!listener.proxy_protocol && !listener.is_unix()),
      trust_(context->config->trusted_proxies.Contain(peer) ? PeerTrust::kTrusted
                                                            : PeerTrust::kUntrusted),
      context_(context),
      peer_(std::move(peer)),
      watch_(context->loop, socket_.get(), this),
      timer_(context->loop, this),
      since_(context->loop->now()),
      output_(this) {
  watch_.WatchRead(true);
  const TimeoutsConfig& timeouts = context_->config->timeouts;
  // A proxy has its header at hand when it connects.
  timer_.SetAfter(state_ == State::kProxyHeader ? timeouts.header : timeouts.idle);
}

Connection::~Connection() {
  request_.reset();
  ahead_.reset();
  CountBuffers();
}

// --- Reading

void Connection::OnReadable() {
  const bool ahead = Busy() || resume_due_;
  const absl::Span<char> room =
      ahead ? context_->read_buffer.bytes().subspan(0, LookAheadRoom()) : RoomToRead();
  if (room.empty()) return StopReading();
  const ssize_t n = recv(socket_.get(), room.data(), room.size(), 0);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    return Close(Outcome::kClientGone);
  }
  if (n == 0) return OnEndOfInput();
  context_->metrics->bytes_in.Add(n);
  const absl::string_view input(room.data(), n);
  if (state_ == State::kLingering) {
    const TimeoutsConfig& timeouts = context_->config->timeouts;
    return timer_.SetDeadline(
        std::min(since_ + timeouts.linger, context_->loop->now() + timeouts.linger_pause));
  }
  if (ahead) return KeepForLater(input);
  if (state_ == State::kProxyHeader) return OnProxyHeader(input);
  Consume(input);
}

absl::Span<char> Connection::RoomToRead() {
  // What can only be part of a body is read to where the body lies.
  const bool body = state_ == State::kBody && request_->pool() != nullptr;
  const uint64_t left = body ? request_->parser.body_left() : 0;
  return left > 0 ? request_->body.Room(left) : context_->read_buffer.bytes();
}

void Connection::KeepForLater(absl::string_view input) {
  Ahead().append(input.data(), input.size());
  if (LookAheadRoom() == 0) StopReading();
  CountBuffers();
}

void Connection::StopReading() {
  watch_.WatchRead(false);
  blind_ = !end_of_input_;
  if (state_ == State::kWaiting && request_->site->pool != nullptr) {
    timer_.SetDeadline(WaitDeadline());
  }
}

bool Connection::HasUnreadInput() const {
  char first;
  return recv(socket_.get(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Connection::ClientHasLeft() const {
  pollfd client{socket_.get(), POLLRDHUP, 0};
  return poll(&client, 1, 0) > 0;
}

size_t Connection::LookAheadRoom() const {
  if (MemoryIsShort()) return 0;
  const size_t most = context_->config->limits.look_ahead;
  return most - std::min(most, ahead_size());
}

std::string& Connection::Ahead() {
  if (!ahead_) ahead_ = std::make_unique<std::string>();
  return *ahead_;
}

void Connection::OnEndOfInput() {
  end_of_input_ = true;
  watch_.WatchRead(false);  // or it would be reported for ever
  switch (state_) {
    case State::kProxyHeader:
    case State::kIdle:
    case State::kLingering:
      if (!resume_due_) Close(Outcome::kClientGone);
      return;
    case State::kHead:
    case State::kBody:
      return Close(Outcome::kClientGone);
    case State::kWaiting:
      // A file is as good as sent. A handler's work is worth nothing to a client that has left.
      if (request_->site->pool != nullptr) Close(Outcome::kClientGone);
      return;
    case State::kWriting:  // it may have said all it had to say and still be reading
    case State::kClosed:
      return;
  }
}

void Connection::Resume() {
  const std::unique_ptr<std::string> input = std::move(ahead_);
  blind_ = false;
  if (!end_of_input_) watch_.WatchRead(true);
  Consume(input ? *input : absl::string_view());
  // What has not come whole by now never will.
  const bool wants_more =
      state_ == State::kIdle || state_ == State::kHead || state_ == State::kBody;
  if (wants_more && end_of_input_ && !ahead_) Close(Outcome::kClientGone);
}

void Connection::Consume(absl::string_view input) {
  consuming_ = true;
  int requests = 0;
  while (state_ != State::kClosed && state_ != State::kLingering) {
    if (Busy()) {
      if (!input.empty()) KeepForLater(input);
      break;
    }
    if (input.empty() && state_ == State::kIdle) break;
    if (state_ == State::kIdle && requests == kPipelineTurn) {
      KeepForLater(input);
      resume_due_ = true;
      timer_.SetAfter(Duration::zero());
      break;
    }
    if (!request_) {
      request_ = context_->requests.Take();
      request_->started = context_->loop->now();
      const absl::string_view id = context_->request_ids.Next();
      std::copy(id.begin(), id.end(), request_->id_bytes.begin());
    }
    size_t consumed = 0;
    const RequestParser::Event event = request_->parser.Parse(input, &consumed);
    request_->bytes_in += consumed;
    input.remove_prefix(consumed);
    switch (event) {
      case RequestParser::Event::kNeedMore:
        if (state_ == State::kIdle) {
          // An empty line or two between requests: no request yet, but the parser counts them.
          if (!request_->parser.started()) break;
          request_->started = context_->loop->now();
          state_ = State::kHead;
          timer_.SetAfter(context_->config->timeouts.header);
        }
        if (state_ == State::kBody && request_->body.paused()) {
          // The disk is behind: OnBodyRoom() goes on.
          watch_.WatchRead(false);
          request_->paused_at = context_->loop->now();
          timer_.SetAfter(context_->config->timeouts.disk);
          break;
        }
        if (state_ == State::kBody) timer_.SetDeadline(BodyDeadline());
        break;
      case RequestParser::Event::kHead:
        OnHead(/*more_input=*/!input.empty());
        continue;
      case RequestParser::Event::kBody:
        OnBodyPart(request_->parser.body(), /*more_input=*/!input.empty());
        continue;
      case RequestParser::Event::kComplete:
        ++requests;
        OnComplete();
        continue;
      case RequestParser::Event::kError:
        OnParseError();
        continue;
    }
    break;
  }
  consuming_ = false;
  CountBuffers();
  // A drain has let it be for some bytes, which were no request.
  if (state_ == State::kIdle && !keep_alive_) return CloseIfIdle();
  if (state_ == State::kHead && MemoryIsShort()) {
    (*context_->on_memory_short)();
    Refuse(Outcome::kOverload, "limits.buffers");
  }
}

void Connection::CountBuffers() {
  const auto held = static_cast<uint32_t>((request_ ? request_->memory() : 0) +
                                          (ahead_ ? ahead_->capacity() : 0));
  if (held == counted_) return;
  context_->buffer_count.Change(int64_t{held} - int64_t{std::exchange(counted_, held)});
}

void Connection::OnHead(bool more_input) {
  state_ = State::kBody;
  request_->headed = context_->loop->now();
  request_->head_bytes_in = request_->bytes_in;
  const RequestHead& head = request_->head();
  context_->metrics->requests.Add();
  const Config& config = *context_->config;
  // A reload may have taken the proxy off the list.
  if (trust_ == PeerTrust::kTrusted && !config.trusted_proxies.Contain(peer_)) {
    trust_ = PeerTrust::kUntrusted;
  }
  if (trust_ == PeerTrust::kTrusted) {
    const ForwardedClient client = ClientBehind(head, peer_, config.trusted_proxies);
    request_->client = client.address;
    request_->exchange.client_hops = client.hops;
    const auto id = FindOnly(head, "x-request-id", trust_);
    if (id && IsWellFormedRequestId(*id)) request_->given_id = *id;
  }
  keep_alive_ = keep_alive_ && head.keep_alive() && !context_->draining &&
                ++requests_ < config.limits.requests_per_connection &&
                request_->headed - since_ < config.timeouts.connection;

  if (head.target() != "*") {
    absl::StatusOr<std::string> path = DecodePath(head.path());
    if (!path.ok()) {
      keep_alive_ = false;
      request_->detail = std::string(path.status().message());
      return Answer(Outcome::kBadRequest, 400);
    }
    request_->path = *std::move(path);
    request_->table = context_->table;
    const Site* const site = FindSite(request_->path);
    if (site != nullptr && !site->route->internal) request_->site = site;
  }
  const bool has_body = head.framing() != BodyFraming::kNone;
  if (request_->site == nullptr && has_body && head.target() != "*") {
    // Not worth reading what nobody will get. OPTIONS * has an answer (RFC 9110, section 9.3.7).
    keep_alive_ = false;
    return Answer(Outcome::kNoRoute, 404);
  }
  if (request_->pool() != nullptr && MemoryIsShort()) {
    (*context_->on_memory_short)();
    if (has_body) keep_alive_ = false;
    request_->completed = request_->headed;
    request_->detail = "limits.buffers";
    return Answer(Outcome::kOverload, Info(Outcome::kOverload).status);
  }
  if (has_body && request_->pool() != nullptr) {
    const uint64_t expected =
        head.framing() == BodyFraming::kContentLength ? head.content_length() : 0;
    request_->body.Start(&context_->spool, context_->body_limits, this, expected);
  }
  if (has_body && head.expects_continue() && !more_input) {
    request_->head_bytes_out += kContinueResponse.size();
    Written(output_.Write(socket_.get(), kContinueResponse));  // may close, so it comes last
  }
}

const Site* Connection::FindSite(absl::string_view path) const {
  const std::optional<Authority> authority = ParseAuthority(request_->head().authority());
  const std::optional<size_t> route = request_->table->settings->router.Match(
      authority ? authority->host : absl::string_view(), path);
  return route ? &request_->table->sites[*route] : nullptr;
}

void Connection::OnBodyPart(absl::string_view part, bool more_input) {
  if (request_->pool() == nullptr) return;  // nobody reads it
  std::shared_ptr<Block> block;
  // Between chunks there may be more than they carry.
  const bool fixed = request_->head().framing() == BodyFraming::kContentLength;
  if (fixed && !more_input) block = context_->read_buffer.Give(part, context_->buffered_bytes);
  if (block != nullptr) {
    request_->body.Append(std::move(block));
  } else {
    request_->body.Append(part);
  }
  if (context_->buffered_bytes->load(std::memory_order_relaxed) > context_->config->limits.buffers)
    Refuse(Outcome::kOverload, "limits.buffers");
}

bool Connection::MemoryIsShort() const {
  const uint64_t most = context_->config->limits.buffers;
  return context_->buffered_bytes->load(std::memory_order_relaxed) > most - most / kShortOfMemory;
}

void Connection::Refuse(Outcome outcome, absl::string_view reason) {
  if (state_ == State::kHead) context_->metrics->requests.Add();
  keep_alive_ = false;
  request_->completed = context_->loop->now();
  request_->detail = std::string(reason);
  request_->body.Clear();
  Answer(outcome, Info(outcome).status);
}

void Connection::OnBodyRoom() {
  if (state_ != State::kBody) return;  // refused meanwhile
  // The time that our disk took is not the client's.
  request_->disk_wait += context_->loop->now() - request_->paused_at;
  Resume();
}

void Connection::OnBodyFailed(SpoolFile::Result result) {
  if (state_ != State::kBody) return;
  Refuse(Outcome::kSpoolFull,
         result == SpoolFile::Result::kNoRoom ? "spool quota" : "the disk failed");
}

void Connection::OnComplete() {
  request_->completed = context_->loop->now();
  if (request_->site == nullptr) {
    if (request_->head().target() == "*")
      return Answer(Outcome::kStatic, 204);  // OPTIONS *: the server is there
    return Answer(Outcome::kNoRoute, 404);
  }
  if (request_->site->pool != nullptr) return ServeFromPool();
  ServeFile();
}

void Connection::OnParseError() {
  const ParseError& error = request_->parser.error();
  keep_alive_ = false;
  if (state_ != State::kBody) context_->metrics->requests.Add();
  request_->completed = context_->loop->now();
  request_->detail = std::string(error.label);
  const bool too_large = error.status == 413 || error.status == 414 || error.status == 431;
  Answer(too_large ? Outcome::kTooLarge : Outcome::kBadRequest, error.status);
}

// --- Time

Time Connection::BodyDeadline() const {
  const TimeoutsConfig& timeouts = context_->config->timeouts;
  const Time begin = request_->headed + request_->disk_wait;
  const uint64_t rate = context_->config->limits.body_rate;
  if (rate == 0) return begin + timeouts.body;
  // Every byte buys its share of a second. In two steps, which can't overflow.
  const uint64_t body_bytes = request_->bytes_in - request_->head_bytes_in;
  const uint64_t whole = body_bytes / rate;
  if (whole >= static_cast<uint64_t>(ToSeconds(timeouts.body))) return begin + timeouts.body;
  const Duration earned = std::chrono::seconds(whole) +
                          std::chrono::nanoseconds(body_bytes % rate * 1'000'000'000 / rate);
  return begin + std::min(timeouts.body, timeouts.body_grace + earned);
}

Time Connection::WaitDeadline() const {
  const Exchange& exchange = request_->exchange;
  Time deadline = exchange.queued() ? QueueDeadline() : exchange.deadline;
  if (exchange.fetching) deadline = std::min(deadline, request_->fetch_until);
  return blind_ ? std::min(deadline, context_->loop->now() + kBetweenLooks) : deadline;
}

void Connection::OnTimer() {
  if (resume_due_) {
    resume_due_ = false;
    timer_.SetAfter(context_->config->timeouts.idle);
    return Resume();
  }
  switch (state_) {
    case State::kProxyHeader:
      context_->RefuseProxied(&context_->metrics->proxy_protocol.late, peer_, "too late");
      [[fallthrough]];
    case State::kIdle:
    case State::kLingering:
      return Close(Outcome::kClientGone);
    case State::kBody:
      if (request_->body.paused()) return Refuse(Outcome::kSpoolFull, "the disk is too slow");
      [[fallthrough]];
    case State::kHead:
      return Refuse(Outcome::kRequestTimeout, "");
    case State::kWaiting: {
      Exchange& exchange = request_->exchange;
      Pool* pool = request_->site->pool;
      if (pool == nullptr) {
        request_->pending_file.reset();
        StaticReply late;
        late.status = 503;
        return OnFile(std::move(late));
      }
      const Time now = context_->loop->now();
      if (blind_ && ClientHasLeft()) return Close(Outcome::kClientGone);
      if (exchange.fetching && now >= request_->fetch_until && now < exchange.deadline) {
        return OnBodyFetched(false);
      }
      if (exchange.queued() && now >= QueueDeadline()) {
        pool->Cancel(&exchange);
        if (MayHaveRun()) {
          // It may have run where the link broke, which a 503 ("send it again") would deny.
          request_->detail = "a link broke under it, and no other backend had a place in time";
          return Answer(Outcome::kBackendLost, Info(Outcome::kBackendLost).status);
        }
        return Answer(Outcome::kQueueTimeout, 503);
      }
      if (now >= exchange.deadline) {
        pool->Cancel(&exchange);
        return Answer(Outcome::kTimeout, 504);
      }
      return timer_.SetDeadline(WaitDeadline());
    }
    case State::kWriting:
      if (output_.empty()) return FailExchange(Outcome::kTimeout, "deadline");
      if (!on_disk_ && ClientReads()) return timer_.SetAfter(context_->config->timeouts.write);
      if (on_disk_) return FailExchange(Outcome::kFileError, "the disk is too slow");
      return Close(Outcome::kWriteTimeout);
    case State::kClosed:
      return;
  }
}

// --- Ending

void Connection::Drain() {
  keep_alive_ = false;
  CloseIfIdle();
}

void Connection::CloseIfIdle() {
  const bool begun = state_ == State::kProxyHeader ? ahead_ != nullptr : state_ != State::kIdle;
  if (begun || resume_due_) return;
  // A request that has arrived and was not yet read is answered; closing now would reset it.
  if (HasUnreadInput()) return;
  Close(Outcome::kClientGone);
}

void Connection::Cut() { Close(Outcome::kCut); }

void Connection::Linger() {
  if (shutdown(socket_.get(), SHUT_WR) != 0) return Close(Outcome::kClientGone);
  state_ = State::kLingering;
  ahead_.reset();
  CountBuffers();
  watch_.WatchRead(true);
  // The client may still send: a close while bytes are unread would be a reset, which may overtake our
  // answer (RFC 9112, section 9.6).
  since_ = context_->loop->now();
  const TimeoutsConfig& timeouts = context_->config->timeouts;
  timer_.SetAfter(std::min(timeouts.linger, timeouts.linger_pause));
}

void Connection::Close(Outcome outcome) {
  if (state_ == State::kClosed) return;
  if (request_) {
    if (request_->site != nullptr && request_->site->pool != nullptr)
      request_->site->pool->Cancel(&request_->exchange);
    request_->pending_file.reset();
    request_->outcome = outcome;
    if (!request_->responding) {
      request_->status = 0;
    } else if (outcome == Outcome::kCut || outcome == Outcome::kWriteTimeout) {
      // Only a reset tells every kind of client that the rest will not come: the end of the
      // connection is the regular end of a body without length.
      const linger reset{1, 0};
      setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    if (request_->parser.started()) Account();
    ReleaseRequest();
  }
  state_ = State::kClosed;
  watch_.WatchRead(false);
  watch_.WatchWrite(false);
  timer_.Clear();
  context_->owner->Remove(this);
}

}  // namespace anteroom::frontend
