// What a link does when the other side, or the way there, is not as it should be.
#include "frontend/dispatch/link.h"

#include <sys/resource.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "frontend/net/socket.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/dispatch/fake_backend.h"
#include "tests/frontend/dispatch/pool_rig.h"
#include "tests/frontend/dispatch/pumps.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class LinkTest : public testing::TestWithParam<CompletionPump> {
 protected:
  PoolRig rig_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Pumps, LinkTest, BothPumps(), PumpName);

// Accepts in the kernel and says nothing.
class SilentListener {
 public:
  SilentListener() : socket_(*ListenTcp({"127.0.0.1", 0})) {}
  SocketAddress address() const { return LocalAddress(socket_.get()); }

 private:
  const UniqueFd socket_;
};

TEST_P(LinkTest, ComesUpWhenABackendAppears) {
  int port = 0;
  {
    FakeBackend probe;
    port = probe.address().port;
  }
  rig_.Start({{"127.0.0.1", static_cast<uint16_t>(port)}});
  rig_.loop.Await("failures to connect",
                  [&] { return rig_.metrics.links.connect_failures.value() >= 3; });
  TestClient client;
  rig_.Submit(&client);
  FakeBackend backend({.port = port, .answers_all = true});
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.status, 200);
}

TEST_P(LinkTest, PausesLongerAfterEachFailure) {
  rig_.links.config.backoff_min = milliseconds(20);
  rig_.links.config.backoff_max = milliseconds(80);
  const Time start = Now();
  rig_.Start({{"127.0.0.1", 1}});
  rig_.loop.Await("five failures",
                  [&] { return rig_.metrics.links.connect_failures.value() >= 5; });
  // Half of each pause is certain: 10 + 20 + 40 + 40.
  EXPECT_GE(Now() - start, milliseconds(110));
}

TEST_P(LinkTest, GivesUpOnAListenerThatSaysNothing) {
  SilentListener listener;
  rig_.links.config.connect_timeout = milliseconds(30);
  rig_.Start({listener.address()});
  rig_.loop.Await("two failures", [&] { return rig_.metrics.links.connect_failures.value() >= 2; });
  EXPECT_EQ(rig_.metrics.links_up.value(), 0);
  EXPECT_EQ(rig_.metrics.links.lost.value(), 0u);
}

TEST_P(LinkTest, ReconnectsWhenItsStreamBreaks) {
  FakeBackend backend({.answers_all = true});
  rig_.Start({backend.address()});
  rig_.AwaitLinks(1);
  for (uint64_t breaks = 1; breaks <= 3; ++breaks) {
    backend.CutStreams();
    rig_.loop.Await("the loss", [&] { return rig_.metrics.links.lost.value() == breaks; });
    rig_.AwaitLinks(1);
    TestClient client;
    rig_.Submit(&client);
    rig_.AwaitEnd(&client);
    EXPECT_EQ(client.status, 200);
  }
}

TEST_P(LinkTest, ABackendThatIsSilentAndAnswersNoPingsIsDead) {
  rig_.links.harvest_after = milliseconds(5);
  rig_.links.ping_after = milliseconds(20);
  rig_.links.ping_timeout = milliseconds(50);
  FakeBackend hung({.answers_pings = false});
  rig_.Start({hung.address()});
  TestClient get;
  TestClient post("POST");
  rig_.Submit(&post);
  hung.AwaitRequest(0);
  rig_.AwaitEnd(&post);
  EXPECT_EQ(post.failure, Outcome::kBackendLost);
  EXPECT_THAT(post.reason, HasSubstr("ping"));
  EXPECT_GE(hung.Now().pings, 1);
}

TEST_P(LinkTest, ABatchThatCannotBeReadEndsTheLinkBeforeAnyPing) {
  FakeBackend backend;
  rig_.Start({backend.address()});
  TestClient post("POST");
  rig_.Submit(&post);
  backend.AwaitRequest(0);
  // Kept as it is by whoever sends it; to the receiver it is the field `load`, cut off.
  v1::BackendFrames frames;
  frames.GetReflection()->MutableUnknownFields(&frames)->AddLengthDelimited(
      v1::BackendFrames::kLoadFieldNumber, "\xff");
  backend.Send(frames);
  rig_.AwaitEnd(&post);
  EXPECT_EQ(post.failure, Outcome::kBackendLost);
  EXPECT_THAT(post.reason, Not(HasSubstr("ping")));
  EXPECT_EQ(backend.Now().pings, 0);
  rig_.AwaitLinks(1);
}

TEST_P(LinkTest, ABackendThatThinksForLongIsNotDead) {
  rig_.links.harvest_after = milliseconds(5);
  rig_.links.ping_after = milliseconds(10);
  rig_.links.ping_timeout = milliseconds(2000);
  FakeBackend thinking;
  rig_.Start({thinking.address()});
  TestClient client("POST");
  rig_.Submit(&client);
  const uint64_t id = thinking.AwaitRequest(0).id();
  thinking.Await("pings", [](const FakeBackend::Received& r) { return r.pings >= 5; });
  thinking.Answer(id);
  rig_.AwaitEnd(&client);
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(rig_.metrics.links.lost.value(), 0u);
}

