#include "frontend/dispatch/wire_batch.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdlib>
#include <utility>

namespace anteroom::frontend {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t Tag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

size_t VarintSize(size_t value) { return CodedOutputStream::VarintSize64(value); }

uint8_t* WriteHead(int field, size_t size, uint8_t* to) {
  to = CodedOutputStream::WriteVarint32ToArray(Tag(field), to);
  return CodedOutputStream::WriteVarint64ToArray(size, to);
}

// A field of a message in a field of the batch, behind what protobuf makes of the message.
struct Layout {
  int outer;
  int inner;
  const google::protobuf::MessageLite* message;
  size_t body;

  size_t head() const {  // what comes before the body, within the outer field
    return message->ByteSizeLong() + VarintSize(Tag(inner)) + VarintSize(body);
  }
  size_t size() const {  // all of it but the body
    return VarintSize(Tag(outer)) + VarintSize(head() + body) + head();
  }
  uint8_t* Write(uint8_t* to) const {
    to = WriteHead(outer, head() + body, to);
    to = message->SerializeWithCachedSizesToArray(to);
    return WriteHead(inner, body, to);
  }
};

// On whichever thread gRPC is done with the slice.
void DropHolder(void* holder) { delete static_cast<std::shared_ptr<const void>*>(holder); }

grpc::Slice SliceOf(const WireBatch::Held& piece) {
  return grpc::Slice(const_cast<char*>(piece.bytes.data()), piece.bytes.size(), &DropHolder,
                     new std::shared_ptr<const void>(piece.holder));
}

}  // namespace

v1::Request* WireBatch::AddRequest() {
  attachments_.push_back({.to_request = true, .index = attached_.requests_size(), .pieces = {}});
  return attached_.add_requests();
}

v1::BodyChunk* WireBatch::AddChunk() {
  attachments_.push_back({.to_request = false, .index = attached_.body_size(), .pieces = {}});
  return attached_.add_body();
}

void WireBatch::Attach(Held piece) {
  attachments_.back().size += piece.bytes.size();
  attached_bytes_ += piece.bytes.size();
  attachments_.back().pieces.push_back(std::move(piece));
}

void WireBatch::Clear() {
  frames_.Clear();
  if (attachments_.empty()) return;
  attached_.Clear();
  attachments_.clear();
  attached_bytes_ = 0;
}

void WireBatch::Serialize(grpc::ByteBuffer* to) const {
  if (attachments_.empty()) {
    bool own_buffer = false;
    const grpc::Status status =
        grpc::SerializationTraits<v1::FrontendFrames>::Serialize(frames_, to, &own_buffer);
    if (!status.ok() || !own_buffer) std::abort();  // there is nothing in there that can fail
    return;
  }
  std::vector<Layout> layouts;
  layouts.reserve(attachments_.size());
  size_t size = frames_.ByteSizeLong();
  size_t slices = 1;
  for (const Attachment& one : attachments_) {
    if (one.to_request) {
      layouts.push_back({v1::FrontendFrames::kRequestsFieldNumber, v1::Request::kBodyFieldNumber,
                         &attached_.requests(one.index), one.size});
    } else {
      layouts.push_back({v1::FrontendFrames::kBodyFieldNumber, v1::BodyChunk::kDataFieldNumber,
                         &attached_.body(one.index), one.size});
    }
    size += layouts.back().size();
    slices += one.pieces.size() + 1;
  }
  // All that is written lies in one piece of memory, of which the slices between the bodies are
  // parts.
  const grpc::Slice written(size);
  uint8_t* const begin = const_cast<uint8_t*>(written.begin());
  uint8_t* end = frames_.SerializeWithCachedSizesToArray(begin);
  std::vector<grpc::Slice> parts;
  parts.reserve(slices);
  const uint8_t* from = begin;
  for (size_t i = 0; i < layouts.size(); ++i) {
    end = layouts[i].Write(end);
    parts.push_back(
        written.sub(static_cast<size_t>(from - begin), static_cast<size_t>(end - begin)));
    from = end;
    for (const Held& piece : attachments_[i].pieces) parts.push_back(SliceOf(piece));
  }
  *to = grpc::ByteBuffer(parts.data(), parts.size());
}

}  // namespace anteroom::frontend
