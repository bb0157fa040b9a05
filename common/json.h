// JSON output (RFC 8259), appended to a caller's string: for the access log, /status and diagnostic
// handlers, which write bytes that clients chose. There is no reader here and no document in
// memory.
//
// Not thread-safe: one writer, one thread.
#ifndef ANTEROOM_COMMON_JSON_H_
#define ANTEROOM_COMMON_JSON_H_

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/strings/string_view.h"

namespace anteroom {

// Appends `bytes` as one JSON string, quotes included. Whatever the bytes are, the result is one
// valid string on one line: control characters (C0, DEL and C1) are escaped, and each byte that is
// not part of well-formed UTF-8 (RFC 3629) becomes U+FFFD, so that a log reader can tell it from a
// character that the client really sent.
void AppendJsonString(absl::string_view bytes, std::string* out);

// Writes objects and arrays without building them first. The caller keeps the grammar: every Begin
// has its End, every Key one value. Commas are the writer's. A number that JSON can't hold (NaN,
// infinity) becomes null.
//
//   JsonWriter json(&line);
//   json.BeginObject();
//   json.Field("status", 200);
//   json.Key("pools").BeginArray();
//   ...
class JsonWriter {
 public:
  // `out` must outlive the writer; what it holds stays in front.
  explicit JsonWriter(std::string* out) : out_(out) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(absl::string_view key);

  JsonWriter& String(absl::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Uint(uint64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  // A value of any of the types above, chosen by its C++ type.
  template <typename T>
  JsonWriter& Value(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return Bool(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return Double(value);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      return Int(value);
    } else if constexpr (std::is_integral_v<T>) {
      return Uint(value);
    } else {
      return String(value);
    }
  }
  template <typename T>
  JsonWriter& Field(absl::string_view key, const T& value) {
    return Key(key).Value(value);
  }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string* const out_;
  // Whether a comma is due before the next key or value. One flag is enough: after any End it is
  // due again.
  bool comma_ = false;
};

}  // namespace anteroom

#endif  // ANTEROOM_COMMON_JSON_H_