Duration CpuTimeOfThisThread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto sum = [](const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return sum(usage.ru_utime) + sum(usage.ru_stime);
}

// The socket is writable all the time; it is the backend's HTTP/2 window that holds the message.
TEST_P(LinkTest, AMessageThatWaitsForTheBackendsWindowCostsNoCpu) {
  FakeBackend stuck({.request_window = 64 << 20, .reads = false});
  rig_.Start({stuck.address()});
  rig_.AwaitLinks(1);
  TestClient upload("PUT", std::string(20'000'000, 'x'));
  rig_.Submit(&upload);
  Duration before{};
  Duration after{};
  rig_.loop.Do([&] { before = CpuTimeOfThisThread(); });
  Signal later;
  std::unique_ptr<CallbackTimer> timer;
  rig_.loop.Do([&] {
    timer = std::make_unique<CallbackTimer>(rig_.loop.loop(), [&] {
      after = CpuTimeOfThisThread();
      later.Set();
    });
    timer->SetAfter(milliseconds(400));
  });
  ASSERT_TRUE(later.Wait());
  rig_.loop.Do([&] { timer.reset(); });
  EXPECT_LT(upload.exchange.body_sent, 20'000'000u);
  EXPECT_LT(ToMillis(after - before), 100);
  rig_.Cancel(&upload);
}

// --- Breaches of the protocol

using Frames = v1::BackendFrames;

v1::Response* AddHead(Frames* frames, uint64_t id, uint64_t size) {
  v1::Response* response = frames->add_responses();
  response->set_id(id);
  response->set_status(200);
  response->set_size_known(true);
  response->set_body_size(size);
  return response;
}

void AddChunk(Frames* frames, uint64_t id, size_t size, bool last) {
  v1::BodyChunk* chunk = frames->add_body();
  chunk->set_id(id);
  chunk->set_data(std::string(size, 'x'));
  chunk->set_last(last);
}

struct Breach {
  const char* name;
  // What the backend sends to a GET of that id.
  std::function<void(Frames*, uint64_t id)> frames;
};

const Breach kBreaches[] = {
    {"AnswersWhatWasNeverAsked",
     [](Frames* f, uint64_t id) { AddHead(f, id + 100, 0)->set_last(true); }},
    {"AnswersNumberZero", [](Frames* f, uint64_t) { AddHead(f, 0, 0)->set_last(true); }},
    {"StartsWhatWasNeverAsked", [](Frames* f, uint64_t id) { f->add_started()->set_id(id + 100); }},
    {"RefusesWhatWasNeverAsked",
     [](Frames* f, uint64_t id) { f->add_refused()->set_id(id + 100); }},
    {"ReturnsWhatWasNeverAsked",
     [](Frames* f, uint64_t id) { f->add_returned()->set_id(id + 100); }},
    {"AbortsWhatWasNeverAsked", [](Frames* f, uint64_t id) { f->add_aborts()->set_id(id + 100); }},
    {"GivesCreditForWhatWasNeverAsked",
     [](Frames* f, uint64_t id) { f->add_windows()->set_id(id + 100); }},
    {"SendsABodyForWhatWasNeverAsked",
     [](Frames* f, uint64_t id) { AddChunk(f, id + 100, 1, false); }},
    {"AnswersTwice",
     [](Frames* f, uint64_t id) {
       AddHead(f, id, 10);
       AddHead(f, id, 10);
     }},
    {"StartsTwice",
     [](Frames* f, uint64_t id) {
       f->add_started()->set_id(id);
       f->add_started()->set_id(id);
     }},
    {"SendsTheBodyBeforeTheHead", [](Frames* f, uint64_t id) { AddChunk(f, id, 1, false); }},
    {"GoesBeyondItsWindowWithTheHead",
     [](Frames* f, uint64_t id) {
       AddHead(f, id, 1 << 20)->set_body(std::string((256 << 10) + 1, 'x'));
     }},
    {"GoesBeyondItsWindowWithTheBody",
     [](Frames* f, uint64_t id) {
       AddHead(f, id, 1 << 20);
       AddChunk(f, id, 256 << 10, false);
       AddChunk(f, id, 1, false);
     }},
    {"RefusesAfterTheStart",
     [](Frames* f, uint64_t id) {
       f->add_started()->set_id(id);
       f->add_refused()->set_id(id);
     }},
    {"ReturnsAfterTheStart",
     [](Frames* f, uint64_t id) {
       f->add_started()->set_id(id);
       f->add_returned()->set_id(id);
     }},
    {"ReturnsAfterTheHead",
     [](Frames* f, uint64_t id) {
       AddHead(f, id, 5);
       f->add_returned()->set_id(id);
     }},
    {"HasNoLimit", [](Frames* f, uint64_t) { f->mutable_load()->set_accepted(1); }},
};

