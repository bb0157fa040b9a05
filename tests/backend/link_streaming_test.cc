// Handlers that read the body of their request piece by piece.
#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend/src/incoming_body.h"
#include "tests/backend/link_fixture.h"

namespace anteroom::backend {
namespace {

constexpr uint64_t kWindow = Link::kRequestWindow;

class LinkStreamingTest : public LinkTest {
 protected:
  LinkStreamingTest() {
    // Reads all, behind the gate; answers with the number of bytes.
    Handle("/read", [this](const Request& request, BodyReader& body, Context&) {
      EXPECT_EQ(request.body().size(), 0u);
      gate_.Pass();
      return ReadAll(body);
    });
    // Answers without having read, behind the gate.
    Handle("/ignore", [this](const Request&, BodyReader&, Context&) {
      gate_.Pass();
      return Response::Text("enough");
    });
    // The body comes back as it is read.
    Handle("/pass", [](const Request&, BodyReader& body, Context&) {
      return Response::Stream([&body](BodyWriter& out) { return Copy(body, out); }, "a/b");
    });
  }
  ~LinkStreamingTest() override {
    gate_.Open();
    link_->OnReadEnd();
    pool_.Stop();  // before what its handlers use
  }

  void Handle(absl::string_view pattern, StreamingHandler handler) {
    EXPECT_TRUE(router_.Add("*", pattern, std::move(handler)).ok());
  }

