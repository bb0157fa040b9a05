// Readiness that gets lost between gRPC and the loops shows as a request that waits for the safety
// net of its link (or for ever). Several loops, several backends, and gaps in which everybody goes
// to sleep are what it takes.
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/frontend/dispatch/fake_backend.h"
#include "tests/frontend/dispatch/pumps.h"
#include "tests/frontend/net/worker_rig.h"

namespace anteroom::frontend {
namespace {

class LostReadinessTest : public testing::TestWithParam<CompletionPump> {};
INSTANTIATE_TEST_SUITE_P(Pumps, LostReadinessTest, BothPumps(), PumpName);

TEST_P(LostReadinessTest, EveryRequestIsAnsweredAndTheSafetyNetIsNeverNeeded) {
  constexpr int kLoops = 4;
  constexpr int kBackends = 3;
  constexpr int kClientsPerLoop = 3;
  const Time end = Now() + std::chrono::milliseconds(2500);

  std::vector<std::unique_ptr<FakeBackend>> backends;
  std::vector<SocketAddress> addresses;
  for (int i = 0; i < kBackends; ++i) {
    backends.push_back(
        std::make_unique<FakeBackend>(FakeBackendOptions{.threads = 16, .answers_all = true}));
    addresses.push_back(backends.back()->address());
  }
  std::vector<std::unique_ptr<WorkerRig>> loops;  // each asserts in its destructor, too
  for (int i = 0; i < kLoops; ++i) {
    loops.push_back(std::make_unique<WorkerRig>());
    loops.back()->config.links.pump = GetParam();
    loops.back()->Start(addresses);
  }
  std::atomic<uint64_t> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kLoops * kClientsPerLoop; ++i) {
    clients.emplace_back([&, i] {
      TestSocket client(loops[static_cast<size_t>(i % kLoops)]->address());
      std::minstd_rand random(static_cast<uint32_t>(i + 1));
      while (Now() < end) {
        client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const std::string head = client.ReadHead();
        if (head.rfind("HTTP/1.1 200 ", 0) != 0) {
          ADD_FAILURE() << "client " << i << " got: " << head;
          return;
        }
        answered.fetch_add(1);
        // Bursts, pauses that let a loop fall asleep, and some that are longer than the safety
        // net's patience.
        const uint32_t dice = random() % 16;
        const int pause_us = dice < 8 ? 0 : dice < 15 ? static_cast<int>(random() % 3000) : 120'000;
        if (pause_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_GT(answered.load(), static_cast<uint64_t>(kLoops * kClientsPerLoop));
  uint64_t served = 0;
  for (const auto& loop : loops) {
    served += loop->Outcomes(Outcome::kServed);
    EXPECT_EQ(loop->pool_metrics().links.silent_harvests.value(), 0u);
  }
  EXPECT_EQ(served, answered.load());
}

}  // namespace
}  // namespace anteroom::frontend
