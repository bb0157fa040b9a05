// The whole backend in this process, with front ends on real gRPC streams.
#include "anteroom/server.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "anteroom/v1/anteroom.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/backend/fake_frontend.h"
#include "tests/backend/gate.h"

namespace anteroom::backend {
namespace {

using Received = FakeFrontend::Received;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.listen = "127.0.0.1:0";
    options_.admin = "";
    options_.max_threads = 2;
  }
  ~ServerTest() override { gate_.Open(); }

  void StartServer() {
    server_ = std::make_unique<Server>(options_);
    server_->Handle("*", "/hello",
                    [](const Request&, Context&) { return Response::Text("hello"); });
    server_->Handle("*", "/size", [](const Request& request, Context&) {
      return Response::Text(std::to_string(request.body().size()));
    });
    server_->HandleStreaming("*", "/pass", [](const Request&, BodyReader& body, Context&) {
      return Response::Stream(
          [&body](BodyWriter& out) -> absl::Status {
            char buffer[100'000];
            while (true) {
              const absl::StatusOr<size_t> size = body.Read(buffer);
              if (!size.ok()) return size.status();
              if (*size == 0) return absl::OkStatus();
              if (!out.Write(absl::string_view(buffer, *size))) return absl::CancelledError("");
            }
          },
          "text/plain");
    });
    server_->Handle("*", "/wait", [this](const Request&, Context&) {
      gate_.Pass();
      return Response::Text("waited");
    });
    server_->Handle("*", "/wait-cancelled", [this](const Request&, Context& context) {
      started_.Open();
      context.SleepFor(std::chrono::hours(1));
      gate_.Pass();
      return Response::Text("nobody reads this");
    });
    server_->Handle("*", "/throw", [](const Request&, Context&) -> absl::StatusOr<Response> {
      throw std::runtime_error("the secret reason");
    });
    server_->Handle("*", "/big", [](const Request&, Context&) {
      return Response::Bytes(std::string(1'000'000, 'b'), "application/octet-stream");
    });
    server_->Handle("*", "/stream", [this](const Request&, Context&) {
      return Response::Stream(
          [this](BodyWriter& body) -> absl::Status {
            if (!body.Write("first ")) return absl::CancelledError("");
            gate_.Pass();
            if (!body.Write(std::string(300'000, 's'))) return absl::CancelledError("");
            return absl::OkStatus();
          },
          "text/plain");
    });
    server_->Handle("*", "/stream-fails", [](const Request&, Context&) {
      return Response::Stream(
          [](BodyWriter& body) -> absl::Status {
            body.Write("first ");
            throw std::runtime_error("out of data");
          },
          "text/plain");
    });
    const absl::Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status;
  }

  std::unique_ptr<FakeFrontend> Connect() {
    return std::make_unique<FakeFrontend>(server_->port());
  }
  static v1::Request Get(uint64_t id, absl::string_view target) {
    return FakeFrontend::MakeRequest(id, "GET", target);
  }

  ServerOptions options_;
  Gate gate_;
  Gate started_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, SaysHelloAndAnswers) {
  StartServer();
  const auto frontend = Connect();
  const v1::BackendHello hello = frontend->Now().hello;
  EXPECT_EQ(hello.threads(), 2u);
  EXPECT_GT(hello.request_window(), 0u);
  frontend->SendRequest(Get(1, "/hello?x=1"));
  const FakeFrontend::Answer answer = frontend->AwaitAnswer(1);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.size_known);
  EXPECT_EQ(answer.body_size, 5u);
  EXPECT_EQ(answer.headers.at("Content-Type"), "text/plain; charset=utf-8");
}

TEST_F(ServerTest, RefusesWhatHasNoThreadAndGrantsThePlaceWhenOneIsFree) {
  StartServer();
  const auto busy = Connect();
  const auto waiting = Connect();
  busy->SendRequest(Get(1, "/wait"));
  busy->SendRequest(Get(2, "/wait"));
  gate_.AwaitArrived(2);
  waiting->SendRequest(Get(1, "/hello"));
  waiting->Await("refusal", [](const Received& r) { return r.refused.count(1) == 1; });
  EXPECT_EQ(waiting->Now().load.accepted(), 2u);
  EXPECT_EQ(waiting->Now().load.running(), 2u);
  gate_.Open();
  waiting->Await("a grant", [](const Received& r) { return r.grants == 1; });
  waiting->SendRequest(Get(2, "/hello"));
  EXPECT_EQ(waiting->AwaitAnswer(2).body, "hello");
}

TEST_F(ServerTest, AnExceptionIs500AndTellsNothing) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/throw"));
  const FakeFrontend::Answer answer = frontend->AwaitAnswer(1);
  EXPECT_EQ(answer.status, 500u);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  frontend->SendRequest(Get(2, "/hello"));
  EXPECT_EQ(frontend->AwaitAnswer(2).status, 200u);
}

TEST_F(ServerTest, UnknownPathsAre404AndMethodsAre405) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/nothing"));
  EXPECT_EQ(frontend->AwaitAnswer(1).status, 404u);
}

TEST_F(ServerTest, ABigResponseKeepsWithinTheWindow) {
  StartServer();
  const auto frontend = Connect();
  v1::Request request = Get(1, "/big");
  request.set_response_window(100'000);
  frontend->SendRequest(request);
  frontend->Await("the first window", [](const Received& r) {
    return r.answers.count(1) == 1 && r.answers.at(1).body.size() >= 100'000;
  });
  // A whole other exchange goes by, and still no byte beyond the window.
  frontend->SendRequest(Get(2, "/hello"));
  EXPECT_EQ(frontend->AwaitAnswer(2).status, 200u);
  EXPECT_EQ(frontend->Now().answers[1].body.size(), 100'000u);
  EXPECT_EQ(frontend->Now().answers[1].body_size, 1'000'000u);
  frontend->SendWindow(1, 2'000'000);
  const FakeFrontend::Answer answer = frontend->AwaitAnswer(1);
  EXPECT_EQ(answer.body, std::string(1'000'000, 'b'));
  EXPECT_LE(frontend->Now().largest_chunk, 65536u);
}

TEST_F(ServerTest, ABigRequestBodyComesInUnderTheWindow) {
  StartServer();
  const auto frontend = Connect();
  const uint64_t window = frontend->Now().hello.request_window();
  const std::string chunk(65536, 'x');
  v1::Request request = FakeFrontend::MakeRequest(1, "POST", "/size", chunk);
  const uint64_t total = 50 * chunk.size();
  request.set_body_size(total);
  frontend->SendRequest(request);
  uint64_t sent = chunk.size();
  uint64_t used = 0;
  while (sent < total) {
    frontend->Await("credit", [&](const Received& r) {
      const auto found = r.request_credit.find(1);
      return used + chunk.size() <= window + (found == r.request_credit.end() ? 0 : found->second);
    });
    sent += chunk.size();
    used += chunk.size();
    ASSERT_TRUE(frontend->SendChunk(1, chunk, sent == total));
  }
  EXPECT_EQ(frontend->AwaitAnswer(1).body, std::to_string(total));
}

// Larger than both windows together, so that each end has to wait for the other.
TEST_F(ServerTest, ABodyIsAnsweredAsItIsRead) {
  options_.max_request_body = 100'000;
  options_.max_streamed_body = 1 << 30;
  StartServer();
  const auto frontend = Connect();
  const uint64_t window = frontend->Now().hello.request_window();
  std::string body;
  for (int piece = 0; piece < 100; ++piece) {
    body += std::string(65'536, static_cast<char>('0' + piece));
  }
  v1::Request request = FakeFrontend::MakeRequest(1, "POST", "/pass", "");
  request.set_body_size(body.size());
  frontend->SendRequest(request);
  uint64_t allowed = request.response_window();
  for (uint64_t sent = 0; sent < body.size() && !HasFailure(); sent += 65'536) {
    frontend->Await("credit", [&](const Received& r) {
      const auto found = r.request_credit.find(1);
      return sent + 65'536 <= window + (found == r.request_credit.end() ? 0 : found->second);
    });
    ASSERT_TRUE(frontend->SendChunk(1, body.substr(sent, 65'536), sent + 65'536 == body.size()));
    frontend->SendWindow(1, 65'536);
    allowed += 65'536;
  }
  const FakeFrontend::Answer answer = frontend->AwaitAnswer(1);
  EXPECT_FALSE(answer.aborted);
  EXPECT_TRUE(answer.body == body) << answer.body.size() << " bytes";
  EXPECT_LE(answer.body.size(), allowed);
}

TEST_F(ServerTest, ARequestBodyBeyondTheLimitIs413) {
  options_.max_request_body = 100'000;
  StartServer();
  const auto frontend = Connect();
  v1::Request request = FakeFrontend::MakeRequest(1, "POST", "/size", std::string(65536, 'x'));
  request.set_body_size(100'001);
  frontend->SendRequest(request);
  EXPECT_EQ(frontend->AwaitAnswer(1).status, 413u);
  frontend->SendChunk(1, "too late", false);
  frontend->SendRequest(Get(2, "/hello"));
  EXPECT_EQ(frontend->AwaitAnswer(2).status, 200u);
}

TEST_F(ServerTest, AStreamBeginsBeforeTheHandlerIsDone) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/stream"));
  frontend->Await("the first piece", [](const Received& r) {
    return r.answers.count(1) == 1 && r.answers.at(1).body == "first ";
  });
  EXPECT_FALSE(frontend->Now().answers[1].size_known);
  gate_.Open();
  frontend->SendWindow(1, 1'000'000);
  EXPECT_EQ(frontend->AwaitAnswer(1).body, "first " + std::string(300'000, 's'));
}

TEST_F(ServerTest, AStreamThatFailsIsAborted) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/stream-fails"));
  const FakeFrontend::Answer answer = frontend->AwaitAnswer(1);
  EXPECT_TRUE(answer.aborted);
  EXPECT_FALSE(answer.last);
}

TEST_F(ServerTest, AStreamForHeadHasNoBody) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(FakeFrontend::MakeRequest(1, "HEAD", "/stream"));
  const FakeFrontend::Answer answer = frontend->AwaitAnswer(1);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.size_known);
}

TEST_F(ServerTest, ACancelledStreamFreesItsThread) {
  options_.max_threads = 1;
  StartServer();
  const auto frontend = Connect();
  v1::Request request = Get(1, "/stream");
  request.set_response_window(1);  // the handler will wait for credit that never comes
  frontend->SendRequest(request);
  gate_.Open();
  frontend->Await("the head", [](const Received& r) { return r.answers.count(1) == 1; });
  frontend->SendCancel(1);
  frontend->Await("a free place", [](const Received& r) { return r.load.accepted() == 0; });
  frontend->SendRequest(Get(2, "/hello"));
  EXPECT_EQ(frontend->AwaitAnswer(2).status, 200u);
}

TEST_F(ServerTest, ACancelWakesTheHandlerAndItsAnswerIsThrownAway) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/wait-cancelled"));
  started_.Pass();
  frontend->SendCancel(1);
  gate_.AwaitArrived(1);
  gate_.Open();
  frontend->Await("a free place", [](const Received& r) { return r.load.accepted() == 0; });
  frontend->SendRequest(Get(2, "/hello"));
  frontend->AwaitAnswer(2);
  EXPECT_EQ(frontend->Now().answers.count(1), 0u);
}

TEST_F(ServerTest, ADeadlineCancelsTheHandler) {
  StartServer();
  const auto frontend = Connect();
  v1::Request request = Get(1, "/wait-cancelled");
  request.set_timeout_us(100'000);
  frontend->SendRequest(request);
  gate_.AwaitArrived(1);
}

TEST_F(ServerTest, ARequestWhoseDeadlineHasPassedDoesNotRun) {
  StartServer();
  const auto frontend = Connect();
  v1::Request request = Get(1, "/wait");
  request.set_timeout_us(1);
  frontend->SendRequest(request);
  EXPECT_EQ(frontend->AwaitAnswer(1).status, 504u);
  EXPECT_EQ(gate_.arrived(), 0);
}

TEST_F(ServerTest, ALinkThatBreaksCancelsItsHandlers) {
  StartServer();
  auto frontend = Connect();
  frontend->SendRequest(Get(1, "/wait-cancelled"));
  started_.Pass();
  frontend = nullptr;
  gate_.AwaitArrived(1);
}

TEST_F(ServerTest, ReportsTheStartOfARequestThatMustNotRunTwice) {
  StartServer();
  const auto frontend = Connect();
  v1::Request request = Get(1, "/wait");
  request.set_report_start(true);
  frontend->SendRequest(request);
  frontend->Await("started", [](const Received& r) { return r.started.count(1) == 1; });
  gate_.Open();
  EXPECT_EQ(frontend->AwaitAnswer(1).status, 200u);
}

TEST_F(ServerTest, HealthIsAnsweredWhileAllThreadsAreBusy) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/wait"));
  frontend->SendRequest(Get(2, "/wait"));
  gate_.AwaitArrived(2);

  const auto health = grpc::health::v1::Health::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  grpc::ClientContext check_context;
  EXPECT_TRUE(health->Check(&check_context, request, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);

  grpc::ClientContext unknown_context;
  request.set_service("no.such.Service");
  EXPECT_EQ(health->Check(&unknown_context, request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);

  v1::FrontendFrames ping;
  ping.mutable_ping()->set_number(7);
  frontend->Send(ping);
  frontend->Await("pong", [](const Received& r) { return r.pong == 7; });
}

// Requests that take no time are run by the thread that reads them. One that does take time must
// not keep it from reading.
TEST_F(ServerTest, AHandlerThatBlocksAmongTinyOnesHoldsUpNobody) {
  options_.min_threads = 2;
  StartServer();
  const auto frontend = Connect();
  uint64_t id = 0;
  const auto answer_500 = [&] {
    for (int answered = 0; answered < 500 && !HasFailure();) {
      frontend->SendRequest(Get(++id, "/hello"));
      // On a busy machine it may be given back, when the other thread is late.
      frontend->Await("an end", [id](const Received& r) {
        return r.returned.count(id) > 0 || (r.answers.count(id) > 0 && r.answers.at(id).last);
      });
      answered += static_cast<int>(frontend->Now().answers.count(id));
    }
  };
  answer_500();
  frontend->SendRequest(Get(++id, "/wait"));
  const uint64_t waiting = id;
  gate_.AwaitArrived(1);
  answer_500();
  const auto health = grpc::health::v1::Health::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_TRUE(health->Check(&context, {}, &response).ok());
  gate_.Open();
  EXPECT_EQ(frontend->AwaitAnswer(waiting).body, "waited");
}

TEST_F(ServerTest, EndsWhileAHandlerBlocksTheThreadThatReadIt) {
  options_.min_threads = 2;
  StartServer();
  const auto frontend = Connect();
  for (uint64_t id = 1; id <= 500; ++id) {
    frontend->SendRequest(Get(id, "/hello"));
    EXPECT_EQ(frontend->AwaitAnswer(id).status, 200u);
  }
  frontend->SendRequest(Get(501, "/wait"));
  gate_.AwaitArrived(1);
  std::thread stopping([this] { server_->Shutdown(); });
  frontend->AwaitEnd();
  gate_.Open();
  stopping.join();
}

TEST_F(ServerTest, WhoWatchesHealthLearnsOfTheDrain) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/wait"));
  gate_.AwaitArrived(1);
  const auto health = grpc::health::v1::Health::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto watch = health->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->Drain();
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
  gate_.Open();
}

TEST_F(ServerTest, DrainFinishesWhatRunsAndEndsTheStreams) {
  StartServer();
  const auto frontend = Connect();
  const auto idle = Connect();
  frontend->SendRequest(Get(1, "/wait"));
  gate_.AwaitArrived(1);
  server_->Drain();
  EXPECT_TRUE(idle->AwaitEnd().ok());
  EXPECT_TRUE(idle->Now().draining);
  frontend->Await("draining", [](const Received& r) { return r.draining; });
  frontend->SendRequest(Get(2, "/hello"));
  frontend->Await("refusal", [](const Received& r) { return r.refused.count(2) == 1; });
  gate_.Open();
  EXPECT_EQ(frontend->AwaitAnswer(1).body, "waited");
  EXPECT_TRUE(frontend->AwaitEnd().ok());
  EXPECT_TRUE(server_->AwaitDrained(std::chrono::seconds(20)));
}

TEST_F(ServerTest, AFrontEndThatClosesItsDirectionGetsTheEnd) {
  StartServer();
  const auto frontend = Connect();
  frontend->CloseSending();
  EXPECT_TRUE(frontend->AwaitEnd().ok());
}

TEST_F(ServerTest, ShutdownEndsOpenLinksAndWaitsForHandlers) {
  StartServer();
  const auto frontend = Connect();
  frontend->SendRequest(Get(1, "/wait-cancelled"));
  started_.Pass();
  gate_.Open();
  server_->Shutdown();
  frontend->AwaitEnd();
  EXPECT_EQ(gate_.arrived(), 1);
}

TEST_F(ServerTest, ATakenPortIsUnavailable) {
  StartServer();
  ServerOptions options = options_;
  options.listen = "127.0.0.1:" + std::to_string(server_->port());
  Server second(options);
  EXPECT_EQ(second.Start().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, FaultyOptionsAndPatternsAreReportedTogether) {
  options_.io_threads = 0;
  options_.min_threads = -1;
  options_.max_streamed_body = options_.max_request_body - 1;
  Server faulty(options_);
  const absl::Status status = faulty.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("io_threads"), absl::string_view::npos);
  EXPECT_NE(status.message().find("min_threads"), absl::string_view::npos);
  EXPECT_NE(status.message().find("max_streamed_body"), absl::string_view::npos);
}

TEST_F(ServerTest, MalformedPatternsAreReportedByStart) {
  Server faulty(options_);
  const auto handler = [](const Request&, Context&) { return Response::Empty(204); };
  faulty.Handle("GET", "no-slash", handler);
  faulty.Handle("GET", "/a/{b...}/c", handler);
  const absl::Status status = faulty.Start();
  EXPECT_NE(status.message().find("no-slash"), absl::string_view::npos);
  EXPECT_NE(status.message().find("{b...}"), absl::string_view::npos);
}

}  // namespace
}  // namespace anteroom::backend
