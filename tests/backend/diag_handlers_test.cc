#include "backend/diag/diag_handlers.h"

#include <fstream>
#include <sstream>
#include <string>

#include "backend/diag/pattern.h"
#include "gtest/gtest.h"

namespace anteroom::backend {
namespace {

// Takes everything, or stops after some bytes.
class StringWriter final : public BodyWriter {
 public:
  explicit StringWriter(size_t limit = ~size_t{0}) : limit_(limit) {}
  bool Write(absl::string_view bytes) override {
    text_.append(bytes.data(), bytes.size());
    ++pieces_;
    return text_.size() < limit_;
  }
  const std::string& text() const { return text_; }
  int pieces() const { return pieces_; }

 private:
  const size_t limit_;
  std::string text_;
  int pieces_ = 0;
};

class DiagTest : public ::testing::Test {
 protected:
  DiagHandlers handlers_{nullptr};
  Context context_;
};

TEST_F(DiagTest, HelloSaysHello) {
  EXPECT_EQ(handlers_.Hello(Request("GET", "/diag/hello"), context_)->body, "hello world");
}

TEST_F(DiagTest, EchoTellsWhatCame) {
  const Request request("POST", "/diag/echo?a=1", {{"X-B", "c"}, {"x-b", "d"}}, "abc");
  EXPECT_EQ(
      handlers_.Echo(request, context_)->body,
      R"({"method":"POST","target":"/diag/echo?a=1","headers":[["X-B","c"],["x-b","d"]],"body_length":3,)"
      R"("body_sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})");
}

TEST_F(DiagTest, DigestReadsToTheEndOrNoFurtherThanItIsTold) {
  StringBodyReader whole("abc", 2);
  EXPECT_EQ(
      handlers_.Digest(Request("PUT", "/diag/digest"), whole, context_)->body,
      R"({"body_length":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})");
  StringBodyReader longer("abcdef", 2);
  EXPECT_EQ(
      handlers_.Digest(Request("PUT", "/diag/digest?read=3"), longer, context_)->body,
      R"({"body_length":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})");
  StringBodyReader any("abc");
  EXPECT_FALSE(handlers_.Digest(Request("PUT", "/diag/digest?read=-1"), any, context_).ok());
}

TEST_F(DiagTest, BytesDependOnTheirPositionOnly) {
  const std::string whole = handlers_.Bytes(Request("GET", "/?n=1000"), context_)->body;
  ASSERT_EQ(whole.size(), 1000u);
  const absl::StatusOr<Response> streamed =
      handlers_.Bytes(Request("GET", "/?n=1000&chunk=333"), context_);
  StringWriter writer;
  EXPECT_TRUE(streamed->stream(writer).ok());
  EXPECT_EQ(writer.text(), whole);
  EXPECT_EQ(writer.pieces(), 4);
  EXPECT_EQ(PatternBytes(13, 50), whole.substr(13, 50));
  EXPECT_EQ(PatternBytes(0, 0), "");
  constexpr size_t kMiB = 1024 * 1024;  // what is ready ends there
  EXPECT_EQ(PatternBytes(kMiB - 5, 13), PatternBytes(kMiB - 5, 5) + PatternBytes(kMiB, 8));
  EXPECT_EQ(PatternBytes(kMiB - 11, 40).substr(10), PatternBytes(kMiB - 1, 30));
}

TEST_F(DiagTest, BytesStopWhenNobodyWantsThem) {
  const absl::StatusOr<Response> streamed =
      handlers_.Bytes(Request("GET", "/?n=1000000000&chunk=100"), context_);
  StringWriter writer(500);
  EXPECT_FALSE(streamed->stream(writer).ok());
  EXPECT_EQ(writer.pieces(), 5);
}

TEST_F(DiagTest, SleepEndsWhenCancelled) {
  Cancellation cancellation;
  cancellation.Cancel();
  Context::Fields fields;
  fields.cancellation = &cancellation;
  Context cancelled(fields);
  EXPECT_FALSE(handlers_.Sleep(Request("GET", "/?ms=3600000"), cancelled).ok());
  EXPECT_FALSE(handlers_.Burn(Request("GET", "/?ms=3600000"), cancelled).ok());
  EXPECT_EQ(handlers_.Sleep(Request("GET", "/?ms=1"), context_)->status, 200);
  EXPECT_EQ(handlers_.Burn(Request("GET", "/?ms=1"), context_)->status, 200);
}

TEST_F(DiagTest, ParametersAreChecked) {
  for (const char* target : {"/", "/?ms=", "/?ms=x", "/?ms=-1", "/?ms=999999999999"}) {
    EXPECT_EQ(handlers_.Sleep(Request("GET", target), context_).status().code(),
              absl::StatusCode::kInvalidArgument)
        << target;
  }
  EXPECT_FALSE(handlers_.Bytes(Request("GET", "/?n=9999999999"), context_).ok());
  EXPECT_FALSE(handlers_.Status(Request("GET", "/?code=600"), context_).ok());
}

TEST_F(DiagTest, NamesFiles) {
  EXPECT_EQ(handlers_.File(Request("GET", "/?path=/a%20b"), context_)->Header("X-Accel-Redirect"),
            "/a%20b");
  const absl::StatusOr<Response> both = handlers_.Bytes(Request("GET", "/?n=3&file=/a"), context_);
  EXPECT_EQ(both->Header("X-Accel-Redirect"), "/a");
  EXPECT_EQ(both->body.size(), 3u);
}

TEST_F(DiagTest, StatusAndWhoAmI) {
  EXPECT_EQ(handlers_.Status(Request("GET", "/?code=418"), context_)->status, 418);
  const std::string who = handlers_.WhoAmI(Request("GET", "/"), context_)->body;
  EXPECT_NE(who.find("\"pid\":"), std::string::npos);
  EXPECT_NE(who.find("\"in_flight\":"), std::string::npos);
}

TEST_F(DiagTest, RawResponsesAreTakenLiterally) {
  const absl::StatusOr<Response> response = handlers_.RawResponse(
      Request(
          "GET",
          "/?raw=HTTP/"
          "1.1%2042%20What%0D%0AX-A:%20b%0Ac%0D%0A:%20empty%0D%0ANoColon%0D%0A%0D%0Abody%0D%0Ax"),
      context_);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 42);
  ASSERT_EQ(response->headers.size(), 3u);
  EXPECT_EQ(response->headers[0].second, "b\nc");
  EXPECT_EQ(response->headers[1].first, "");
  EXPECT_EQ(response->headers[2].first, "NoColon");
  EXPECT_EQ(response->body, "body\r\nx");
  EXPECT_FALSE(handlers_.RawResponse(Request("GET", "/?raw=nonsense"), context_).ok());
}

TEST_F(DiagTest, CrashEndsTheProcess) {
  EXPECT_DEATH((void)handlers_.Crash(Request("GET", "/"), context_), "");
}

TEST(StartLogTest, AppendsALineARequest) {
  const std::string path = ::testing::TempDir() + "start_log_test";
  std::remove(path.c_str());
  {
    const auto log = StartLog::Open(path);
    ASSERT_TRUE(log.ok()) << log.status();
    (*log)->Append("one");
  }
  const auto log = StartLog::Open(path);
  (*log)->Append("two");
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), "one\ntwo\n");
  std::remove(path.c_str());
  EXPECT_FALSE(StartLog::Open("/no/such/directory/file").ok());
}

}  // namespace
}  // namespace anteroom::backend
