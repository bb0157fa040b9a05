// What goes out: when a message is made of what has gathered, and what is in it.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "frontend/dispatch/link.h"
#include "frontend/http/forwarding.h"
#include "frontend/http/header_rules.h"

namespace anteroom::frontend {
namespace {

constexpr size_t kChunk = 64 * 1024;    // the largest BodyChunk
constexpr size_t kBatch = 1024 * 1024;  // a message is closed when it has grown to this
// A body up to this goes along with its request, all of it, if it is in memory: its backend need not
// put it together.
constexpr uint64_t kWhole = 256 * 1024;
// Less than this is copied into the message, which costs less than a slice of its own.
constexpr uint64_t kAttached = 4 * 1024;
// While a backend has this many requests for each of its threads before it, a batch of fewer than
// kSmallBatch waits for the next message from there: a message costs as much as five requests.
constexpr size_t kPlenty = 4;
constexpr size_t kSmallBatch = 16;

bool IsTraceField(absl::string_view name) {
  return (name.size() == 11 && absl::EqualsIgnoreCase(name, "traceparent")) ||
         (name.size() == 10 && absl::EqualsIgnoreCase(name, "tracestate"));
}

// What a trusted proxy says of the client, put together anew: a client may have sent the same fields
// to the proxy, which may have appended instead of replaced.
template <typename Add>
void AddForwarded(const Exchange& exchange, const Add& add) {
  const RequestHead& head = *exchange.head;
  std::string list;
  AppendToList(head, "x-forwarded-for", exchange.peer, &list);
  add("X-Forwarded-For", list);
  if (head.Find("forwarded")) {
    list.clear();
    AppendToList(head, "forwarded", ForwardedElement(exchange.peer), &list);
    add("Forwarded", list);
  }
  const size_t hops = exchange.client_hops;
  add("X-Forwarded-Proto", ClientScheme(head, exchange.trust, hops));
  if (const auto host = ForwardedHost(head, hops); !host.empty()) add("X-Forwarded-Host", host);
  if (const auto ip = ForwardedRealIp(head, hops); !ip.empty()) add("X-Real-IP", ip);
}

}  // namespace

bool Link::NothingButRequests() const {
  return with_body_.empty() && cancels_.empty() && credits_.empty() && declined_ == 0 && !want_ &&
         !ping_due_;
}

bool Link::MayWait() const {
  return NothingButRequests() && outbox_.size() < kSmallBatch &&
         exchanges_.size() - outbox_.size() - answering_ >= kPlenty * threads_;
}

void Link::OnTurnEnd() {
  if (state_ != State::kUp || heard_in_turn_ || !MayWait()) {
    heard_in_turn_ = false;
    return Flush();
  }
  if (!held_batch_.pending()) held_batch_.Begin();
}

void Link::Flush() {
  held_batch_.End();
  if (state_ != State::kUp || NothingToSend()) return;
  // One message at a time: what gathers while it is on its way goes into the next.
  if (stream_->writing()) return;
  size_t bytes = 0;
  while (bytes < kBatch && !outbox_.empty()) {
    Exchange* exchange = outbox_.front();
    outbox_.pop_front();
    bytes += EncodeRequest(exchange);
  }
  while (bytes < kBatch && !with_body_.empty()) bytes += EncodeNextChunk();
  for (const uint64_t id : cancels_) out_.frames()->add_cancels()->set_id(id);
  cancels_.clear();
  for (const auto& [id, credit] : credits_) {
    v1::WindowUpdate* update = out_.frames()->add_windows();
    update->set_id(id);
    update->set_bytes(credit);
  }
  credits_.clear();
  if (want_) out_.frames()->mutable_want()->set_oldest_wait_us(ToMicros(*want_));
  want_.reset();
  out_.frames()->set_declined(std::exchange(declined_, 0));
  if (ping_due_) out_.frames()->mutable_ping()->set_number(ping_number_);
  ping_due_ = false;
  out_.frames()->set_round_trip_us(ToMicros(round_trip_));
  counters_->batches_out.Add();
  stream_->Write(out_);
  // Clear() keeps the capacity of messages and strings, which is the point; but not that of an
  // exceptional batch.
  if (bytes - out_.attached_bytes() > kBatch / 2) {
    out_ = WireBatch();
  } else {
    out_.Clear();
  }
}

void Link::AttachBytes(BodySource* body, absl::string_view bytes) {
  if (std::shared_ptr<const void> holder = body->Hold()) {
    out_.Attach({bytes, std::move(holder)});
  } else {
    auto held = std::make_shared<const std::string>(bytes);
    out_.Attach({*held, held});
  }
}

size_t Link::EncodeRequest(Exchange* exchange) {
  const RequestHead& head = *exchange->head;
  BodySource& body = *exchange->body;
  // Of a body in a file there may be nothing yet; then all of it follows in chunks.
  const bool attached = body.size() >= kAttached;
  v1::Request* request = attached ? out_.AddRequest() : out_.frames()->add_requests();
  const auto set = [](std::string* to, absl::string_view from) {
    to->assign(from.data(), from.size());
  };
  request->set_id(exchange->id);
  set(request->mutable_method(), head.method());
  set(request->mutable_target(), head.target());
  set(request->mutable_authority(), head.authority());
  set(request->mutable_scheme(), ClientScheme(head, exchange->trust, exchange->client_hops));
  size_t bytes = head.target().size() + head.authority().size();
  const auto add = [&](absl::string_view name, absl::string_view value) {
    v1::Header* header = request->add_headers();
    set(header->mutable_name(), name);
    set(header->mutable_value(), value);
    bytes += name.size() + value.size();
  };
  const bool new_trace = !exchange->traceparent.empty();
  ForEachForwarded(head, exchange->trust, [&](const Field& field) {
    if (new_trace && IsTraceField(field.name)) return;
    if (!IsRewritten(field.name)) add(field.name, field.value);
  });
  add("X-Request-ID", exchange->request_id);
  if (new_trace) add("traceparent", exchange->traceparent);
  if (exchange->trust == PeerTrust::kTrusted) {
    AddForwarded(*exchange, add);
  } else {
    add("X-Forwarded-For", exchange->peer);
    add("X-Forwarded-Proto", "http");
  }
  const uint64_t most = body.size() <= kWhole ? body.size() : BodySource::kInline;
  exchange->body_sent = 0;
  while (exchange->body_sent < most) {
    const absl::string_view piece =
        body.Peek(exchange->body_sent).substr(0, most - exchange->body_sent);
    if (piece.empty()) break;
    if (attached) {
      AttachBytes(&body, piece);
    } else {
      request->mutable_body()->append(piece.data(), piece.size());
    }
    exchange->body_sent += piece.size();
  }
  request->set_body_size(body.size());
  const Time now = loop_->now();
  request->set_timeout_us(std::max<int64_t>(1, ToMicros(exchange->deadline - now)));
  request->set_waited_us(std::max<int64_t>(0, ToMicros(now - exchange->enqueued)));
  set(request->mutable_request_id(), exchange->request_id);
  request->set_attempt(exchange->attempt);
  request->set_response_window(exchange->response_window);
  request->set_report_start(!MayRunAgain(*exchange));
  exchange->encoded = true;
  // No more than the body needs, so that credit cannot overflow.
  exchange->request_credit = std::min<uint64_t>(request_window_, body.size());
  exchange->response_credit = exchange->response_window;
  exchange->response_left.reset();
  if (exchange->body_sent < body.size() && exchange->request_credit > 0)
    with_body_.push_back(exchange);
  return bytes + exchange->body_sent;
}

size_t Link::EncodeNextChunk() {
  Exchange* exchange = with_body_.front();
  with_body_.pop_front();
  BodySource& body = *exchange->body;
  absl::string_view data = body.Peek(exchange->body_sent);
  if (data.empty()) {
    exchange->fetching = true;
    body.Fetch(exchange->body_sent);
    return 0;
  }
  const size_t size = std::min<uint64_t>({kChunk, exchange->request_credit, data.size()});
  data = data.substr(0, size);
  exchange->body_sent += size;
  exchange->request_credit -= size;
  const bool last = exchange->body_sent == body.size();
  v1::BodyChunk* chunk = out_.AddChunk();  // however short: those of a body stay in their order
  chunk->set_id(exchange->id);
  AttachBytes(&body, data);
  chunk->set_last(last);
  if (last) body.Release();
  if (!last && exchange->request_credit > 0) with_body_.push_back(exchange);
  return size;
}

}  // namespace anteroom::frontend
