// What a line of the access log says: one JSON object, or the combined format that Apache and nginx
// write and that log analysers read.
//
// Pure; any thread. Whatever bytes a client sent, a line is one valid line of its format. Both append
// it without a line end. `client` is an address or kUnixPeer; `wall_ms` is the time of the end,
// milliseconds since 1970, and `now` the same moment on the clock of the request's times.
#ifndef ANTEROOM_FRONTEND_ACCESS_LINE_H_
#define ANTEROOM_FRONTEND_ACCESS_LINE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "common/clock.h"

namespace anteroom::frontend {

struct ClientRequest;

// docs/OPERATIONS.md says what each field means.
void AppendJsonLine(const ClientRequest& request, absl::string_view client, Time now,
                    int64_t wall_ms, std::string* out);

// client - - [21/Nov/2026:18:00:00 +0000] "GET /a HTTP/1.1" 200 123 "referer" "user agent"
//
// The time is in UTC, the bytes are those of the body (with its chunk headers), a status that was
// never sent is 000. What is absent is "-"; '"', '\' and all bytes that are not printable ASCII are
// \xHH, as nginx writes them.
void AppendCombinedLine(const ClientRequest& request, absl::string_view client, int64_t wall_ms,
                        std::string* out);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_ACCESS_LINE_H_
