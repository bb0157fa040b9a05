#include "frontend/dispatch/discovery.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

// What Discovery has said last of each pool. Any thread.
class Heard {
 public:
  Discovery::Changed callback() {
    return [this](const std::string& pool, const std::vector<SocketAddress>& addresses) {
      MutexLock lock(&mu_);
      addresses_[pool] = addresses;
      ++calls_;
      changed_.NotifyAll();
    };
  }
  std::vector<SocketAddress> Await(const std::string& pool, size_t at_least = 1) {
    const Time deadline = Now() + std::chrono::seconds(30);
    MutexLock lock(&mu_);
    while (addresses_[pool].size() < at_least) {
      if (!changed_.WaitUntil(&mu_, deadline) && addresses_[pool].size() < at_least) {
        ADD_FAILURE() << "nothing was heard of pool " << pool;
        return {};
      }
    }
    return addresses_[pool];
  }
  int calls() {
    MutexLock lock(&mu_);
    return calls_;
  }
  bool knows(const std::string& pool) {
    MutexLock lock(&mu_);
    return !addresses_[pool].empty();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::map<std::string, std::vector<SocketAddress>> addresses_ ABSL_GUARDED_BY(mu_);
  int calls_ ABSL_GUARDED_BY(mu_) = 0;
};

PoolConfig Pool(std::vector<SocketAddress> endpoints, std::string name = "0") {
  PoolConfig pool;
  pool.name = std::move(name);
  pool.endpoints = std::move(endpoints);
  pool.dns_refresh = std::chrono::milliseconds(10);
  return pool;
}

const SocketAddress kLiteral{"192.0.2.1", 7000};
// RFC 6761, section 6.4: never resolves.
const SocketAddress kNobody{"does-not-exist.invalid", 7000};

TEST(NamesOf, AreTheEndpointsThatAreNotLiterals) {
  EXPECT_THAT(NamesOf(Pool({kLiteral, {"::1", 1}})), IsEmpty());
  EXPECT_THAT(NamesOf(Pool({kLiteral, kNobody})), ElementsAre(kNobody));
  PoolConfig pool = Pool({});
  pool.dns = SocketAddress{"name", 80};
  EXPECT_THAT(NamesOf(pool), ElementsAre(SocketAddress{"name", 80}));
}

TEST(DiscoveryTest, LiteralsAreKnownWhenStartReturns) {
  const std::vector<PoolConfig> pools = {Pool({kLiteral}),
                                         Pool({{"192.0.2.2", 1}, {"::1", 2}}, "1")};
  Heard heard;
  Discovery discovery(pools, heard.callback());
  discovery.Start();
  EXPECT_TRUE(heard.knows("0"));
  EXPECT_THAT(heard.Await("0"), ElementsAre(kLiteral));
  EXPECT_THAT(heard.Await("1"),
              ElementsAre(SocketAddress{"192.0.2.2", 1}, SocketAddress{"::1", 2}));
}

TEST(DiscoveryTest, ResolvesANameAndKeepsItsPort) {
  PoolConfig pool = Pool({});
  pool.dns = SocketAddress{"localhost", 7001};
  const std::vector<PoolConfig> pools = {pool};
  Heard heard;
  Discovery discovery(pools, heard.callback());
  discovery.Start();
  EXPECT_THAT(heard.Await("0"), testing::AnyOf(Contains(SocketAddress{"127.0.0.1", 7001}),
                                               Contains(SocketAddress{"::1", 7001})));
}

TEST(DiscoveryTest, AnUnchangedAnswerIsToldOnce) {
  const std::vector<PoolConfig> pools = {Pool({{"localhost", 7001}}),
                                         Pool({{"localhost", 7002}}, "1")};
  Heard heard;
  Discovery discovery(pools, heard.callback());
  discovery.Start();
  heard.Await("0");
  heard.Await("1");
  discovery.Stop();
  EXPECT_EQ(heard.calls(), 2);
}

TEST(DiscoveryTest, ANameThatDoesNotResolveTakesNothingFromTheRest) {
  const std::vector<PoolConfig> pools = {Pool({kLiteral, kNobody, {"localhost", 7001}})};
  Heard heard;
  Discovery discovery(pools, heard.callback());
  discovery.Start();
  const std::vector<SocketAddress> addresses = heard.Await("0", 2);
  EXPECT_THAT(addresses, Contains(kLiteral));
  EXPECT_GE(addresses.size(), 2u);
}

TEST(DiscoveryTest, ANameThatDoesNotResolveAtAllSaysNothing) {
  const std::vector<PoolConfig> pools = {Pool({kNobody}), Pool({{"localhost", 7001}}, "1")};
  Heard heard;
  {
    Discovery discovery(pools, heard.callback());
    discovery.Start();
    heard.Await("1");  // after the first pool has been asked for
  }
  EXPECT_FALSE(heard.knows("0"));
}

TEST(DiscoveryTest, MayBeStoppedTwiceAndBeforeItWasStarted) {
  const std::vector<PoolConfig> pools = {Pool({{"localhost", 7001}})};
  Heard heard;
  Discovery discovery(pools, heard.callback());
  discovery.Stop();
  discovery.Stop();
  EXPECT_EQ(heard.calls(), 0);
}

// As after a reload: what names stood for is known before they are resolved again.
TEST(DiscoveryTest, TakesOverWhatNamesStoodFor) {
  const std::vector<PoolConfig> pools = {Pool({{"localhost", 7001}})};
  Heard first;
  Discovery before(pools, first.callback());
  before.Start();
  const std::vector<SocketAddress> addresses = first.Await("0");
  before.Stop();
  Heard second;
  Discovery after({Pool({kNobody, {"localhost", 7001}}, "renamed")}, second.callback(), &before);
  after.Start();
  EXPECT_TRUE(second.knows("renamed"));  // when Start has returned
  EXPECT_EQ(second.Await("renamed"), addresses);
}

}  // namespace
}  // namespace anteroom::frontend
