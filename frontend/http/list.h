// Comma-separated lists (RFC 9110, section 5.6.1) of members that hold no quoted comma.
#ifndef ANTEROOM_FRONTEND_HTTP_LIST_H_
#define ANTEROOM_FRONTEND_HTTP_LIST_H_

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

// Without SP and HTAB at both ends.
inline absl::string_view TrimSpace(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// ListReader list(value);  while (list.Next()) Use(list.member());
// Empty members are reported: whether they matter is up to the caller.
class ListReader {
 public:
  explicit ListReader(absl::string_view list) : rest_(list) {}

  bool Next() {
    if (done_) return false;
    const size_t comma = rest_.find(',');
    member_ = TrimSpace(rest_.substr(0, comma));
    done_ = comma == absl::string_view::npos;
    if (!done_) rest_.remove_prefix(comma + 1);
    return true;
  }
  absl::string_view member() const { return member_; }

 private:
  absl::string_view rest_;
  absl::string_view member_;
  bool done_ = false;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_LIST_H_
