// A backend process in three lines:
//
//   anteroom::Server server(options);
//   server.Handle("GET", "/thumb/{name}", Thumbnail);
//   return server.Run();
#ifndef ANTEROOM_BACKEND_INCLUDE_ANTEROOM_SERVER_H_
#define ANTEROOM_BACKEND_INCLUDE_ANTEROOM_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anteroom/handler.h"

namespace anteroom {

namespace backend {
class ServerAccess;
}

// Every knob of a backend. Durations and sizes say their unit in the type or the name.
struct ServerOptions {
  // HOST:PORT where front ends connect (gRPC, plain text). Private to the cluster: whoever reaches
  // it can call every handler as any client. Port 0 takes a free one.
  std::string listen = "127.0.0.1:7000";
  // HOST:PORT of /livez, /readyz and /metrics. Empty: none.
  std::string admin = "127.0.0.1:9902";

  // The most handlers that run at once. 0: as many as the CPUs that the cgroup grants. Handlers
  // that wait (for disks, for other services) want more.
  int max_threads = 0;
  // Threads kept while idle; the others start when they are needed and end after
  // `idle_thread_timeout`.
  int min_threads = 1;
  std::chrono::milliseconds idle_thread_timeout = std::chrono::seconds(60);
  // Threads that move bytes between the network and the workers, of which one serves some 200,000
  // requests a second. While handlers take less than 20 us on average, these threads run them
  // themselves, each in the place of an idle worker: never more than `max_threads` at once, and
  // never with `max_threads` 1, where every handler runs on the same thread.
  int io_threads = 1;

  // The largest request body, in bytes; more is answered 413. The front end's limit
  // (limits.body of its configuration) comes first; this one is a bound on what a mistaken front
  // end can do.
  uint64_t max_request_body = uint64_t{1} << 30;
  // The same for handlers of HandleStreaming(), which costs no memory, so it may be larger. 0: as
  // `max_request_body`; else not less than that.
  uint64_t max_streamed_body = 0;
  // Bodies of more than 64 KiB that are here at the same time, in bytes: requests from their first
  // byte until they are answered (they count whole; those of HandleStreaming() with the 1 MiB that
  // may be here unread), responses until they are sent. Beyond it requests are refused until others
  // finish. Not less than `max_request_body`.
  uint64_t max_buffered_bytes = uint64_t{2} << 30;

  // How long handlers may go on after the first SIGTERM before the process ends without them. Less
  // than Kubernetes' terminationGracePeriodSeconds, and not less than the longest handler ought to
  // take.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(30);

  // Nothing else in the process uses gRPC: no client in a handler, no other server. gRPC's timers
  // may then be up to two seconds late, which is nothing to the links, and the process sleeps when
  // it has nothing to do instead of waking two or three times a second for them.
  bool sole_user_of_grpc = false;

  // For logs and hellos; "" means host name and process id.
  std::string name;

  // All faults at once, in one InvalidArgument; OK without any.
  absl::Status Validate() const;
};

// Threading: Handle() before Start(), from one thread. Everything else from any thread.
//
// Create the server before other threads of the process start, or block SIGTERM, SIGQUIT and SIGINT
// in those: the constructor blocks them in the calling thread, so that all threads made later
// inherit that, and Run() takes them.
class Server {
 public:
  explicit Server(const ServerOptions& options);
  // Ends as Shutdown() does when it has not happened yet. Waits for handlers that still run.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Registers a handler for a method ("*": any) and a path pattern. The segments of a pattern are
  // literal, `{name}` (exactly one segment, not empty) or, at the end only, `{name...}` (the rest
  // of the path, may be empty):
  //   "/thumb/{name}"   "/files/{path...}"   "/"
  // The most specific pattern wins: literal before `{name}` before `{name...}`, segment by segment
  // from the left. Paths are matched as received, letter by letter; captures are decoded, see
  // Request::PathParameter. Answered without a handler: 404 when no pattern matches, 405 with Allow
  // when only the method doesn't. HEAD runs the GET handler unless it has one of its own; the front
  // end sends no body then. A malformed or repeated pattern is reported by Start().
  void Handle(absl::string_view method, absl::string_view pattern, Handler handler);
  // As Handle(), for a handler that reads the body of its request piece by piece.
  void HandleStreaming(absl::string_view method, absl::string_view pattern,
                       StreamingHandler handler);

  // Listens and starts the threads. Errors: InvalidArgument (options, patterns), Unavailable
  // (address in use, ...).
  absl::Status Start();

  // Actual ports after Start(); 0 before it, and admin_port() also without an admin server.
  int port() const;
  int admin_port() const;

  // Start(), serve until SIGTERM, SIGQUIT or SIGINT, drain, and return the exit code of the
  // process: 0 after an orderly end, 1 when it could not start (one line in the log says why), 78
  // when the options are at fault. When handlers don't return within the drain timeout, or on a
  // second SIGINT, it ends the process at once with exit code 1 and does not return: a thread
  // inside a handler can't be stopped, nor can what it uses be torn down.
  // It also has the C library's allocator keep 4 MiB of what is freed, unless MALLOC_TRIM_THRESHOLD_,
  // MALLOC_MMAP_THRESHOLD_ or GLIBC_TUNABLES is set; Start() alone does not.
  int Run();

  // Begins to drain: readiness turns false, front ends are told, what has not started is given back
  // to them, what runs is finished. Returns at once; again: no effect.
  void Drain();
  // Waits until nothing is left after Drain(). False: handlers still ran when `timeout` had passed.
  bool AwaitDrained(std::chrono::milliseconds timeout);
  // Drains, closes all links and stops the threads. Waits for handlers that still run.
  void Shutdown();

 private:
  friend class backend::ServerAccess;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anteroom

#endif  // ANTEROOM_BACKEND_INCLUDE_ANTEROOM_SERVER_H_
