#include "frontend/spool/spooled_body.h"

#include <algorithm>
#include <utility>

namespace anteroom::frontend {
namespace {

// Less than this is not worth a write of its own.
constexpr uint64_t kLittle = 16 * 1024;

}  // namespace

uint64_t SpooledBody::memory() const {
  return tail_.memory() + (flying_ == nullptr ? 0 : flying_->memory()) +
         (read_ == nullptr ? 0 : read_->capacity());
}

void SpooledBody::Start(const SpoolContext* spool, const Limits& limits, Owner* owner,
                        uint64_t expected) {
  spool_ = spool;
  limits_ = limits;
  limits_.memory = std::max(limits.memory, kInline);
  owner_ = owner;
  expected_ = expected;
}

void SpooledBody::Append(absl::string_view bytes) {
  const uint64_t begin = TailBegin();
  tail_.Append(bytes, expected_ > begin ? expected_ - begin : 0, limits_.all_memory);
  MaybeWrite();
}

void SpooledBody::Append(std::shared_ptr<Block> block) {
  tail_.Append(std::move(block));
  MaybeWrite();
}

absl::Span<char> SpooledBody::Room(uint64_t most) {
  return tail_.Room(most, TailBegin(), limits_.all_memory);
}

void SpooledBody::Settle() {
  settled_ = true;
  MaybeWrite();
}

uint64_t SpooledBody::MostInMemory() const {
  if (limits_.MemoryIsShort()) {
    if (limits_.use == SpoolUse::kAnswer) return kLittle;
    if (file_ == nullptr) return kInline;
  }
  if (file_ == nullptr) {
    // What will not stay in memory need not wait there either.
    return expected_ > limits_.memory ? std::min<uint64_t>(kPiece, limits_.memory) : limits_.memory;
  }
  return settled_ ? kLittle : kPiece;
}

void SpooledBody::MaybeWrite() {
  if (flying_ != nullptr || writing_failed_ || complete_) return;
  if (tail_.size() <= MostInMemory()) return;
  if (file_ == nullptr) file_ = std::make_unique<SpoolFile>(spool_, limits_.use);
  flying_ = std::make_shared<const BlockChain>(std::exchange(tail_, BlockChain()));
  file_->Append(flying_, [this](SpoolFile::Result result) { OnWritten(result); });
}

void SpooledBody::OnWritten(SpoolFile::Result result) {
  if (result != SpoolFile::Result::kOk) {
    // What could not be written stays where it is, which is enough when nothing more comes.
    writing_failed_ = true;
    if (!complete_) owner_->OnBodyFailed(result);
    return;
  }
  const bool was_paused = paused();
  flying_ = nullptr;
  peeked_ = nullptr;
  MaybeWrite();
  if (was_paused && !paused()) owner_->OnBodyRoom();
}

void SpooledBody::Clear() {
  file_ = nullptr;
  flying_ = nullptr;
  Release();
  complete_ = settled_ = writing_failed_ = false;
  expected_ = 0;
  tail_ = BlockChain();
}

absl::string_view SpooledBody::PeekIn(const BlockChain& chain, uint64_t offset) {
  const BlockChain::Piece& piece = chain.At(offset);
  peeked_ = piece.block;
  return peeked_->bytes().substr(offset - piece.begin);
}

absl::string_view SpooledBody::Peek(uint64_t offset) {
  if (offset >= TailBegin()) return PeekIn(tail_, offset - TailBegin());
  if (offset >= Written()) return PeekIn(*flying_, offset - Written());
  if (read_ == nullptr || offset < read_offset_ || offset >= read_offset_ + read_->size()) {
    Release();  // first, so that its memory may be the next one's
    std::shared_ptr<Block> block = RoomFor(offset);
    if (!file_->ReadFromMemory(offset, block.get())) return {};
    read_ = std::move(block);
    read_offset_ = offset;
  }
  peeked_ = read_;
  return read_->bytes().substr(offset - read_offset_);
}

std::shared_ptr<Block> SpooledBody::RoomFor(uint64_t offset) const {
  return std::make_shared<Block>(std::min<uint64_t>(Block::kLargest, Written() - offset),
                                 limits_.all_memory);
}

void SpooledBody::Fetch(uint64_t offset) {
  wanted_ = offset;
  owner_->OnBodyFetch();
  if (file_->reading()) return;  // for a place that is not wanted any more: see below
  file_->ReadFromDisk(offset, RoomFor(offset), [this, offset](std::shared_ptr<Block> block) {
    if (offset != wanted_) return Fetch(wanted_);
    const bool ok = block != nullptr;
    Release();
    read_ = std::move(block);
    read_offset_ = offset;
    owner_->OnBodyFetched(ok);
  });
}

void SpooledBody::Release() {
  read_ = nullptr;
  peeked_ = nullptr;
  read_offset_ = 0;
}

}  // namespace anteroom::frontend
