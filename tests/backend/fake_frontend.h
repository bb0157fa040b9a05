// A front end that does what a test says, over a real gRPC stream.
#ifndef ANTEROOM_TESTS_BACKEND_FAKE_FRONTEND_H_
#define ANTEROOM_TESTS_BACKEND_FAKE_FRONTEND_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "anteroom/v1/anteroom.grpc.pb.h"
#include "common/mutex.h"
#include "grpcpp/grpcpp.h"

namespace anteroom::backend {

// Threading: the test's thread sends and asks; a thread of its own reads. What has arrived is
// summed up in Received.
class FakeFrontend {
 public:
  struct Answer {
    uint32_t status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    uint64_t body_size = 0;
    bool size_known = false;
    bool last = false;
    bool aborted = false;
  };
  struct Received {
    v1::BackendHello hello;
    std::map<uint64_t, Answer> answers;
    std::set<uint64_t> refused;
    std::set<uint64_t> returned;
    std::set<uint64_t> started;
    std::map<uint64_t, uint64_t> request_credit;
    uint32_t grants = 0;
    v1::Load load;
    bool draining = false;
    uint64_t pong = 0;
    bool ended = false;  // the stream; see Status()
    size_t largest_chunk = 0;
  };

  // Connects and says hello, unless `greet` is false.
  explicit FakeFrontend(int port, bool greet = true);
  // Cancels the stream if it is still open.
  ~FakeFrontend();
  FakeFrontend(const FakeFrontend&) = delete;
  FakeFrontend& operator=(const FakeFrontend&) = delete;

  // A request that passes every check; tests change what they are about.
  static v1::Request MakeRequest(uint64_t id, absl::string_view method, absl::string_view target,
                                 absl::string_view body = "");

  bool Send(const v1::FrontendFrames& frames);
  bool SendRequest(const v1::Request& request);
  bool SendCancel(uint64_t id);
  bool SendWindow(uint64_t id, uint64_t bytes);
  bool SendChunk(uint64_t id, absl::string_view data, bool last);
  // Closes this direction.
  void CloseSending();

  // Waits until `condition` holds for what has arrived. On failure after some seconds the test
  // fails with `what` and a summary of what did arrive.
  void Await(absl::string_view what, const std::function<bool(const Received&)>& condition);
  Answer AwaitAnswer(uint64_t id);
  // How the stream ended; waits for that.
  grpc::Status AwaitEnd();
  Received Now();

  grpc::Channel* channel() { return channel_.get(); }

 private:
  void Read();
  void Note(const v1::BackendFrames& frames) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static std::string Summary(const Received& received);

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Backend::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::FrontendFrames, v1::BackendFrames>> stream_;
  std::thread reader_;

  Mutex mu_;
  CondVar changed_;
  Received received_ ABSL_GUARDED_BY(mu_);
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_TESTS_BACKEND_FAKE_FRONTEND_H_