  absl::StatusOr<Response> ReadAll(BodyReader& body) {
    std::vector<char> buffer(50'000);
    uint64_t length = 0;
    while (true) {
      const absl::StatusOr<size_t> size = body.Read(absl::MakeSpan(buffer));
      if (!size.ok()) {
        EXPECT_EQ(body.Read(absl::MakeSpan(buffer)).status().code(), size.status().code());
        Fail(size.status());
        return size.status();
      }
      if (*size == 0) break;
      length += *size;
    }
    EXPECT_EQ(length, body.size());
    EXPECT_EQ(*body.Read(absl::MakeSpan(buffer)), 0u);
    return Response::Text(std::to_string(length));
  }
  static absl::Status Copy(BodyReader& body, BodyWriter& out) {
    std::vector<char> buffer(10'000);
    while (true) {
      const absl::StatusOr<size_t> size = body.Read(absl::MakeSpan(buffer));
      if (!size.ok()) return size.status();
      if (*size == 0) return absl::OkStatus();
      if (!out.Write(absl::string_view(buffer.data(), *size))) return absl::CancelledError("");
    }
  }

  static v1::Request MakeUpload(uint64_t id, absl::string_view target, uint64_t size) {
    v1::Request request = MakeRequest(id, target);
    request.set_method("POST");
    request.set_body_size(size);
    return request;
  }
  // Chunks of 64 KiB, in as many batches.
  void ReceiveBody(uint64_t id, uint64_t size, bool to_the_end) {
    while (size > 0) {
      const uint64_t chunk = std::min<uint64_t>(size, Link::kChunk);
      size -= chunk;
      ReceiveChunk(id, chunk, to_the_end && size == 0);
    }
  }
  void ReceiveCancel(uint64_t id) {
    v1::FrontendFrames cancel;
    cancel.add_cancels()->set_id(id);
    Receive(cancel);
  }
  // Takes both threads and puts an upload behind them, of which something has come.
  static constexpr uint64_t kWaiting = 100;
  void LetOneWait() {
    // Handlers that take no time, far away: requests may wait here.
    v1::FrontendFrames far;
    far.set_round_trip_us(1'000'000);
    *far.add_requests() = MakeRequest(1, "/size/1");
    Receive(far);
    AwaitIdle();
    ReceiveRequest(MakeRequest(2, "/gate"));
    ReceiveRequest(MakeRequest(3, "/gate"));
    gate_.AwaitArrived(2);
    ReceiveRequest(MakeUpload(kWaiting, "/read", kWindow));
    ReceiveBody(kWaiting, 300'000, false);
    ASSERT_EQ(pool_.queued(), 1);
    ASSERT_EQ(transport_->Batch(1).responses_size(), 1);
  }
  // The pieces of an answer after its head, in that batch and those after it. A thread is idle
  // before it hands over what it has, so the end may come later than the bytes.
  std::string AwaitRestOfBody(size_t batch) {
    std::string body;
    for (;; ++batch) {
      transport_->EndWrite(link_.get());
      const v1::BackendFrames frames = transport_->Batch(batch);
      if (frames.ByteSizeLong() == 0) return body;  // none came in time
      for (const v1::BodyChunk& chunk : frames.body()) {
        body.append(chunk.data());
        if (chunk.last()) return body;
      }
    }
  }
  // What the handler of /read was told instead of bytes.
  absl::Status AwaitFailure() {
    const Time deadline = Now() + std::chrono::seconds(20);
    MutexLock lock(&mu_);
    while (failure_.ok() && failed_.WaitUntil(&mu_, deadline)) {
    }
    return absl::Status(failure_.code(), failure_.message());
  }
  void Fail(const absl::Status& status) {
    // A copy in full: what copies share is counted in abseil's own library, where ThreadSanitizer does
    // not see that the last one was let go after the others.
    absl::Status own(status.code(), status.message());
    MutexLock lock(&mu_);
    failure_ = std::move(own);
    failed_.NotifyAll();
  }

  Mutex mu_;
  CondVar failed_;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

TEST_F(LinkStreamingTest, BeginsBeforeTheBodyIsHereAndReadsItAsItComes) {
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/read", 200'000));
  gate_.AwaitArrived(1);
  EXPECT_EQ(pool_.load().running, 1);
  EXPECT_EQ(transport_->batches(), 1u);
  ReceiveBody(1, 200'000, true);
  EXPECT_EQ(transport_->Batch(1).responses(0).body(), "200000");
  AwaitIdle();
  EXPECT_EQ(metrics_.bodies_streamed.value(), 1u);
  EXPECT_EQ(metrics_.bodies_unread.value(), 0u);
  EXPECT_EQ(metrics_.body_bytes_in.value(), 200'000u);
}

TEST_F(LinkStreamingTest, WhatCameWithTheHeadComesFirst) {
  gate_.Open();
  v1::Request request = MakeUpload(1, "/pass", 70'000);
  request.set_body(std::string(65'536, 'a'));
  ReceiveRequest(request);
  ReceiveChunk(1, 70'000 - 65'536, true);
  std::string body;
  for (size_t number = 1; body.size() < 70'000 && !HasFailure(); ++number) {
    const v1::BackendFrames batch = transport_->Batch(number);
    for (const v1::Response& response : batch.responses()) body += response.body();
    for (const v1::BodyChunk& chunk : batch.body()) body += chunk.data();
    transport_->EndWrite(link_.get());
  }
  EXPECT_TRUE(body == std::string(65'536, 'a') + std::string(4'464, 'x'));
}

TEST_F(LinkStreamingTest, ASmallBodyIsReadTheSameWay) {
  gate_.Open();
  v1::Request request = MakeUpload(1, "/read", 5);
  request.set_body("hello");
  ReceiveRequest(request);
  EXPECT_EQ(transport_->Batch(1).responses(0).body(), "5");
  ReceiveRequest(MakeUpload(2, "/read", 0));
  AwaitIdle();
  transport_->EndWrite(link_.get());
  EXPECT_EQ(transport_->Batch(2).responses(0).body(), "0");
  EXPECT_EQ(metrics_.bodies_streamed.value(), 0u);
}

TEST_F(LinkStreamingTest, CreditComesBackAsTheHandlerReads) {
  ReceiveRequest(MakeUpload(1, "/read", 10 * kWindow));
  ReceiveBody(1, kWindow, false);
  gate_.AwaitArrived(1);
  EXPECT_EQ(transport_->batches(), 1u);  // nothing was read, so nothing more may come
  gate_.Open();
  const v1::BackendFrames batch = transport_->Batch(1);
  ASSERT_EQ(batch.windows_size(), 1);
  EXPECT_EQ(batch.windows(0).id(), 1u);
  EXPECT_EQ(batch.windows(0).bytes(), kWindow / 2);
  ReceiveBody(1, kWindow / 2, false);
  transport_->EndWrite(link_.get());
  EXPECT_EQ(transport_->Batch(2).windows(0).bytes(), kWindow / 2);
}

TEST_F(LinkStreamingTest, NoCreditForWhatTheFrontEndMaySendAlready) {
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/read", kWindow));
  ReceiveBody(1, kWindow, true);
  const v1::BackendFrames batch = transport_->Batch(1);
  EXPECT_EQ(batch.windows_size(), 0);
  EXPECT_EQ(batch.responses_size(), 1);
}

TEST_F(LinkStreamingTest, TheBodyMayBeLargerThanAllMemory) {
  const uint64_t size = uint64_t{1} << 45;
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/read", size));
  ReceiveRequest(MakeUpload(2, "/read", size));
  gate_.AwaitArrived(2);
  EXPECT_EQ(pool_.load().accepted, 2);
  EXPECT_EQ(transport_->batches(), 1u);
}

TEST_F(LinkStreamingTest, BeyondTheirOwnLimitBodiesAre413) {
  host_.max_streamed_body = 2'000'000;
  ReceiveRequest(MakeUpload(1, "/read", 2'000'001));
  EXPECT_EQ(transport_->Batch(1).responses(0).status(), 413u);
  transport_->EndWrite(link_.get());
  ReceiveRequest(MakeUpload(2, "/length", 2'000'000));
  EXPECT_EQ(transport_->Batch(2).responses(0).status(), 413u);
  EXPECT_EQ(metrics_.bodies_too_large.value(), 2u);
  ReceiveRequest(MakeUpload(3, "/read", 2'000'000));
  gate_.AwaitArrived(1);
}

TEST_F(LinkStreamingTest, AnEarlyAnswerEndsTheUpload) {
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/ignore", 10 * kWindow));
  const v1::BackendFrames batch = transport_->Batch(1);
  EXPECT_EQ(batch.responses(0).body(), "enough");
  EXPECT_TRUE(batch.responses(0).last());
  AwaitIdle();
  EXPECT_EQ(metrics_.bodies_unread.value(), 1u);
  // These were on their way.
  ReceiveBody(1, kWindow, false);
  transport_->EndWrite(link_.get());
  ReceiveRequest(MakeRequest(2, "/size/3"));
  EXPECT_EQ(transport_->Batch(2).responses(0).id(), 2u);
  EXPECT_EQ(transport_->Batch(2).windows_size(), 0);
}

TEST_F(LinkStreamingTest, WhatComesAfterALongEarlyAnswerIsDropped) {
  Handle("/long", [](const Request&, BodyReader&, Context&) {
    return Response::Text(std::string(200'000, 'r'));
  });
  v1::Request request = MakeUpload(1, "/long", 10 * kWindow);
  request.set_response_window(1000);
  ReceiveRequest(request);
  EXPECT_EQ(transport_->Batch(1).responses(0).body().size(), 1000u);
  AwaitIdle();
  ReceiveBody(1, kWindow, false);
  transport_->EndWrite(link_.get());
  ReceiveCancel(1);
  EXPECT_EQ(transport_->Batch(2).windows_size(), 0);
  EXPECT_FALSE(transport_->closed().has_value());
}

TEST_F(LinkStreamingTest, AWriterOfTheAnswerThatStopsReadingEndsTheUpload) {
  Handle("/half", [](const Request&, BodyReader& body, Context&) {
    return Response::Stream(
        [&body](BodyWriter& out) -> absl::Status {
          char buffer[10];
          const absl::StatusOr<size_t> size = body.Read(buffer);
          if (!size.ok()) return size.status();
          out.Write(absl::string_view(buffer, *size));
          return absl::OkStatus();
        },
        "a/b");
  });
  ReceiveRequest(MakeUpload(1, "/half", 10 * kWindow));
  EXPECT_EQ(transport_->Batch(1).responses(0).status(), 200u);
  ReceiveBody(1, kWindow, false);
  EXPECT_EQ(AwaitRestOfBody(2), "xxxxxxxxxx");
  ReceiveChunk(1, 1, false);
  EXPECT_FALSE(transport_->closed().has_value());
}

TEST_F(LinkStreamingTest, ACancelWakesTheReader) {
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/read", kWindow));
  gate_.AwaitArrived(1);
  ReceiveCancel(1);
  EXPECT_EQ(AwaitFailure().code(), absl::StatusCode::kCancelled);
  AwaitIdle();
  pool_.Stop();  // the last Deliver() comes after that
  EXPECT_EQ(metrics_.discarded.value(), 1u);
  EXPECT_EQ(metrics_.bodies_unread.value(), 1u);
}

TEST_F(LinkStreamingTest, ALostLinkWakesTheReader) {
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/read", kWindow));
  gate_.AwaitArrived(1);
  link_->OnReadEnd();
  EXPECT_EQ(AwaitFailure().code(), absl::StatusCode::kUnavailable);
  AwaitIdle();
}

TEST_F(LinkStreamingTest, TheDeadlineWakesTheReader) {
  gate_.Open();
  v1::Request request = MakeUpload(1, "/read", kWindow);
  request.set_timeout_us(50'000);
  ReceiveRequest(request);
  EXPECT_EQ(AwaitFailure().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(transport_->Batch(1).responses(0).status(), 504u);
}

TEST_F(LinkStreamingTest, WhatComesOfARefusedBodyIsIgnored) {
  ReceiveRequest(MakeRequest(1, "/gate"));
  ReceiveRequest(MakeRequest(2, "/gate"));
  gate_.AwaitArrived(2);
  ReceiveRequest(MakeUpload(3, "/read", kWindow));
  ASSERT_EQ(transport_->Batch(1).refused_size(), 1);
  ReceiveBody(3, kWindow, true);
  EXPECT_FALSE(transport_->closed().has_value());
  EXPECT_EQ(pool_.load().accepted, 2);
}

TEST_F(LinkStreamingTest, WhatWaitsForAThreadMayBeCancelled) {
  LetOneWait();
  ReceiveCancel(kWaiting);
  EXPECT_EQ(pool_.queued(), 0);
  EXPECT_EQ(pool_.load().accepted, 2);
  ReceiveChunk(kWaiting, 1000, false);  // it was on its way
  EXPECT_FALSE(transport_->closed().has_value());
  gate_.Open();
  AwaitIdle();
  EXPECT_EQ(metrics_.bodies_streamed.value(), 0u);
}

TEST_F(LinkStreamingTest, WhatWaitsForAThreadGoesBackWithWhatHasComeOfIt) {
  LetOneWait();
  pool_.Drain();
  EXPECT_EQ(pool_.load().accepted, 2);
  transport_->EndWrite(link_.get());
  const v1::BackendFrames batch = transport_->Batch(2);
  ASSERT_EQ(batch.returned_size(), 1);
  EXPECT_EQ(batch.returned(0).id(), kWaiting);
  ReceiveChunk(kWaiting, 1000, false);
  EXPECT_FALSE(transport_->closed().has_value());
}

TEST_F(LinkStreamingTest, ADrainLetsTheHandlerReadOn) {
  gate_.Open();
  ReceiveRequest(MakeUpload(1, "/read", 100'000));
  gate_.AwaitArrived(1);
  link_->Drain();
  pool_.Drain();
  EXPECT_TRUE(transport_->Batch(1).draining());
  transport_->EndWrite(link_.get());
  ReceiveBody(1, 100'000, true);
  EXPECT_EQ(transport_->Batch(2).responses(0).body(), "100000");
  AwaitIdle();
  transport_->EndWrite(link_.get());
  ASSERT_TRUE(transport_->closed().has_value());
  EXPECT_TRUE(transport_->closed()->ok());
}

TEST_F(LinkStreamingTest, TheStartIsReportedFirst) {
  gate_.Open();
  v1::Request request = MakeUpload(1, "/read", 100'000);
  request.set_report_start(true);
  ReceiveRequest(request);
  ASSERT_EQ(transport_->Batch(1).started_size(), 1);
  EXPECT_EQ(gate_.arrived(), 0);
  ReceiveBody(1, 100'000, true);
  transport_->EndWrite(link_.get());
  EXPECT_EQ(transport_->Batch(2).responses(0).body(), "100000");
}

// The thread that moves the bytes would wait for itself.
TEST_F(LinkStreamingTest, NeverRunsOnTheThreadThatReadsTheLink) {
  class : public Helper {
    void Replace() override {}
  } helper;
  const std::thread::id here = std::this_thread::get_id();
  Handle("/where", [&](const Request&, BodyReader& body, Context&) {
    EXPECT_NE(std::this_thread::get_id(), here);
    return ReadAll(body);
  });
  WorkerPool::SetHelper(&helper);
  uint64_t id = 0;
  const Time deadline = Now() + std::chrono::seconds(20);
  while (pool_.counters().helped.value() == 0 && Now() < deadline) {
    ReceiveRequest(MakeRequest(++id, "/size/1"));
    pool_.Help();
    AwaitIdle();
  }
  EXPECT_GT(pool_.counters().helped.value(), 0u);
  for (int i = 0; i < 50; ++i) {
    v1::FrontendFrames frames;
    *frames.add_requests() = MakeUpload(++id, "/where", 70'000);
    for (const bool last : {false, true}) {
      v1::BodyChunk* chunk = frames.add_body();
      chunk->set_id(id);
      chunk->set_data(std::string(35'000, 'x'));
      chunk->set_last(last);
    }
    Receive(frames);
    pool_.Help();
    AwaitIdle();
  }
  WorkerPool::SetHelper(nullptr);
  EXPECT_EQ(metrics_.bodies_streamed.value() + pool_.counters().returned.value(), 50u);
}

// Cancels, deadlines and ends that meet a handler anywhere between its start and its answer.
TEST_F(LinkStreamingTest, SurvivesWhateverHappensWhileHandlersRead) {
  class : public LinkTransport {
    bool Write(const v1::BackendFrames&) override { return true; }
    void Close(const absl::Status&) override {}
  } no_network;
  gate_.Open();
  uint64_t id = 0;
  const Time deadline = Now() + std::chrono::seconds(20);
  for (int round = 0; round < 20; ++round) {
    const auto link = std::make_shared<Link>(
        &host_, std::shared_ptr<LinkTransport>(std::shared_ptr<void>(), &no_network));
    link->Open("peer");
    v1::FrontendFrames frames;
    frames.mutable_hello()->set_protocol(1);
    for (int i = 0; i < 20; ++i) {
      while (pool_.load().accepted > i % 2 && Now() < deadline) std::this_thread::yield();
      ++id;
      v1::Request request = MakeUpload(id,
                                       i % 3 == 0   ? "/pass"
                                       : i % 7 == 0 ? "/ignore"
                                                    : "/read",
                                       500'000);
      if (i % 5 == 0) request.set_timeout_us(200);
      *frames.add_requests() = request;
      link->OnBatch(&frames);
      for (int sent = 0; sent < 500'000; sent += 50'000) {
        frames.Clear();
        v1::BodyChunk* chunk = frames.add_body();
        chunk->set_id(id);
        chunk->set_data(std::string(50'000, 'x'));
        chunk->set_last(sent == 450'000);
        if (i % 2 == 0 && sent == i * 20'000) frames.add_cancels()->set_id(id);
        link->OnBatch(&frames);
      }
      frames.Clear();
    }
    link->OnReadEnd();
  }
  AwaitIdle();
  EXPECT_EQ(metrics_.breaches.value(), 0u);
  EXPECT_GT(metrics_.bodies_streamed.value(), 100u);
  pool_.Stop();  // nobody uses the links any more
}

class LinkStreamingBreachTest : public LinkStreamingTest {
 protected:
  LinkStreamingBreachTest() {
    ReceiveRequest(MakeUpload(1, "/read", kWindow + 200'000));
    gate_.AwaitArrived(1);
  }
  // The handler learns of it, too.
  void ExpectBreachAndEnd() {
    ExpectBreach();
    gate_.Open();
    EXPECT_EQ(AwaitFailure().code(), absl::StatusCode::kUnavailable);
    AwaitIdle();
  }
};

TEST_F(LinkStreamingBreachTest, AChunkBeyondTheWindow) {
  ReceiveBody(1, kWindow, false);
  EXPECT_FALSE(transport_->closed().has_value());
  ReceiveChunk(1, 1, false);
  ExpectBreachAndEnd();
}
TEST_F(LinkStreamingBreachTest, AChunkThatIsTooLarge) {
  ReceiveChunk(1, Link::kChunk + 1, false);
  ExpectBreachAndEnd();
}
TEST_F(LinkStreamingBreachTest, ABodyThatEndsEarly) {
  ReceiveChunk(1, 10, true);
  ExpectBreachAndEnd();
}

class LinkStreamingLengthTest : public LinkStreamingTest {
 protected:
  LinkStreamingLengthTest() {
    ReceiveRequest(MakeUpload(1, "/read", 100'000));
    gate_.AwaitArrived(1);
  }
};

TEST_F(LinkStreamingLengthTest, ABodyThatIsTooLong) {
  ReceiveChunk(1, 60'000, false);
  ReceiveChunk(1, 40'001, false);
  ExpectBreach();
}
TEST_F(LinkStreamingLengthTest, AChunkAfterTheEnd) {
  ReceiveChunk(1, 60'000, false);
  ReceiveChunk(1, 40'000, true);
  EXPECT_FALSE(transport_->closed().has_value());
  ReceiveChunk(1, 0, true);
  ExpectBreach();
}

TEST(IncomingBodyTest, PutsSmallPiecesTogether) {
  IncomingBody body(100);
  for (int i = 0; i < 1000; ++i) {
    std::string piece(1, 'a');
    body.Add(&piece, false);
  }
  std::string nothing;
  body.Add(&nothing, true);
  EXPECT_EQ(body.received(), 1100u);
  EXPECT_TRUE(body.ended());
  EXPECT_EQ(body.Take(), std::string(1000, 'a'));
  EXPECT_TRUE(body.empty());
}

TEST(IncomingBodyTest, KeepsTheOrderOfLargePieces) {
  IncomingBody body(0);
  for (const char c : {'a', 'b', 'c'}) {
    std::string piece(40'000, c);
    body.Add(&piece, c == 'c');
  }
  for (const char c : {'a', 'b', 'c'}) EXPECT_TRUE(body.Take() == std::string(40'000, c));
  EXPECT_TRUE(body.empty());
}

}  // namespace
}  // namespace anteroom::backend
