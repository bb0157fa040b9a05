// What goes out: responses and pieces of bodies into frames.
#include <algorithm>
#include <string>
#include <utility>

#include "backend/src/link.h"
#include "common/clock.h"

namespace anteroom::backend {
namespace {

// What a response costs in a batch beside its body; an estimate, for bounding batches only.
constexpr size_t kHeadBytes = 512;
// Of the reason for which a response broke off; the front end logs no more either.
constexpr size_t kAbortReason = 256;

}  // namespace

void Link::RespondLocked(Exchange* exchange) {
  if (exchange->sending) {
    ReleaseRequestLocked(exchange);
    EndStreamLocked(exchange);
    return;
  }
  std::string& body = exchange->response.body;
  dirty_ = true;
  if (body.size() <= std::min<uint64_t>(kChunk, exchange->credit) &&
      pending_bytes_ + body.size() <= kBatch) {
    v1::Response* head = AddHeadLocked(*exchange);
    pending_bytes_ += body.size();
    host_->metrics->body_bytes_out.Add(body.size());
    head->set_body(std::move(body));
    head->set_last(true);
    ForgetLocked(exchange);
    return;
  }
  ReleaseRequestLocked(exchange);
  exchange->held = body.size();
  host_->pool->HoldBytes(exchange->held);
  exchange->sending = true;
  TakeTurnLocked(exchange);
}

void Link::EndStreamLocked(Exchange* exchange) {
  exchange->streaming = false;
  if (exchange->stream_status.ok()) {
    TakeTurnLocked(exchange);  // for the end, if for nothing else
    return;
  }
  v1::Abort* abort = pending_->add_aborts();
  abort->set_id(exchange->wire.id());
  abort->set_reason(std::string(exchange->stream_status.message().substr(0, kAbortReason)));
  dirty_ = true;
  ForgetLocked(exchange);
}

void Link::TakeTurnLocked(Exchange* exchange) {
  if (exchange->in_turn) return;
  exchange->in_turn = true;
  bodies_.PushBack(exchange);
}

v1::Response* Link::AddHeadLocked(const Exchange& exchange) {
  v1::Response* head = pending_->add_responses();
  head->set_id(exchange.wire.id());
  head->set_status(static_cast<uint32_t>(exchange.response.status));
  for (const auto& [name, value] : exchange.response.headers) {
    v1::Header* header = head->add_headers();
    header->set_name(name);
    header->set_value(value);
    pending_bytes_ += name.size() + value.size();
  }
  head->set_size_known(exchange.size_known);
  if (exchange.size_known) head->set_body_size(exchange.response.body.size());
  head->set_thread(exchange.thread);
  head->set_queued_us(static_cast<uint64_t>(ToMicros(exchange.queued)));
  head->set_run_us(static_cast<uint64_t>(ToMicros(exchange.run)));
  pending_bytes_ += kHeadBytes;
  return head;
}

void Link::FillWithBodiesLocked() {
  const size_t most = std::min(kBatch, pending_bytes_ + kBodyPerBatch);
  while (!bodies_.empty() && pending_bytes_ < most) {
    Exchange* exchange = static_cast<Exchange*>(bodies_.PopFront());
    exchange->in_turn = false;
    if (AddPieceLocked(exchange)) {
      ForgetLocked(exchange);
    } else if (exchange->credit > 0 && exchange->sent < exchange->response.body.size()) {
      TakeTurnLocked(exchange);
    }  // else a window update or the handler brings it back
  }
}

bool Link::AddPieceLocked(Exchange* exchange) {
  std::string& body = exchange->response.body;
  const size_t size =
      std::min({kChunk, static_cast<size_t>(exchange->credit), body.size() - exchange->sent});
  const bool last = !exchange->streaming && exchange->sent + size == body.size();
  if (exchange->head_sent && size == 0 && !last) return false;
  const absl::string_view piece = absl::string_view(body).substr(exchange->sent, size);
  if (exchange->head_sent) {
    v1::BodyChunk* chunk = pending_->add_body();
    chunk->set_id(exchange->wire.id());
    chunk->set_data(piece.data(), piece.size());
    chunk->set_last(last);
  } else {
    v1::Response* head = AddHeadLocked(*exchange);
    head->set_body(piece.data(), piece.size());
    head->set_last(last);
    exchange->head_sent = true;
  }
  dirty_ = true;
  exchange->sent += size;
  exchange->credit -= size;
  pending_bytes_ += size;
  host_->metrics->body_bytes_out.Add(size);
  if (exchange->streaming && exchange->sent == body.size()) {
    body.clear();
    exchange->sent = 0;
    exchange->room.NotifyOne();
  }
  return last;
}

bool Link::BeginStream(Exchange* exchange) {
  Action action;
  {
    MutexLock lock(&mu_);
    if (closing_ || exchange->cancelled()) return false;
    if (exchange->incoming == nullptr) ReleaseRequestLocked(exchange);  // else it may be read on
    exchange->sending = true;
    exchange->streaming = true;
    exchange->size_known = false;
    TakeTurnLocked(exchange);
    action = NextLocked();
  }
  Perform(action);
  return true;
}

bool Link::WriteBody(Exchange* exchange, absl::string_view bytes) {
  while (!bytes.empty()) {
    Action action;
    {
      MutexLock lock(&mu_);
      std::string& body = exchange->response.body;
      // No longer than the deadline: a client that reads slowly must not keep the thread.
      bool in_time = true;
      while (!closing_ && !exchange->cancelled() && in_time && body.size() >= kStreamBuffer) {
        in_time = exchange->room.WaitUntil(&mu_, exchange->deadline) || Now() < exchange->deadline;
      }
      if (closing_ || exchange->cancelled() || !in_time) return false;
      const size_t size = std::min(bytes.size(), kStreamBuffer - body.size());
      body.append(bytes.data(), size);
      bytes.remove_prefix(size);
      if (exchange->credit > 0) TakeTurnLocked(exchange);
      action = NextLocked();
    }
    Perform(action);
  }
  return true;
}

}  // namespace anteroom::backend
