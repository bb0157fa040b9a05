// What connections do where a test from outside can't look: memory, counters, moments.
#include "frontend/net/connection.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/dispatch/fake_backend.h"
#include "tests/frontend/net/worker_rig.h"

namespace anteroom::frontend {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string Post(size_t size) {
  return absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", size, "\r\n\r\n",
                      std::string(size, 'x'));
}

// Thousands of them may be idle. malloc takes 8 bytes more and rounds up to 16 (docs/DECISIONS.md,
// "What an idle connection takes").
TEST(ConnectionTest, FillsNoMoreThan440BytesOfMemory) { EXPECT_LE(sizeof(Connection), 440U); }

TEST(ConnectionTest, AnsweredUploadsGiveTheirBuffersBack) {
  FakeBackend backend({.answers_all = true});
  WorkerRig rig;
  rig.config.limits.buffers = 100'000;
  rig.Start({backend.address()});
  TestSocket client(rig.address());
  for (int i = 0; i < 5; ++i) {
    client.Send(Post(60'000));
    EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 200 ")) << i;
  }
  WorkerRig::Await("the release", [&] { return rig.shared.buffered_bytes.load() == 0; });
}

TEST(ConnectionTest, UploadsThatWouldGoBeyondTheBuffersAre503) {
  WorkerRig rig;
  rig.config.limits.buffers = 100'000;
  rig.Start({});
  TestSocket first(rig.address());
  first.Send(Post(60'000));
  WorkerRig::Await("the first body", [&] { return rig.shared.buffered_bytes.load() >= 60'000; });
  TestSocket second(rig.address());
  second.Send(Post(60'000));
  EXPECT_THAT(second.ReadHead(), StartsWith("HTTP/1.1 503 "));
}

TEST(ConnectionTest, OneConnectionMoreThanTheLimitIsClosedAtOnce) {
  FakeBackend backend({.answers_all = true});
  WorkerRig rig;
  rig.config.limits.connections = 2;
  rig.Start({backend.address()});
  {
    std::vector<TestSocket> clients;
    for (int i = 0; i < 2; ++i) {
      clients.emplace_back(rig.address());
      clients.back().Send(kGet);
      EXPECT_THAT(clients.back().ReadHead(), StartsWith("HTTP/1.1 200 "));
    }
    TestSocket third(rig.address());
    EXPECT_EQ(third.ReadToEnd(), "");
    EXPECT_EQ(rig.worker().metrics().connections_refused.value(), 1u);
  }
  WorkerRig::Await("room", [&] { return rig.shared.open_connections.load() == 0; });
  TestSocket next(rig.address());
  next.Send(kGet);
  EXPECT_THAT(next.ReadHead(), StartsWith("HTTP/1.1 200 "));
}

// More than one turn's worth, none of which waits for anything.
TEST(ConnectionTest, PipelinedRequestsBeyondATurnAreAllAnswered) {
  constexpr int kRequests = 200;
  WorkerRig rig;
  rig.config.routes[0].path = "/elsewhere";
  rig.Start({});
  TestSocket client(rig.address());
  std::string requests;
  for (int i = 1; i < kRequests; ++i) requests += kGet;
  requests += "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  client.Send(requests);
  const std::string answers = client.ReadToEnd();
  int count = 0;
  for (size_t at = 0; (at = answers.find("HTTP/1.1 404 ", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, kRequests);
  EXPECT_EQ(rig.Outcomes(Outcome::kNoRoute), static_cast<uint64_t>(kRequests));
}

TEST(ConnectionTest, ReadsAheadExactlyUpToItsBound) {
  constexpr uint64_t kLookAhead = 16 * 1024;  // also the default
  FakeBackend backend;
  WorkerRig rig;
  rig.config.limits.look_ahead = kLookAhead;
  rig.Start({backend.address()});
  TestSocket client(rig.address());
  client.Send(kGet);
  const uint64_t id = backend.AwaitRequest(0).id();
  std::string ahead;
  while (ahead.size() < (32u << 20)) ahead += kGet;
  EXPECT_LT(client.SendUntilStuck(ahead, /*patience_ms=*/200), ahead.size());
  EXPECT_EQ(rig.worker().metrics().bytes_in.value(), sizeof kGet - 1 + kLookAhead);
  backend.Answer(id);
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 200 "));
  backend.AwaitRequest(1);
}

TEST(ConnectionTest, ABackendIsNotAskedForMoreThanTheClientTakes) {
  FakeBackend backend;
  WorkerRig rig;
  rig.Start({backend.address()});
  TestSocket client(rig.address(), /*receive_buffer=*/4096);
  client.Send(kGet);
  const v1::Request request = backend.AwaitRequest(0);
  constexpr uint64_t kSize = 64 << 20;
  backend.Head(request.id(), 0, /*size_known=*/false);  // streamed, so not spooled
  // Sends whatever it has credit for, until no more comes.
  const std::string chunk(64 * 1024, 'x');
  uint64_t sent = 0;
  uint64_t allowed = request.response_window();
  int idle_looks = 0;
  while (idle_looks < 100 && sent + chunk.size() <= kSize) {
    if (sent + chunk.size() <= allowed) {
      backend.Chunk(request.id(), chunk);
      sent += chunk.size();
      idle_looks = 0;
      continue;
    }
    ++idle_looks;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // between two looks
    const auto credit = backend.Now().credit;
    const auto mine = credit.find(request.id());
    allowed = request.response_window() + (mine == credit.end() ? 0 : mine->second);
  }
  // The kernel's buffers take some megabytes; what the process holds is the rest.
  WorkerRig::Await("a standstill", [&] { return rig.worker().metrics().bytes_out.value() > 0; });
  EXPECT_LT(sent, kSize / 2);
  EXPECT_LE(sent - std::min(sent, rig.worker().metrics().bytes_out.value()),
            request.response_window() + 2 * 64 * 1024);
}

// The next request has begun and cannot be completed any more.
TEST(ConnectionTest, ALeavingClientsUnfinishedRequestIsNotWaitedFor) {
  FakeBackend backend;
  WorkerRig rig;
  rig.Start({backend.address()});
  TestSocket client(rig.address());
  client.Send(kGet);
  const uint64_t id = backend.AwaitRequest(0).id();
  backend.Head(id, 4);
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 200 "));
  client.Send("GET / HT");
  client.FinishSending();
  WorkerRig::Await("what was sent ahead",
                   [&] { return rig.worker().metrics().bytes_in.value() == sizeof kGet - 1 + 8; });
  backend.Chunk(id, "body", /*last=*/true);
  const Time start = Now();
  EXPECT_EQ(client.ReadToEnd(), "body");
  EXPECT_LT(Now() - start, rig.config.timeouts.header / 2);
  WorkerRig::Await("the end", [&] { return rig.shared.open_connections.load() == 0; });
}

TEST(ConnectionTest, AClientThatLeavesWhileItWaitsIsCancelled) {
  FakeBackend backend;
  WorkerRig rig;
  rig.Start({backend.address()});
  {
    TestSocket client(rig.address());
    client.Send(kGet);
    backend.AwaitRequest(0);
  }
  backend.Await("the cancel", [](const FakeBackend::Received& r) { return r.cancels.size() == 1; });
  WorkerRig::Await("the end", [&] { return rig.Outcomes(Outcome::kClientGone) == 1; });
}

TEST(ConnectionTest, AnAnswerThatMustNotReachAClientIs502) {
  FakeBackend backend;
  WorkerRig rig;
  rig.Start({backend.address()});
  size_t index = 0;
  for (const char* value : {"a\r\nSet-Cookie: x", "a\nb", "a\rb"}) {
    TestSocket client(rig.address());
    client.Send(kGet);
    v1::BackendFrames frames;
    v1::Response* response = frames.add_responses();
    response->set_id(backend.AwaitRequest(index++).id());
    response->set_status(200);
    response->set_last(true);
    v1::Header* header = response->add_headers();
    header->set_name("X-A");
    header->set_value(value);
    backend.Send(frames);
    const std::string head = client.ReadHead();
    EXPECT_THAT(head, StartsWith("HTTP/1.1 502 "));
    EXPECT_THAT(head, testing::Not(HasSubstr("Set-Cookie")));
  }
}

// Lines of requests that were given up before their head had come once bore the number of another
// request.
TEST(ConnectionTest, EveryLineOfTheAccessLogHasANumberOfItsOwn) {
  const std::string path = testing::TempDir() + "/connection_test.log";
  std::remove(path.c_str());
  {
    WorkerRig rig;
    rig.config.routes[0].path = "/elsewhere";
    rig.config.access_log.path = path;
    auto log = AccessLog::Open(rig.config.access_log);
    ASSERT_TRUE(log.ok());
    rig.access_log = *std::move(log);
    rig.Start({});
    for (uint64_t i = 1; i <= 3; ++i) {
      TestSocket client(rig.address());
      client.Send(kGet);
      EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 404 "));
      client.Send("GET / HT");
      client.FinishSending();
      WorkerRig::Await("the line", [&] { return rig.Outcomes(Outcome::kClientGone) == i; });
    }
  }
  std::ifstream file(path);
  std::string line;
  std::set<std::string> ids;
  int lines = 0;
  while (std::getline(file, line)) {
    ++lines;
    const size_t at = line.find("\"id\":\"");
    ASSERT_NE(at, std::string::npos) << line;
    ids.insert(line.substr(at, line.find('"', at + 6) - at));
  }
  EXPECT_EQ(lines, 6);
  EXPECT_EQ(ids.size(), 6u);
  std::remove(path.c_str());
}

// --- Drain and stop

TEST(AcceptorTest, DrainAnswersAllWhoHaveConnectedAlready) {
  constexpr int kClients = 300;  // several turns' worth
  WorkerRig rig;
  rig.config.routes[0].path = "/elsewhere";
  rig.Prepare({});
  std::vector<TestSocket> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(rig.address());
    ASSERT_TRUE(clients.back().connected());
    clients.back().Send(kGet);
  }
  std::atomic<bool> drained{false};
  rig.worker().Drain([&] { drained.store(true); });
  rig.worker().Start();
  for (TestSocket& client : clients) {
    const std::string head = client.ReadHead();
    EXPECT_THAT(head, StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(head, HasSubstr("Connection: close"));
  }
  clients.clear();
  WorkerRig::Await("the drain", [&] { return drained.load(); });
  EXPECT_FALSE(TestSocket(rig.address()).connected());
}

TEST(AcceptorTest, DrainClosesIdleConnectionsAndLetsBusyOnesFinish) {
  FakeBackend backend;
  WorkerRig rig;
  rig.Start({backend.address()});
  TestSocket idle(rig.address());
  TestSocket busy(rig.address());
  busy.Send(kGet);
  const uint64_t id = backend.AwaitRequest(0).id();
  WorkerRig::Await("both", [&] { return rig.shared.open_connections.load() == 2; });
  std::atomic<bool> drained{false};
  rig.worker().Drain([&] { drained.store(true); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_FALSE(drained.load());
  backend.Answer(id, "late");
  const std::string answer = busy.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, HasSubstr("late"));
}

// Whoever connects while the loop waits for its links to end would be served by pools that are
// gone.
TEST(AcceptorTest, StoppingTakesNoNewConnections) {
  Loop loop;
  const Config config;
  std::atomic<uint32_t> open{0};
  LoopMetrics metrics;
  ConnectionContext context(&loop);
  context.config = &config;
  context.metrics = &metrics;
  context.open_connections = &open;
  AddressTable addresses(0);
  context.addresses = &addresses;
  Acceptor acceptor(&context);
  auto socket = ListenTcp({"127.0.0.1", 0});
  ASSERT_TRUE(socket.ok());
  const SocketAddress address = LocalAddress(socket->get());
  acceptor.Listen(*std::move(socket), ListenerConfig());
  EXPECT_TRUE(TestSocket(address).connected());
  acceptor.CutAll();
  EXPECT_FALSE(TestSocket(address).connected());
}

TEST(AcceptorTest, RestsWithoutDescriptorsAndGoesOnWhenThereAreSome) {
  WorkerRig rig;
  rig.config.routes[0].path = "/elsewhere";
  rig.Start({});
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // One more descriptor for this process: the client takes it, and none is left for accepting.
  const int next = dup(0);
  ASSERT_GE(next, 0);
  close(next);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const Time start = Now();
  TestSocket client(rig.address());
  WorkerRig::Await("three failures",
                   [&] { return rig.worker().metrics().accept_errors.value() >= 3; });
  EXPECT_GE(Now() - start, std::chrono::milliseconds(150));  // it rests in between
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(client.connected());
  client.Send(kGet);
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace anteroom::frontend
