#include "frontend/spool/spooled_body.h"

#include <algorithm>
#include <utility>

namespace anteroom::frontend {
namespace {

// Of what is announced, how much memory is taken ahead: a client pays for memory with data.
constexpr uint64_t kReserve = 16 * 1024;
// Memory that an empty body may keep for the next request.
constexpr size_t kKept = 16 * 1024;
// Less than this is not worth a write of its own.
constexpr uint64_t kLittle = 16 * 1024;

uint64_t Memory(const std::string& text) { return text.empty() ? 0 : text.capacity(); }

// What is being written belongs to the file-I/O threads as well, and takes memory for as long as it
// waits there, whether or not its body still exists.
struct Piece {
  Piece(std::string&& bytes_in, std::atomic<uint64_t>* all_memory_in)
      : bytes(std::move(bytes_in)), all_memory(all_memory_in) {
    all_memory->fetch_add(Memory(bytes), std::memory_order_relaxed);
  }
  ~Piece() { all_memory->fetch_sub(Memory(bytes), std::memory_order_relaxed); }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  const std::string bytes;
  std::atomic<uint64_t>* const all_memory;
};

}  // namespace

uint64_t SpooledBody::memory() const {
  return counted_ + (flying_ == nullptr ? 0 : Memory(*flying_));
}

void SpooledBody::Start(const SpoolContext* spool, const Limits& limits, Owner* owner,
                        uint64_t expected) {
  spool_ = spool;
  limits_ = limits;
  limits_.memory = std::max(limits.memory, kInline);
  owner_ = owner;
  tail_.reserve(std::min(expected, kReserve));
}

void SpooledBody::Append(absl::string_view bytes) {
  tail_.append(bytes.data(), bytes.size());
  MaybeWrite();
  Count();
}

void SpooledBody::Settle() {
  settled_ = true;
  MaybeWrite();
  Count();
}

uint64_t SpooledBody::MostInMemory() const {
  if (file_ == nullptr) return limits_.memory;
  return settled_ ? kLittle : kPiece;
}

void SpooledBody::MaybeWrite() {
  if (flying_ != nullptr || writing_failed_ || complete_) return;
  if (tail_.size() <= MostInMemory()) return;
  if (file_ == nullptr) file_ = std::make_unique<SpoolFile>(spool_);
  const auto piece = std::make_shared<const Piece>(std::move(tail_), limits_.all_memory);
  flying_ = std::shared_ptr<const std::string>(piece, &piece->bytes);
  tail_ = std::string();
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
  MaybeWrite();
  Count();
  if (was_paused && !paused()) owner_->OnBodyRoom();
}

void SpooledBody::Clear() {
  file_ = nullptr;
  flying_ = nullptr;
  Release();
  complete_ = settled_ = writing_failed_ = false;
  if (tail_.capacity() > kKept) {
    std::string().swap(tail_);
  } else {
    tail_.clear();
  }
  Count();
}

void SpooledBody::Count() {
  if (limits_.all_memory == nullptr) return;
  const uint64_t now = Memory(tail_) + Memory(read_);
  if (now > counted_) {
    limits_.all_memory->fetch_add(now - counted_, std::memory_order_relaxed);
  } else if (now < counted_) {
    limits_.all_memory->fetch_sub(counted_ - now, std::memory_order_relaxed);
  }
  counted_ = now;
}

absl::string_view SpooledBody::Peek(uint64_t offset) {
  if (offset >= TailBegin()) return absl::string_view(tail_).substr(offset - TailBegin());
  const uint64_t written = Written();
  if (offset >= written) return absl::string_view(*flying_).substr(offset - written);
  if (offset < read_offset_ || offset >= read_offset_ + read_.size()) {
    Keep(offset, file_->ReadFromMemory(offset, std::min<uint64_t>(kReadPiece, written - offset)));
  }
  return absl::string_view(read_).substr(offset - read_offset_);
}

void SpooledBody::Keep(uint64_t offset, std::string bytes) {
  read_offset_ = offset;
  read_ = std::move(bytes);
  Count();
}

void SpooledBody::Fetch(uint64_t offset) {
  wanted_ = offset;
  if (file_->reading()) return;  // for a place that is not wanted any more: see below
  const uint64_t size = std::min<uint64_t>(kReadPiece, Written() - offset);
  file_->ReadFromDisk(offset, size, [this, offset](std::string bytes) {
    if (offset != wanted_) return Fetch(wanted_);
    const bool ok = !bytes.empty();
    Keep(offset, std::move(bytes));
    owner_->OnBodyFetched(ok);
  });
}

void SpooledBody::Release() {
  read_ = std::string();
  read_offset_ = 0;
  Count();
}

}  // namespace anteroom::frontend
