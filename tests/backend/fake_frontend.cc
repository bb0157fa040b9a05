#include "tests/backend/fake_frontend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "gtest/gtest.h"

namespace anteroom::backend {
namespace {

constexpr Duration kPatience = std::chrono::seconds(20);
constexpr uint64_t kWindow = 256 * 1024;

}  // namespace

FakeFrontend::FakeFrontend(int port, bool greet) {
  grpc::ChannelArguments arguments;
  // Each front end has a connection of its own, as real ones do.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                       grpc::InsecureChannelCredentials(), arguments);
  stub_ = v1::Backend::NewStub(channel_);
  stream_ = stub_->Exchange(&context_);
  reader_ = std::thread([this] { Read(); });
  if (!greet) return;
  v1::FrontendFrames frames;
  frames.mutable_hello()->set_protocol(1);
  frames.mutable_hello()->set_frontend("test");
  EXPECT_TRUE(Send(frames));
  Await("hello",
        [](const Received& received) { return received.hello.protocol() == 1 || received.ended; });
}

FakeFrontend::~FakeFrontend() {
  context_.TryCancel();
  reader_.join();
}

v1::Request FakeFrontend::MakeRequest(uint64_t id, absl::string_view method,
                                      absl::string_view target, absl::string_view body) {
  v1::Request request;
  request.set_id(id);
  request.set_method(std::string(method));
  request.set_target(std::string(target));
  request.set_authority("example.com");
  request.set_scheme("http");
  request.set_body(std::string(body));
  request.set_body_size(body.size());
  request.set_request_id(absl::StrCat("request-", id));
  request.set_attempt(1);
  request.set_response_window(kWindow);
  return request;
}

bool FakeFrontend::Send(const v1::FrontendFrames& frames) { return stream_->Write(frames); }

bool FakeFrontend::SendRequest(const v1::Request& request) {
  v1::FrontendFrames frames;
  *frames.add_requests() = request;
  return Send(frames);
}

bool FakeFrontend::SendCancel(uint64_t id) {
  v1::FrontendFrames frames;
  frames.add_cancels()->set_id(id);
  return Send(frames);
}

bool FakeFrontend::SendWindow(uint64_t id, uint64_t bytes) {
  v1::FrontendFrames frames;
  v1::WindowUpdate* update = frames.add_windows();
  update->set_id(id);
  update->set_bytes(bytes);
  return Send(frames);
}

bool FakeFrontend::SendChunk(uint64_t id, absl::string_view data, bool last) {
  v1::FrontendFrames frames;
  v1::BodyChunk* chunk = frames.add_body();
  chunk->set_id(id);
  chunk->set_data(std::string(data));
  chunk->set_last(last);
  return Send(frames);
}

void FakeFrontend::CloseSending() { stream_->WritesDone(); }

void FakeFrontend::Await(absl::string_view what,
                         const std::function<bool(const Received&)>& condition) {
  const Time deadline = anteroom::Now() + kPatience;
  MutexLock lock(&mu_);
  while (!condition(received_)) {
    if (!changed_.WaitUntil(&mu_, deadline) && !condition(received_)) {
      ADD_FAILURE() << "waited in vain for " << std::string(what)
                    << "; received: " << Summary(received_);
      return;
    }
  }
}

FakeFrontend::Answer FakeFrontend::AwaitAnswer(uint64_t id) {
  Await(absl::StrCat("the answer to ", id), [id](const Received& received) {
    const auto found = received.answers.find(id);
    return found != received.answers.end() && (found->second.last || found->second.aborted);
  });
  return Now().answers[id];
}

grpc::Status FakeFrontend::AwaitEnd() {
  Await("the end of the stream", [](const Received& received) { return received.ended; });
  MutexLock lock(&mu_);
  return status_;
}

FakeFrontend::Received FakeFrontend::Now() {
  MutexLock lock(&mu_);
  return received_;
}

void FakeFrontend::Read() {
  v1::BackendFrames frames;
  while (stream_->Read(&frames)) {
    MutexLock lock(&mu_);
    Note(frames);
    changed_.NotifyAll();
  }
  const grpc::Status status = stream_->Finish();
  MutexLock lock(&mu_);
  status_ = status;
  received_.ended = true;
  changed_.NotifyAll();
}

void FakeFrontend::Note(const v1::BackendFrames& frames) {
  if (frames.has_hello()) received_.hello = frames.hello();
  for (const v1::Started& started : frames.started()) received_.started.insert(started.id());
  for (const v1::Response& response : frames.responses()) {
    Answer& answer = received_.answers[response.id()];
    answer.status = response.status();
    for (const v1::Header& header : response.headers())
      answer.headers[header.name()] = header.value();
    answer.body = response.body();
    answer.body_size = response.body_size();
    answer.size_known = response.size_known();
    answer.last = response.last();
  }
  for (const v1::BodyChunk& chunk : frames.body()) {
    Answer& answer = received_.answers[chunk.id()];
    answer.body += chunk.data();
    answer.last = chunk.last();
    received_.largest_chunk = std::max(received_.largest_chunk, chunk.data().size());
  }
  for (const v1::Abort& abort : frames.aborts()) received_.answers[abort.id()].aborted = true;
  for (const v1::Refused& refused : frames.refused()) received_.refused.insert(refused.id());
  for (const v1::Returned& returned : frames.returned()) received_.returned.insert(returned.id());
  for (const v1::WindowUpdate& update : frames.windows())
    received_.request_credit[update.id()] += update.bytes();
  received_.grants += frames.grants();
  if (frames.has_load()) received_.load = frames.load();
  if (frames.draining()) received_.draining = true;
  if (frames.has_pong()) received_.pong = frames.pong().number();
}

std::string FakeFrontend::Summary(const Received& received) {
  std::string text =
      absl::StrCat("grants ", received.grants, received.draining ? ", draining" : "",
                   received.ended ? ", ended" : "", ", load ", received.load.accepted(), "/",
                   received.load.running(), "/", received.load.limit());
  for (const auto& [id, answer] : received.answers) {
    absl::StrAppend(&text, "; ", id, ": ", answer.status, " with ", answer.body.size(), " bytes",
                    answer.last ? "" : " so far", answer.aborted ? ", aborted" : "");
  }
  for (const uint64_t id : received.refused) absl::StrAppend(&text, "; ", id, " refused");
  for (const uint64_t id : received.returned) absl::StrAppend(&text, "; ", id, " returned");
  return text;
}

}  // namespace anteroom::backend
