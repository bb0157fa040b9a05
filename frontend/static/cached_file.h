// One static file, ready to be sent: the field section prepared as bytes and either the body behind
// it or an open descriptor. Shared by the cache and by the replies that are still being sent, so
// that evicting or replacing a file never disturbs a transfer under way.
//
// Threading: made on a file-I/O thread, then given to one loop; immutable but for what is
// said to be on the loop, which is that loop's. Destroyed on any thread. The descriptor is closed by a file-I/O thread (a close may wait, on FUSE or
// NFS for instance), so the FileIo must outlive every CachedFile.
#ifndef ANTEROOM_FRONTEND_STATIC_CACHED_FILE_H_
#define ANTEROOM_FRONTEND_STATIC_CACHED_FILE_H_

#include <atomic>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/http/content_coding.h"
#include "frontend/static/file_handle.h"
#include "frontend/static/residency_hints.h"

namespace anteroom::frontend {

// What tells one state of a file from another. The change time is part of it, but not of the ETag:
// `chmod` must be noticed and yet must not make clients fetch the same bytes again.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;        // bytes
  int64_t modified_ns = 0;  // since the epoch
  int64_t changed_ns = 0;   // since the epoch

  bool operator==(const FileIdentity&) const = default;
};

// What the field section of a file says beside its size and times. Views need to be valid during
// the call only.
struct FileFields {
  absl::string_view content_type = "";
  // Complete field lines, each with its CR LF, that a 200, a 206 and a 304 carry (RFC 9110, section
  // 15.4.5: Cache-Control, Content-Location, Expires, Vary).
  absl::string_view always = "";
  // The same for what a 304 leaves out (Content-Encoding and what the operator adds).
  absl::string_view with_content = "";
  // Goes into the ETag behind a '-': a representation that is not the file's own bytes is another
  // one. Letters and digits; may be empty.
  absl::string_view etag_suffix = "";
  // What the bytes are coded in. The fields for it are among the above.
  ContentCoding coding = ContentCoding::kIdentity;
  // Of the file that the path names, where the bytes come from one beside it (`name.br`).
  const FileIdentity* named = nullptr;
  // Whether other clients may get other bytes that are as old.
  bool varies = false;
  // False for what was made here, of which no time tells that it has changed: no Last-Modified and
  // ETag, and no condition or range is looked at.
  bool validators = true;
};

class CachedFile {
 public:
  // A file whose body is kept in memory, as it is sent. `now` is the wall clock (see
  // last_modified()).
  static std::shared_ptr<const CachedFile> InMemory(const FileIdentity& identity,
                                                    const FileFields& fields,
                                                    absl::string_view body, std::time_t now);
  // A file that is sent from its descriptor by a FileSender.
  static std::shared_ptr<const CachedFile> OnDisk(const FileIdentity& identity,
                                                  const FileFields& fields, FileHandle handle,
                                                  std::time_t now);

  ~CachedFile();
  CachedFile(const CachedFile&) = delete;
  CachedFile& operator=(const CachedFile&) = delete;

  // Of the file that the bytes come from, coded or not.
  const FileIdentity& identity() const { return identity_; }
  // Of the file that the path names: the same, unless that is FileFields::named.
  const FileIdentity& named_identity() const { return named_; }
  ContentCoding coding() const { return coding_; }
  // Bytes of what is sent. Of a file that was compressed here that is not identity().size.
  uint64_t size() const { return size_; }

  bool in_memory() const { return !handle_.valid(); }
  absl::string_view body() const;  // only when in_memory()
  int fd() const {
    return handle_.get();
  }  // only when not in_memory(); read with explicit offsets only

  // For a 200, also the one to a HEAD: content_fields(), Content-Length, and the empty line that
  // ends the field section. What the connection adds (Date, Connection) goes between status line
  // and this block.
  absl::string_view ok_fields() const;
  // All fields but Content-Length, each with its CR LF: Content-Type, which is the first, then
  // Last-Modified, ETag, Accept-Ranges and those of FileFields.
  absl::string_view content_fields() const;
  // ok_fields() and, when in_memory(), the body: adjacent bytes, so that a hot 200 is one writev of
  // {status line and Date, ok_message()}.
  absl::string_view ok_message() const { return message_; }
  // For a 304: ETag, FileFields::always and the empty line (RFC 9110, section 15.4.5: no other
  // metadata when there is an ETag).
  absl::string_view not_modified_fields() const { return not_modified_; }

  // Strong, with its quotes; empty without validators. Of the bytes, when in_memory(), and of size and
  // time; of a file on disk of the latter only.
  absl::string_view etag() const;
  bool has_validators() const { return etag_size_ > 0; }
  absl::string_view content_type() const;
  // Whole seconds since the epoch. A modification time in the future becomes the time at which the
  // file was loaded (RFC 9110, section 8.8.2.1: never later than Date).
  std::time_t last_modified() const { return last_modified_; }

  // The wall clock when the file was read.
  std::time_t loaded_at() const { return loaded_at_; }

  // Whether Last-Modified tells these bytes from all others of the same path: not where the same file
  // is sent in several codings (RFC 9110, section 8.8.1), nor when that time is as good as now.
  bool date_is_strong() const;

  // False when the file was changed so shortly before it was loaded that a change after the loading
  // may carry the same time stamps: then an equal identity() does not prove equal bytes.
  bool settled() const { return settled_; }

  // What the senders of this file know of the page cache. On the loop only.
  ResidencyHints& residency() const { return residency_; }

  // A sender has found that it isn't any more what it was opened as. On the loop only.
  void MarkBroken() const { broken_ = true; }
  bool broken() const { return broken_; }

  // The cache accounts for what it keeps, once for each entry. What only senders have is counted in
  // `*sum` (nowhere if null), from the Leave() of the last entry to the end of the file, or until it
  // is kept again. On the loop only.
  void Keep() const;
  void Leave(std::atomic<uint64_t>* sum) const;

  // Bytes of memory that this object accounts for.
  size_t footprint() const;

 private:
  CachedFile(const FileIdentity& identity, const FileFields& fields, uint64_t size,
             absl::string_view body, FileHandle handle, std::time_t now);

  const FileIdentity identity_;
  const FileIdentity named_;
  const uint64_t size_;
  const ContentCoding coding_;
  const bool varies_;
  const FileHandle handle_;
  const std::time_t loaded_at_;
  const std::time_t last_modified_;
  const bool settled_;
  std::string message_;  // ok_fields() and body
  std::string not_modified_;
  mutable ResidencyHints residency_;
  mutable bool broken_ = false;
  mutable uint32_t entries_ = 0;                      // of the cache, with this file
  mutable std::atomic<uint64_t>* counted_ = nullptr;  // has footprint() in it
  size_t fields_size_ = 0;                            // of ok_fields() in message_
  size_t content_fields_size_ = 0;                    // of content_fields() in message_
  size_t etag_size_ = 0;
  size_t content_type_size_ = 0;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_CACHED_FILE_H_
