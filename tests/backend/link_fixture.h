// A link between a fake stream and a real worker pool.
#ifndef ANTEROOM_TESTS_BACKEND_LINK_FIXTURE_H_
#define ANTEROOM_TESTS_BACKEND_LINK_FIXTURE_H_

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "backend/src/link.h"
#include "tests/backend/fake_transport.h"
#include "tests/backend/gate.h"

namespace anteroom::backend {

class LinkTest : public ::testing::Test {
 protected:
  explicit LinkTest(int threads = 2) : pool_({.min_threads = 1, .max_threads = threads}) {
    EXPECT_TRUE(router_
                    .Add("*", "/size/{n}",
                         [](const Request& request, Context&) {
                           return Response::Bytes(
                               std::string(std::stoul(request.PathParameter("n")), 'b'), "a/b");
                         })
                    .ok());
    EXPECT_TRUE(router_
                    .Add("*", "/length",
                         [](const Request& request, Context&) {
                           return Response::Text(std::to_string(request.body().size()));
                         })
                    .ok());
    EXPECT_TRUE(router_
                    .Add("*", "/gate",
                         [this](const Request&, Context&) {
                           gate_.Pass();
                           return Response::Text("passed");
                         })
                    .ok());
    pool_.Start();
    link_ = std::make_shared<Link>(&host_, transport_);
    link_->Open("peer");
    transport_->EndWrite(link_.get());  // hello
    v1::FrontendFrames hello;
    hello.mutable_hello()->set_protocol(1);
    link_->OnBatch(&hello);
  }
  ~LinkTest() override {
    gate_.Open();
    link_->OnReadEnd();
    pool_.Stop();
  }

  static v1::Request MakeRequest(uint64_t id, absl::string_view target, uint64_t window = 1 << 20) {
    v1::Request request;
    request.set_id(id);
    request.set_method("GET");
    request.set_target(std::string(target));
    request.set_request_id(absl::StrCat("r", id));
    request.set_response_window(window);
    return request;
  }
  void Receive(v1::FrontendFrames frames) { link_->OnBatch(&frames); }
  void ReceiveRequest(const v1::Request& request) {
    v1::FrontendFrames frames;
    *frames.add_requests() = request;
    Receive(frames);
  }
  void ReceiveChunk(uint64_t id, size_t size, bool last) {
    v1::FrontendFrames frames;
    v1::BodyChunk* chunk = frames.add_body();
    chunk->set_id(id);
    chunk->set_data(std::string(size, 'x'));
    chunk->set_last(last);
    Receive(frames);
  }
  void ExpectBreach() {
    ASSERT_TRUE(transport_->closed().has_value());
    EXPECT_EQ(transport_->closed()->code(), absl::StatusCode::kInvalidArgument)
        << *transport_->closed();
  }
  void AwaitIdle() { EXPECT_TRUE(pool_.AwaitIdle(Now() + std::chrono::seconds(20))); }

  Gate gate_;
  Router router_;
  BackendMetrics metrics_;
  WorkerPool pool_;
  LinkHost host_{&pool_, &router_, &metrics_, "test", "0", uint64_t{1} << 20, uint64_t{1} << 50};
  std::shared_ptr<FakeTransport> transport_ = std::make_shared<FakeTransport>();
  std::shared_ptr<Link> link_;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_TESTS_BACKEND_LINK_FIXTURE_H_
