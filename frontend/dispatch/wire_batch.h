// A batch on its way out. Large bodies are not copied into it: gRPC gets them where they lie, between
// the bytes that protobuf makes of the rest.
#ifndef ANTEROOM_FRONTEND_DISPATCH_WIRE_BATCH_H_
#define ANTEROOM_FRONTEND_DISPATCH_WIRE_BATCH_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "anteroom/v1/anteroom.pb.h"

namespace grpc {
class ByteBuffer;
}

namespace anteroom::frontend {

// Threading: loop thread only; gRPC may let go of the bodies on any.
class WireBatch {
 public:
  // Bytes that stay where they are while somebody holds them.
  struct Held {
    absl::string_view bytes;
    std::shared_ptr<const void> holder;
  };

  // What is copied. Within each group of frames it comes before what is attached.
  v1::FrontendFrames* frames() { return &frames_; }
  // A request, or a chunk, whose body or data is `body`, to which more pieces may be added. The
  // message has none of its own; it is kept until Clear().
  v1::Request* AddRequest();
  v1::BodyChunk* AddChunk();
  // To what was added last by one of these.
  void Attach(Held piece);

  size_t attached_bytes() const { return attached_bytes_; }
  // Empty again, with its memory for the next one; gRPC may still hold what was attached.
  void Clear();

  void Serialize(grpc::ByteBuffer* to) const;

 private:
  struct Attachment {
    bool to_request;
    int index;  // of its message in attached_
    std::vector<Held> pieces;
    size_t size = 0;  // of all pieces
  };

  v1::FrontendFrames frames_;
  v1::FrontendFrames attached_;  // requests and chunks without their bodies
  std::vector<Attachment> attachments_;
  size_t attached_bytes_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_WIRE_BATCH_H_
