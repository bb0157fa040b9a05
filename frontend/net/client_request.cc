#include "frontend/net/client_request.h"

#include <utility>

namespace anteroom::frontend {

void ClientRequest::Reset() {
  parser.Reset();
  body.clear();
  counted_body = 0;
  site = nullptr;
  path.clear();
  exchange = Exchange();
  pending_file.reset();
  framing = ResponseFraming();
  location.clear();
  allow = {};
  responding = false;
  answered = false;
  uncredited = 0;
  bytes_in = 0;
  bytes_out = 0;
  status = 0;
  outcome = Outcome::kClientGone;
  detail.clear();
}

std::unique_ptr<ClientRequest> RequestStore::Take() {
  if (free_.empty()) return std::make_unique<ClientRequest>(limits_);
  std::unique_ptr<ClientRequest> request = std::move(free_.back());
  free_.pop_back();
  return request;
}

void RequestStore::Give(std::unique_ptr<ClientRequest> request) {
  if (free_.size() >= kMost) return;
  if (request->body.capacity() > kKeptBody) std::string().swap(request->body);
  request->Reset();
  free_.push_back(std::move(request));
}

}  // namespace anteroom::frontend
