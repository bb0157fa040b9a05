#include "frontend/net/client_request.h"

#include <utility>

#include "frontend/net/connection_context.h"

namespace anteroom::frontend {

void ClientRequest::Reset() {
  parser.Reset();
  body.Clear();
  given_id = {};
  client = {};
  site = nullptr;
  table.reset();
  path.clear();
  exchange = Exchange();
  pending_file.reset();
  redirect.reset();
  framing = ResponseFraming();
  location.clear();
  allow = {};
  content_range.clear();
  responding = false;
  answered = false;
  buffered = false;
  uncredited = 0;
  bytes_in = 0;
  head_bytes_in = 0;
  bytes_out = 0;
  head_bytes_out = 0;
  status = 0;
  outcome = Outcome::kClientGone;
  detail.clear();
  disk_wait = Duration::zero();
  headed = Time();
  completed = Time();
}

Pool* ClientRequest::pool() const { return site != nullptr ? site->pool : nullptr; }

std::unique_ptr<ClientRequest> RequestStore::Take() {
  if (free_.empty()) return std::make_unique<ClientRequest>(limits_);
  std::unique_ptr<ClientRequest> request = std::move(free_.back());
  free_.pop_back();
  return request;
}

void RequestStore::Give(std::unique_ptr<ClientRequest> request) {
  if (free_.size() >= kMost || request->memory() > kMostMemory) return;
  request->Reset();
  free_.push_back(std::move(request));
}

}  // namespace anteroom::frontend
