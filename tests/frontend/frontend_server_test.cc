#include "frontend/frontend_server.h"

#include <string>
#include <utility>

#include "frontend/net/socket.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/net/loop_thread.h"
#include "tests/frontend/net/worker_rig.h"

namespace anteroom::frontend {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A port that was free a moment ago.
SocketAddress FreeAddress() { return LocalAddress(ListenTcp({"127.0.0.1", 0})->get()); }

class FrontendServerTest : public testing::Test {
 protected:
  FrontendServerTest() {
    config_.listeners.push_back({.address = FreeAddress()});
    config_.admin.address = FreeAddress();
    config_.loops = 2;
    config_.pools.resize(1);
    config_.pools[0].name = "pool";
    RouteConfig route;
    route.path = "/pool";
    route.pool = "pool";
    config_.routes.push_back(route);
  }
  static std::string Get(const SocketAddress& address, const std::string& target) {
    TestSocket client(address);
    client.Send("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return client.ReadToEnd();
  }

  Config config_;
};

TEST_F(FrontendServerTest, IsReadyOnceStartedAndNotAfterwards) {
  FrontendServer server(config_);
  ASSERT_TRUE(server.Start().ok());
  EXPECT_THAT(Get(config_.admin.address, "/readyz"), StartsWith("HTTP/1.1 200"));
  server.StopBeingReady();
  EXPECT_THAT(Get(config_.admin.address, "/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Get(config_.admin.address, "/livez"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(config_.listeners[0].address, "/"), StartsWith("HTTP/1.1 404"));
}

TEST_F(FrontendServerTest, CountsOverAllLoops) {
  FrontendServer server(config_);
  ASSERT_TRUE(server.Start().ok());
  for (int i = 0; i < 8; ++i) Get(config_.listeners[0].address, "/");
  EXPECT_THAT(Get(config_.admin.address, "/metrics"),
              HasSubstr("anteroom_frontend_exchanges_total{outcome=\"no_route\"} 8"));
}

TEST_F(FrontendServerTest, DrainsAndTellsOnce) {
  FrontendServer server(config_);
  ASSERT_TRUE(server.Start().ok());
  TestSocket idle(config_.listeners[0].address);
  Signal drained;
  server.Drain([&] { drained.Set(); });
  EXPECT_TRUE(drained.Wait());
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_FALSE(TestSocket(config_.listeners[0].address).connected());
  EXPECT_THAT(Get(config_.admin.address, "/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(FrontendServerTest, StopCutsWhatIsLeft) {
  FrontendServer server(config_);
  ASSERT_TRUE(server.Start().ok());
  TestSocket waiting(config_.listeners[0].address);
  waiting.Send("GET /pool HTTP/1.1\r\nHost: a\r\n\r\n");  // the pool has no backend
  WorkerRig::Await("the request", [&] {
    return Get(config_.admin.address, "/status").find("\"waiting\":1") != std::string::npos;
  });
  server.Stop();
  EXPECT_EQ(waiting.ReadToEnd(), "");
  server.Stop();  // harmless
}

TEST_F(FrontendServerTest, APortThatIsTakenLeavesNothingRunning) {
  const auto taken = ListenTcp({"127.0.0.1", 0});
  ASSERT_TRUE(taken.ok());
  Config config = config_;
  config.listeners.push_back({.address = LocalAddress(taken->get())});
  {
    FrontendServer server(config);
    const absl::Status status = server.Start();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr("cannot listen"));
  }
  EXPECT_FALSE(TestSocket(config_.listeners[0].address).connected());
  EXPECT_FALSE(TestSocket(config_.admin.address).connected());
}

TEST_F(FrontendServerTest, ARootThatCannotBeServedIsAnError) {
  config_.routes[0].pool.clear();
  config_.routes[0].static_files = StaticConfig{};
  config_.routes[0].static_files->root = "/no/such/directory";
  FrontendServer server(config_);
  EXPECT_FALSE(server.Start().ok());
}

}  // namespace
}  // namespace anteroom::frontend
