// Where a link takes the body of a request from.
#ifndef ANTEROOM_FRONTEND_DISPATCH_BODY_SOURCE_H_
#define ANTEROOM_FRONTEND_DISPATCH_BODY_SOURCE_H_

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// A complete body, which may be read again and again from any place, since a request may be sent
// more than once.
//
// Threading: loop thread only.
class BodySource {
 public:
  // A body up to this goes along with its request, so all of it is always in memory.
  static constexpr uint64_t kInline = 64 * 1024;

  virtual ~BodySource() = default;
  virtual uint64_t size() const = 0;
  // Bytes from `offset` on, at least one and not necessarily all; empty when they have to be
  // fetched first. Valid until the next call of any method.
  virtual absl::string_view Peek(uint64_t offset) = 0;
  // Brings bytes from `offset` on into memory. Whoever owns the source is told when they are there,
  // and calls Link::OnBodyReadable().
  virtual void Fetch(uint64_t offset) = 0;
  // Keeps what the last Peek() has returned where it is, on any thread, for as long as somebody has
  // this. Null: it has to be copied.
  virtual std::shared_ptr<const void> Hold() { return nullptr; }
  // All of it has been sent: what Peek() keeps in memory may go.
  virtual void Release() = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_BODY_SOURCE_H_
