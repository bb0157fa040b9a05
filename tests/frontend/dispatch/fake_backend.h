// A backend that does what a test says, over real gRPC. Like a good one it says hello and answers
// pings, unless told otherwise; everything else is the test's.
#ifndef ANTEROOM_TESTS_FRONTEND_DISPATCH_FAKE_BACKEND_H_
#define ANTEROOM_TESTS_FRONTEND_DISPATCH_FAKE_BACKEND_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "anteroom/v1/anteroom.pb.h"
#include "common/mutex.h"
#include "common/socket_address.h"

namespace anteroom::frontend {

struct FakeBackendOptions {
  int port = 0;  // 0: any
  bool says_hello = true;
  uint32_t protocol = 1;
  uint32_t threads = 4;
  uint64_t request_window = 64 * 1024;
  bool answers_pings = true;
  bool reads = true;  // false: takes the greeting and leaves the rest in gRPC's buffers
  // Answers each request with an empty 200 at once.
  bool answers_all = false;
  // Cancels the stream, as a process that dies does, when a request arrives.
  bool dies_of_requests = false;
};

// Threading: the test's thread sends and asks; each stream is read by a thread of gRPC's. What
// the test sends goes to the newest stream.
class FakeBackend {
 public:
  // All that has arrived, over all streams.
  struct Received {
    int streams = 0;       // opened so far
    int open_streams = 0;  // now
    int batches = 0;
    std::deque<v1::Request> requests;        // in order of arrival; redone ones too
    std::vector<size_t> batch_sizes;         // requests in each batch that had any
    std::map<uint64_t, std::string> bodies;  // by id of the newest stream; inline part and chunks
    std::map<uint64_t, bool> complete;       // `last` has come
    std::map<uint64_t, uint64_t> credit;     // of responses
    std::vector<uint64_t> cancels;
    uint32_t declined = 0;
    int wants = 0;
    int pings = 0;
    size_t largest_chunk = 0;
  };

  explicit FakeBackend(FakeBackendOptions options = {});
  ~FakeBackend();  // cuts all streams
  FakeBackend(const FakeBackend&) = delete;
  FakeBackend& operator=(const FakeBackend&) = delete;

  SocketAddress address() const { return {"127.0.0.1", static_cast<uint16_t>(port_)}; }

  // Waits until `condition` holds. On failure after some seconds the test fails with `what` and a
  // summary of what did arrive.
  bool Await(absl::string_view what, const std::function<bool(const Received&)>& condition);
  // The `index`th request that arrived, counted from 0; waits for it.
  v1::Request AwaitRequest(size_t index);
  Received Now();

  void Send(const v1::BackendFrames& frames);
  void Answer(uint64_t id, absl::string_view body = "", uint32_t status = 200);
  void Start(uint64_t id);
  void Refuse(uint64_t id);
  void Return(uint64_t id);
  void Abort(uint64_t id, absl::string_view reason);
  void Grant(uint32_t places);
  // Head without body; the rest follows with Chunk.
  void Head(uint64_t id, uint64_t body_size, bool size_known = true);
  void Chunk(uint64_t id, absl::string_view data, bool last = false);
  // Breaks all streams, as a process that dies does. New ones are welcome.
  void CutStreams();

 private:
  class Service;
  class Server;

  const FakeBackendOptions options_;
  int port_ = 0;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_DISPATCH_FAKE_BACKEND_H_
