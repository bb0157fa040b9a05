#include "backend/src/exchange.h"

#include <utility>

#include "backend/src/invoke.h"
#include "backend/src/link.h"
#include "backend/src/status_response.h"

namespace anteroom::backend {
namespace {

// Strings that have grown beyond this are given back to the allocator between two requests.
constexpr size_t kKeptBytes = 4096;

void Trim(std::string* text) {
  if (text->capacity() > kKeptBytes) {
    std::string().swap(*text);
  } else {
    text->clear();
  }
}

class LinkBodyWriter final : public BodyWriter {
 public:
  explicit LinkBodyWriter(Exchange* exchange) : exchange_(exchange) {}
  bool Write(absl::string_view bytes) override {
    complete_ = complete_ && exchange_->link->WriteBody(exchange_, bytes);
    return complete_;
  }
  // Whether everything that was written is on its way. If not, the body has a hole, whatever the
  // handler makes of it.
  bool complete() const { return complete_; }

 private:
  Exchange* const exchange_;
  bool complete_ = true;
};

}  // namespace

void Exchange::ReportStart(int worker) {
  thread = static_cast<uint32_t>(worker);
  if (cancelled() || Now() >= deadline) return;  // it won't run
  if (!link->ReportStart(this)) cancellation.Cancel();
}

bool Exchange::Run(int worker) {
  const Time start = Now();
  thread = static_cast<uint32_t>(worker);
  queued = start - arrived;
  if (cancelled()) return false;
  if (start >= deadline) {
    response = StatusResponse(absl::DeadlineExceededError(""));
    return false;
  }
  Request::Parts parts;
  parts.method = wire.method();
  parts.target = wire.target();
  parts.authority = wire.authority();
  parts.scheme = wire.scheme();
  parts.body = body();
  parts.headers.reserve(static_cast<size_t>(wire.headers_size()));
  for (const v1::Header& header : wire.headers())
    parts.headers.push_back({header.name(), header.value()});

  Context::Fields fields;
  fields.deadline = deadline;
  fields.request_id = wire.request_id();
  fields.attempt = wire.attempt() == 0 ? 1 : static_cast<int>(wire.attempt());
  fields.thread = worker;
  fields.cancellation = &cancellation;
  Context context(fields);

  const LinkHost& host = link->host();
  host.metrics->queue_wait.Observe(queued);
  host.metrics->body_bytes_in.Add(parts.body.size());
  LinkBodyReader reader(this);
  response = Invoke(*host.router, host.metrics, std::move(parts), &reader, &context);
  if (incoming != nullptr) host.metrics->bodies_streamed.Add();
  run = Now() - start;
  if (response.stream != nullptr) {
    if (wire.method() == "HEAD") {
      size_known = false;
    } else if (link->BeginStream(this)) {
      LinkBodyWriter writer(this);
      stream_status = WriteStream(response, context, &writer);
      if (stream_status.ok() && !writer.complete()) {
        stream_status = absl::DeadlineExceededError("the client did not fetch the answer in time");
      }
    }
  }
  if (incoming != nullptr && reader.left() > 0) host.metrics->bodies_unread.Add();
  return true;
}

void Exchange::Deliver(uint32_t grants, Send send) { link->Deliver(this, grants, send); }

void Exchange::Reset() {
  ResetState();
  link.reset();
  cancellation.Reset();
  wire.Clear();
  Trim(&large_body);
  response.headers.clear();
  Trim(&response.body);
  response.status = 200;
  response.stream = nullptr;
  incoming.reset();
  window = uncredited = sent = credit = held = 0;
  deadline = Time::max();
  sending = streaming = in_turn = head_sent = false;
  size_known = true;
  stream_status = absl::OkStatus();
  bytes = 0;
  complete = true;
  needs_worker = reports_start = false;
  start_batch = 0;
}

}  // namespace anteroom::backend
