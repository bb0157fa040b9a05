// A request head as the parser understood it.
#ifndef ANTEROOM_FRONTEND_HTTP_REQUEST_HEAD_H_
#define ANTEROOM_FRONTEND_HTTP_REQUEST_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

struct MethodInfo;

struct Field {
  absl::string_view name;   // as the client wrote it
  absl::string_view value;  // without the optional white space around it
};

enum class BodyFraming : uint8_t { kNone, kContentLength, kChunked };

// One request head: the bytes as they came, in one buffer, and offsets into it. Views are valid
// until the parser that owns the head is reset, destroyed or moved. Not thread-safe.
class RequestHead {
 public:
  absl::string_view method() const { return View(method_); }
  // Never null once the parser has reported the head.
  const MethodInfo* method_info() const { return method_info_; }
  // Path and query in origin-form, exactly as received; "*" for OPTIONS *. An absolute-form target
  // without a path has become "/" (RFC 9112, section 3.2.2), or "*" for OPTIONS without a query
  // (section 3.2.4).
  absl::string_view target() const { return View(target_); }
  absl::string_view path() const;   // target up to the first '?', still percent-encoded
  absl::string_view query() const;  // what follows the '?', or empty
  // Host field, or the authority of an absolute-form target (which must then agree with Host). May
  // be empty.
  absl::string_view authority() const { return View(authority_); }
  int minor_version() const { return minor_version_; }  // 0 or 1; a later HTTP/1.x counts as 1

  size_t field_count() const { return fields_.size(); }
  // In wire order, all of them but those that were dropped.
  Field field(size_t i) const { return {View(fields_[i].name), View(fields_[i].value)}; }
  // The first field of that name (compared without case).
  std::optional<absl::string_view> Find(absl::string_view name) const;
  // Fields left out because of an underscore in the name: programs that turn names into variables
  // (CGI) would take "X_Real_IP" for "X-Real-IP".
  size_t dropped_fields() const { return dropped_fields_; }

  BodyFraming framing() const { return framing_; }
  uint64_t content_length() const {
    return content_length_;
  }  // 0 unless framing() is kContentLength
  bool keep_alive() const {
    return keep_alive_;
  }  // what version and Connection ask for (RFC 9112, section 9.3)
  // `Expect: 100-continue` from an HTTP/1.1 client
  bool expects_continue() const { return expects_continue_; }
  // Connection has options other than close and keep-alive: names of fields that must not be
  // forwarded.
  bool connection_names_fields() const { return connection_names_fields_; }

 private:
  friend class HeadParser;

  struct Span {
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  struct FieldSpan {
    Span name;
    Span value;
  };

  absl::string_view View(Span span) const { return {bytes_.data() + span.begin, span.size}; }

  std::string bytes_;
  std::vector<FieldSpan> fields_;
  Span method_;
  Span target_;
  Span authority_;
  uint32_t path_size_ = 0;
  uint32_t dropped_fields_ = 0;
  uint64_t content_length_ = 0;
  const MethodInfo* method_info_ = nullptr;
  uint8_t minor_version_ = 0;
  BodyFraming framing_ = BodyFraming::kNone;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool connection_names_fields_ = false;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_REQUEST_HEAD_H_
