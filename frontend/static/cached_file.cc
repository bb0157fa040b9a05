#include "frontend/static/cached_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/http_date.h"

namespace anteroom::frontend {
namespace {

// How coarse the time stamps of the file systems in use are, at worst (FAT; the usual ones know
// milliseconds).
constexpr std::time_t kTimestampGrain = 2;

constexpr absl::string_view kContentType = "Content-Type: ";

constexpr int64_t kNanosPerSecond = 1'000'000'000;

std::time_t FloorToSeconds(int64_t ns) {
  return ns / kNanosPerSecond - (ns % kNanosPerSecond < 0 ? 1 : 0);
}

// The finalizer of SplitMix64: a bijection in which every input bit reaches every output bit.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Strong (RFC 9110, section 8.8.1): another size or modification time, to the nanosecond, is
// another tag, and so are other bytes as far as they are known here: some tools give every file the
// same time, and two levels of a compressor make other bytes of one file. The same on every loop,
// after a restart, and on every replica that has the file with its time and keeps it in memory, or
// does not, as well; so no inode number is in it.
std::string MakeEtag(const FileIdentity& identity, absl::string_view suffix,
                     absl::string_view fingerprint) {
  const uint64_t tag = Mix(Mix(static_cast<uint64_t>(identity.modified_ns)) ^ identity.size);
  return absl::StrCat("\"", absl::Hex(tag, absl::kZeroPad16), "-", absl::Hex(identity.size),
                      suffix.empty() && fingerprint.empty() ? "" : "-", suffix, fingerprint, "\"");
}

// Eight hexadecimal digits.
std::string Fingerprint(absl::string_view bytes) {
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return absl::StrCat(absl::Hex(crc, absl::kZeroPad8));
}

// Whether a change at `now` may carry that time.
bool MayBeNow(int64_t time_ns, std::time_t now) {
  return std::abs(FloorToSeconds(time_ns) - now) <= kTimestampGrain;
}

}  // namespace

CachedFile::CachedFile(const FileIdentity& identity, const FileFields& fields, uint64_t size,
                       absl::string_view body, FileHandle handle, std::time_t now)
    : identity_(identity),
      named_(fields.named != nullptr ? *fields.named : identity),
      size_(size),
      coding_(fields.coding),
      varies_(fields.varies),
      handle_(std::move(handle)),
      loaded_at_(now),
      last_modified_(std::min(FloorToSeconds(identity.modified_ns), now)),
      // Anybody may set a time in the future, but for that of the change: then a clock is wrong.
      settled_(!MayBeNow(identity.modified_ns, now) &&
               FloorToSeconds(identity.changed_ns) + kTimestampGrain < now) {
  const std::string fingerprint = in_memory() && fields.validators ? Fingerprint(body) : "";
  const std::string etag =
      fields.validators ? MakeEtag(identity, fields.etag_suffix, fingerprint) : "";
  etag_size_ = etag.size();
  content_type_size_ = fields.content_type.size();
  std::string content = absl::StrCat(kContentType, fields.content_type, "\r\n");
  if (fields.validators) {
    absl::StrAppend(&content, "Last-Modified: ", FormatHttpDate(last_modified_), "\r\nETag: ", etag,
                    "\r\nAccept-Ranges: bytes\r\n");
  }
  absl::StrAppend(&content, fields.always, fields.with_content);
  const std::string length = absl::StrCat("Content-Length: ", size, "\r\n\r\n");
  content_fields_size_ = content.size();
  fields_size_ = content.size() + length.size();
  message_.reserve(fields_size_ + body.size());
  absl::StrAppend(&message_, content, length, body);
  not_modified_ = absl::StrCat("ETag: ", etag, "\r\n", fields.always, "\r\n");
}

CachedFile::~CachedFile() {
  if (counted_ != nullptr) counted_->fetch_sub(footprint(), std::memory_order_relaxed);
}

void CachedFile::Keep() const {
  ++entries_;
  if (counted_ != nullptr) counted_->fetch_sub(footprint(), std::memory_order_relaxed);
  counted_ = nullptr;
}

void CachedFile::Leave(std::atomic<uint64_t>* sum) const {
  if (--entries_ > 0) return;
  counted_ = sum;
  if (counted_ != nullptr) counted_->fetch_add(footprint(), std::memory_order_relaxed);
}

std::shared_ptr<const CachedFile> CachedFile::InMemory(const FileIdentity& identity,
                                                       const FileFields& fields,
                                                       absl::string_view body, std::time_t now) {
  return std::shared_ptr<const CachedFile>(
      new CachedFile(identity, fields, body.size(), body, FileHandle(), now));
}

std::shared_ptr<const CachedFile> CachedFile::OnDisk(const FileIdentity& identity,
                                                     const FileFields& fields, FileHandle handle,
                                                     std::time_t now) {
  return std::shared_ptr<const CachedFile>(
      new CachedFile(identity, fields, identity.size, "", std::move(handle), now));
}

bool CachedFile::date_is_strong() const {
  return settled_ && !varies_ && last_modified_ + kTimestampGrain < loaded_at_;
}

absl::string_view CachedFile::content_fields() const {
  return absl::string_view(message_).substr(0, content_fields_size_);
}

absl::string_view CachedFile::ok_fields() const {
  return absl::string_view(message_).substr(0, fields_size_);
}

absl::string_view CachedFile::body() const {
  return absl::string_view(message_).substr(fields_size_);
}

absl::string_view CachedFile::content_type() const {
  return absl::string_view(message_).substr(kContentType.size(), content_type_size_);
}

absl::string_view CachedFile::etag() const {
  if (!has_validators()) return {};
  constexpr size_t kName = sizeof("ETag: ") - 1;
  return absl::string_view(not_modified_).substr(kName, etag_size_);
}

size_t CachedFile::footprint() const {
  return sizeof(CachedFile) + message_.capacity() + not_modified_.capacity();
}

}  // namespace anteroom::frontend