class BreachTest : public testing::TestWithParam<std::tuple<CompletionPump, const Breach*>> {};

std::vector<const Breach*> AllBreaches() {
  std::vector<const Breach*> all;
  for (const Breach& breach : kBreaches) all.push_back(&breach);
  return all;
}

std::string BreachName(const testing::TestParamInfo<BreachTest::ParamType>& param) {
  const auto& [pump, breach] = param.param;
  return std::string(breach->name) + (pump == CompletionPump::kLoop ? "Loop" : "Thread");
}

INSTANTIATE_TEST_SUITE_P(Pumps, BreachTest,
                         testing::Combine(BothPumps(), testing::ValuesIn(AllBreaches())),
                         BreachName);

TEST_P(BreachTest, CostsTheBackendItsLinkAndIsCounted) {
  const auto& [pump, breach] = GetParam();
  PoolRig rig(pump);
  FakeBackend backend;
  rig.Start({backend.address()});
  TestClient client;
  client.exchange.retry = RetryPolicy::kNever;
  rig.Submit(&client);
  Frames frames;
  breach->frames(&frames, backend.AwaitRequest(0).id());
  backend.Send(frames);
  rig.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendLost);
  EXPECT_THAT(client.reason, HasSubstr("protocol breach"));
  EXPECT_EQ(client.ends, 1);
  EXPECT_EQ(rig.metrics.links.breaches.value(), 1u);
  // It gets another chance.
  rig.AwaitLinks(1);
  TestClient next;
  rig.Submit(&next);
  backend.Answer(backend.AwaitRequest(1).id());
  rig.AwaitEnd(&next);
  EXPECT_EQ(next.status, 200);
}

// --- Answers that are not what they announced

const Breach kWrongLengths[] = {
    {"SendsMoreThanAnnouncedAtOnce",
     [](Frames* f, uint64_t id) { AddHead(f, id, 3)->set_body("four"); }},
    {"SendsLessThanAnnouncedAtOnce",
     [](Frames* f, uint64_t id) {
       v1::Response* response = AddHead(f, id, 5);
       response->set_body("four");
       response->set_last(true);
     }},
    {"SendsMoreThanAnnounced",
     [](Frames* f, uint64_t id) {
       AddHead(f, id, 3);
       AddChunk(f, id, 4, false);
     }},
    {"SendsLessThanAnnounced",
     [](Frames* f, uint64_t id) {
       AddHead(f, id, 5);
       AddChunk(f, id, 4, true);
     }},
};

class WrongLengthTest : public testing::TestWithParam<std::tuple<CompletionPump, const Breach*>> {};

std::vector<const Breach*> AllWrongLengths() {
  std::vector<const Breach*> all;
  for (const Breach& length : kWrongLengths) all.push_back(&length);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Pumps, WrongLengthTest,
                         testing::Combine(BothPumps(), testing::ValuesIn(AllWrongLengths())),
                         BreachName);

TEST_P(WrongLengthTest, CostsThisAnswerAndNoOther) {
  const auto& [pump, length] = GetParam();
  PoolRig rig(pump);
  FakeBackend backend;
  rig.Start({backend.address()});
  TestClient other;
  rig.Submit(&other);
  const uint64_t other_id = backend.AwaitRequest(0).id();
  TestClient client;  // its GET could be sent again, but the next answer would be no better
  rig.Submit(&client);
  Frames frames;
  length->frames(&frames, backend.AwaitRequest(1).id());
  backend.Send(frames);
  rig.AwaitEnd(&client);
  EXPECT_EQ(client.failure, Outcome::kBackendInvalid);
  EXPECT_THAT(client.reason, HasSubstr("not as long as announced"));
  EXPECT_EQ(client.ends, 1);
  EXPECT_EQ(rig.metrics.links.lost.value(), 0u);
  EXPECT_EQ(rig.metrics.links.breaches.value(), 0u);
  backend.Answer(other_id);
  rig.AwaitEnd(&other);
  EXPECT_EQ(other.status, 200);
}

class GreetingTest : public LinkTest {
 protected:
  void ExpectNoLink(FakeBackendOptions options) {
    FakeBackend backend(options);
    rig_.Start({backend.address()});
    rig_.loop.Await("two breaches", [&] { return rig_.metrics.links.breaches.value() >= 2; });
    EXPECT_EQ(rig_.metrics.links_up.value(), 0);
    EXPECT_EQ(rig_.metrics.links.lost.value(), 0u);
  }
};

INSTANTIATE_TEST_SUITE_P(Pumps, GreetingTest, BothPumps(), PumpName);

TEST_P(GreetingTest, RefusesABackendThatSaysNoHello) { ExpectNoLink({.says_hello = false}); }
TEST_P(GreetingTest, RefusesAnotherProtocol) { ExpectNoLink({.protocol = 2}); }
TEST_P(GreetingTest, RefusesABackendWithoutThreads) { ExpectNoLink({.threads = 0}); }

}  // namespace
}  // namespace anteroom::frontend
