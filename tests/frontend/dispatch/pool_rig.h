// A pool on a loop of its own, and clients that note what they are told.
#ifndef ANTEROOM_TESTS_FRONTEND_DISPATCH_POOL_RIG_H_
#define ANTEROOM_TESTS_FRONTEND_DISPATCH_POOL_RIG_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "anteroom/v1/anteroom.pb.h"
#include "frontend/dispatch/completion_source.h"
#include "frontend/dispatch/exchange.h"
#include "frontend/dispatch/pool.h"
#include "gtest/gtest.h"
#include "tests/frontend/dispatch/parsed_request.h"
#include "tests/frontend/net/loop_thread.h"

namespace anteroom::frontend {

class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  uint64_t size() const override { return text_.size(); }
  absl::string_view Peek(uint64_t offset) override {
    return absl::string_view(text_).substr(offset);
  }
  void Fetch(uint64_t) override { ADD_FAILURE() << "all of it is there"; }
  void Release() override {}

 private:
  const std::string text_;
};

// One request and what becomes of it. Loop thread only, but for construction and destruction.
class TestClient final : public ExchangeClient {
 public:
  explicit TestClient(absl::string_view method = "GET", std::string body_in = "",
                      absl::string_view fields = "")
      : request_(method, "/path?query", fields), request_body_(std::move(body_in)) {
    exchange.head = &request_.head();
    exchange.body = &request_body_;
    exchange.memory = 1000;
    exchange.peer = "192.0.2.7";
    exchange.request_id = "request-id";
    exchange.client = this;
  }

  void OnResponse(v1::Response* response) override {
    ++heads;
    status = static_cast<int>(response->status());
    Take(response->body(), response->last());
  }
  void OnBody(absl::string_view data, bool last) override { Take(data, last); }
  void OnQueuedAgain() override { ++queued_again; }
  void OnFailure(Outcome outcome, absl::string_view why) override {
    ++ends;
    failure = outcome;
    reason = std::string(why);
  }

  Exchange exchange;
  Pool* credit_from = nullptr;  // gives credit for what arrives; null: gives none
  int queued_again = 0;
  int heads = 0;
  int ends = 0;
  int status = 0;
  std::string body;
  std::optional<Outcome> failure;
  std::string reason;

 private:
  void Take(absl::string_view data, bool last) {
    body.append(data.data(), data.size());
    if (last) ++ends;
    if (!last && credit_from != nullptr && !data.empty()) {
      credit_from->Consumed(&exchange, data.size());
    }
  }

  const ParsedRequest request_;
  TextBody request_body_;
};

class PoolRig {
 public:
  explicit PoolRig(CompletionPump pump) {
    links.config.backoff_min = std::chrono::milliseconds(5);
    links.config.backoff_max = std::chrono::milliseconds(20);
    links.frontend_name = "rig";
    source_ = NewCompletionSource(pump, loop.loop());
  }

  // Everything that was taken must have been given back.
  ~PoolRig() {
    if (pool != nullptr) {
      loop.Do([&] {
        EXPECT_EQ(metrics.links.silent_harvests.value(), 0u);
        pool.reset();
      });
    }
    loop.Await("the end of all streams", [&] { return streams_alive == 0; });
    EXPECT_EQ(shared.waiting.load(), 0u);
    EXPECT_EQ(shared.waiting_bytes.load(), 0u);
    EXPECT_EQ(metrics.waiting.value(), 0);
    EXPECT_EQ(metrics.in_flight.value(), 0);
    loop.Stop();
    source_.reset();
  }

  // Options may be changed before.
  void Start(const std::vector<SocketAddress>& addresses) {
    loop.Do([&] {
      pool = std::make_unique<Pool>(loop.loop(), source_.get(), &config, &links, &shared, &metrics,
                                    &streams_alive);
      pool->SetBackends(addresses);
    });
  }
  bool AwaitLinks(int64_t count) {
    return loop.Await("links", [&] { return metrics.links_up.value() == count; });
  }

  std::optional<Outcome> SubmitOnLoop(TestClient* client) {
    client->exchange.deadline = loop.loop()->now() + std::chrono::seconds(60);
    return pool->Submit(&client->exchange);
  }
  void Submit(TestClient* client) {
    loop.Do([&] { EXPECT_EQ(SubmitOnLoop(client), std::nullopt); });
  }
  void Cancel(TestClient* client) {
    loop.Do([&] { pool->Cancel(&client->exchange); });
  }
  bool AwaitEnd(TestClient* client) {
    return loop.Await("the end of an exchange", [&] { return client->ends > 0; });
  }

  PoolConfig config;
  LinkOptions links;
  PoolShared shared;
  PoolMetrics metrics;
  int streams_alive = 0;  // loop thread
  LoopThread loop;

 private:
  std::unique_ptr<CompletionSource> source_;

 public:
  std::unique_ptr<Pool> pool;  // loop thread
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_DISPATCH_POOL_RIG_H_
