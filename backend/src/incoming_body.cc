#include "backend/src/incoming_body.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "backend/src/exchange.h"
#include "backend/src/link.h"

namespace anteroom::backend {

void IncomingBody::Add(std::string* data, bool last) {
  received_ += data->size();
  ended_ = last;
  if (data->empty()) return;
  if (!pieces_.empty() && pieces_.back().size() + data->size() <= Link::kChunk) {
    pieces_.back().append(*data);
  } else {
    pieces_.push_back(std::move(*data));
  }
  changed.NotifyOne();
}

std::string IncomingBody::Take() {
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

LinkBodyReader::LinkBodyReader(Exchange* exchange)
    : exchange_(exchange), left_(exchange->wire.body_size()), rest_(exchange->wire.body()) {}

uint64_t LinkBodyReader::size() const { return exchange_->wire.body_size(); }

absl::StatusOr<size_t> LinkBodyReader::Read(absl::Span<char> buffer) {
  if (buffer.empty() || left_ == 0) return 0;
  if (rest_.empty()) {
    if (!piece_.ok()) return piece_.status();
    piece_ = exchange_->link->ReadBody(exchange_);
    if (!piece_.ok()) return piece_.status();
    rest_ = *piece_;
  }
  const size_t size = std::min(buffer.size(), rest_.size());
  std::copy_n(rest_.data(), size, buffer.data());
  rest_.remove_prefix(size);
  left_ -= size;
  return size;
}

}  // namespace anteroom::backend
