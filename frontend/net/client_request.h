// Everything about the one request that a connection is reading or answering. A connection has at
// most one and gets it from its loop's store when the first byte arrives: idle connections hold
// none.
//
// Threading: loop thread only.
#ifndef ANTEROOM_FRONTEND_NET_CLIENT_REQUEST_H_
#define ANTEROOM_FRONTEND_NET_CLIENT_REQUEST_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/request_id.h"
#include "frontend/dispatch/exchange.h"
#include "frontend/http/request_parser.h"
#include "frontend/http/response_framing.h"
#include "frontend/http/traceparent.h"
#include "frontend/outcome.h"
#include "frontend/spool/spooled_body.h"
#include "frontend/static/static_files.h"

namespace anteroom::frontend {

class Pool;
struct Site;
struct SiteTable;

// What is left of the answer of a handler that named a file (X-Accel-Redirect).
struct FileRedirect {
  const Site* from;    // where the request went first: the route of that handler
  std::string fields;  // NamedFile::fields
};

struct ClientRequest {
  explicit ClientRequest(const HttpLimits& limits) : parser(limits) {}

  // Makes it as new, but for the memory it may keep.
  void Reset();
  // Null for what is answered here: files, and what has no route.
  Pool* pool() const;
  const RequestHead& head() const { return parser.head(); }
  // Of the head; the body counts by itself.
  size_t memory() const {
    return parser.memory() + path.capacity() + (redirect ? redirect->fields.capacity() : 0);
  }
  // Where it went first.
  const Site* first_site() const { return redirect ? redirect->from : site; }
  absl::string_view id() const {
    return given_id.empty() ? absl::string_view(id_bytes.data(), id_bytes.size()) : given_id;
  }

  RequestParser parser;
  SpooledBody body;
  std::array<char, RequestIdSource::kLength> id_bytes{};
  absl::string_view given_id;  // by a trusted proxy; points into the head
  absl::string_view client;    // address; behind a trusted proxy it points into the head
  std::array<char, TraceparentSource::kLength> traceparent{};

  // --- Where it goes
  std::shared_ptr<const SiteTable> table;  // that `site` is part of
  const Site* site = nullptr;
  std::string path;  // decoded and normalised
  Exchange exchange;
  Time fetch_until;  // while a piece of the body comes from the disk
  std::unique_ptr<StaticFiles::Pending> pending_file;
  std::unique_ptr<FileRedirect> redirect;  // null: no handler has named a file

  // --- How it is answered
  ResponseFraming framing;
  std::string location;     // of a redirect
  absl::string_view allow;  // of a 405, static
  bool responding = false;  // something of the final response has been written
  int unread = 0;           // bytes in the socket when its client was last seen to read
  bool answered = false;    // all of it has been handed to the output
  bool buffered = false;    // it may wait in the spool
  // Value of Content-Range of a 416.
  std::string content_range;
  // Bytes of the answer's body that the backend has not been given credit for again.
  uint64_t uncredited = 0;

  // --- What the log says
  Time started;          // first byte
  Time headed;           // end of the head; Time() before
  Time paused_at;        // when the disk was last behind...
  Duration disk_wait{};  // ...and for how long, all in all, the client was not read from
  Time completed;        // last byte of the request
  Time begun;            // first byte of the final response, when `responding`
  uint64_t bytes_in = 0;
  uint64_t head_bytes_in = 0;  // of bytes_in, once the head is complete
  uint64_t bytes_out = 0;
  uint64_t head_bytes_out = 0;  // of bytes_out, once all is written: what is not body
  int status = 0;
  Outcome outcome = Outcome::kClientGone;
  std::string detail;  // why, when something went wrong; never for the client
};

// Keeps a few requests that are done with, and the buffers they have grown unless these are large,
// for the next connections.
class RequestStore {
 public:
  explicit RequestStore(const HttpLimits& limits) : limits_(limits) {}

  std::unique_ptr<ClientRequest> Take();
  void Give(std::unique_ptr<ClientRequest> request);

 private:
  static constexpr size_t kMost = 256;
  static constexpr size_t kMostMemory = 8 * 1024;  // of each

  const HttpLimits& limits_;
  std::vector<std::unique_ptr<ClientRequest>> free_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_CLIENT_REQUEST_H_
