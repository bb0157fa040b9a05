#include "frontend/access_log.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/access_line.h"
#include "frontend/net/client_request.h"
#include "frontend/net/connection_context.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr Time kStart = Time() + std::chrono::hours(1);
constexpr int64_t kWall = 1'767'225'600'123;  // the first moment of 2026, and 123 ms

// protobuf's reader of JSON stands for anybody's.
google::protobuf::Struct Read(const std::string& line) {
  google::protobuf::Struct object;
  const auto status = google::protobuf::util::JsonStringToMessage(line, &object);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << line;
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
  return object;
}

// One line whose quoted parts end where they should, of printable bytes only.
void CheckCombined(const std::string& line) {
  EXPECT_EQ(std::count(line.begin(), line.end(), '"'), 6) << line;
  EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }))
      << line;
}

class AccessLineTest : public testing::Test {
 protected:
  AccessLineTest() : request_(limits_) {
    request_.started = kStart;
    request_.completed = kStart + milliseconds(3);
  }
  void Parse(const std::string& bytes) {
    size_t consumed = 0;
    request_.parser.Parse(bytes, &consumed);
  }
  std::string Line() {
    std::string line;
    AppendJsonLine(request_, "192.0.2.7", kStart + milliseconds(10), kWall, &line);
    return line;
  }
  std::string Combined(absl::string_view client = "192.0.2.7") {
    std::string line;
    AppendCombinedLine(request_, client, kWall, &line);
    return line;
  }
  google::protobuf::Struct Fields() { return Read(Line()); }

  const HttpLimits limits_;
  ClientRequest request_;
};

TEST_F(AccessLineTest, SaysWhoAskedWhatAndHowItEnded) {
  Parse("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl\r\n\r\n");
  request_.status = 200;
  request_.outcome = Outcome::kServed;
  const auto fields = Fields().fields();
  EXPECT_EQ(fields.at("time").string_value(), "2026-01-01T00:00:00.123Z");
  EXPECT_EQ(fields.at("client").string_value(), "192.0.2.7");
  EXPECT_EQ(fields.at("method").string_value(), "GET");
  EXPECT_EQ(fields.at("host").string_value(), "example.com");
  EXPECT_EQ(fields.at("target").string_value(), "/a?b=c");
  EXPECT_EQ(fields.at("status").number_value(), 200);
  EXPECT_EQ(fields.at("outcome").string_value(), "served");
  EXPECT_EQ(fields.at("user_agent").string_value(), "curl");
  EXPECT_DOUBLE_EQ(fields.at("read_ms").number_value(), 3);
  EXPECT_DOUBLE_EQ(fields.at("total_ms").number_value(), 10);
  EXPECT_FALSE(fields.contains("backend"));
  EXPECT_FALSE(fields.contains("detail"));
}

TEST_F(AccessLineTest, SaysWhichBackendHadIt) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  request_.exchange.attempt = 2;
  request_.exchange.backend = std::make_shared<const std::string>("host:17");
  request_.exchange.sent_at = kStart + milliseconds(5);
  request_.exchange.thread = 3;
  request_.exchange.queued_us = 1500;
  request_.exchange.run_us = 2500;
  request_.exchange.answered_at = request_.begun = kStart + milliseconds(9) + microseconds(500);
  request_.responding = true;
  const auto fields = Fields().fields();
  EXPECT_EQ(fields.at("backend").string_value(), "host:17");
  EXPECT_EQ(fields.at("thread").number_value(), 3);
  EXPECT_EQ(fields.at("attempt").number_value(), 2);
  EXPECT_DOUBLE_EQ(fields.at("queue_ms").number_value(), 2);
  EXPECT_DOUBLE_EQ(fields.at("backend_queue_ms").number_value(), 1.5);
  EXPECT_DOUBLE_EQ(fields.at("run_ms").number_value(), 2.5);
  EXPECT_DOUBLE_EQ(fields.at("dispatch_ms").number_value(), 0.5);
  EXPECT_DOUBLE_EQ(fields.at("write_ms").number_value(), 0.5);
  double sum = 0;
  for (const char* phase :
       {"read_ms", "queue_ms", "dispatch_ms", "backend_queue_ms", "run_ms", "write_ms"}) {
    sum += fields.at(phase).number_value();
  }
  EXPECT_DOUBLE_EQ(sum, fields.at("total_ms").number_value());
}

// Routes of two hosts may have the same path.
TEST_F(AccessLineTest, NamesTheRouteByItsPathAndHostIfItHasOne) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  RouteConfig route;
  route.path = "/api";
  const Site site{.route = &route};
  request_.site = &site;
  EXPECT_EQ(Fields().fields().at("route").string_value(), "/api");
  route.host = "*.example.com";
  EXPECT_EQ(Fields().fields().at("route").string_value(), "*.example.com/api");
}

TEST_F(AccessLineTest, NamesBothRoutesOfAFileThatAHandlerNamed) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  RouteConfig app;
  app.path = "/";
  RouteConfig files;
  files.path = "/reports/";
  const Site first{.route = &app};
  const Site site{.route = &files};
  request_.site = &site;
  EXPECT_FALSE(Fields().fields().contains("internal_route"));
  request_.redirect = std::make_unique<FileRedirect>(FileRedirect{&first, ""});
  const auto fields = Fields().fields();
  EXPECT_EQ(fields.at("route").string_value(), "/");
  EXPECT_EQ(fields.at("internal_route").string_value(), "/reports/");
}

TEST_F(AccessLineTest, PhasesThatWereNotReachedAreNotThere) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (const char* phase : {"queue_ms", "dispatch_ms", "write_ms"}) {
    EXPECT_FALSE(Fields().fields().contains(phase)) << phase;
  }
  // Waited in the queue until the client had left...
  request_.exchange.enqueued = request_.completed;
  EXPECT_DOUBLE_EQ(Fields().fields().at("queue_ms").number_value(), 7);
  EXPECT_FALSE(Fields().fields().contains("write_ms"));
  // ...or until it was refused.
  request_.responding = true;
  request_.begun = kStart + milliseconds(8);
  EXPECT_DOUBLE_EQ(Fields().fields().at("queue_ms").number_value(), 5);
  EXPECT_DOUBLE_EQ(Fields().fields().at("write_ms").number_value(), 2);
  // Sent, and not answered in time.
  request_.exchange.attempt = 1;
  request_.exchange.backend = std::make_shared<const std::string>("host:17");
  request_.exchange.sent_at = kStart + milliseconds(4);
  EXPECT_DOUBLE_EQ(Fields().fields().at("queue_ms").number_value(), 1);
  EXPECT_FALSE(Fields().fields().contains("dispatch_ms"));
}

// A backend's clock runs by itself: it may say that it took longer than we waited.
TEST_F(AccessLineTest, NoPhaseIsNegative) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  request_.exchange.attempt = 1;
  request_.exchange.backend = std::make_shared<const std::string>("host:17");
  request_.exchange.sent_at = kStart + milliseconds(3);
  request_.exchange.answered_at = kStart + milliseconds(4);
  request_.exchange.run_us = 5000;
  EXPECT_DOUBLE_EQ(Fields().fields().at("dispatch_ms").number_value(), 0);
}

TEST_F(AccessLineTest, HostileBytesStayInsideTheirString) {
  std::string agent;
  for (int byte = 0x21; byte < 0x100; ++byte) {
    if (byte != 0x7f) agent.push_back(static_cast<char>(byte));
  }
  Parse(absl::StrCat("GET /\"},{\"status\":\"1 HTTP/1.1\r\nHost: a\r\nUser-Agent: ", agent,
                     "\r\n\r\n"));
  EXPECT_TRUE(Fields().fields().contains("target"));
  EXPECT_EQ(Fields().fields().at("status").kind_case(), google::protobuf::Value::kNumberValue);
}

// A head that was refused is logged as far as it was read, whatever it holds.
TEST_F(AccessLineTest, WhatWasRefusedIsStillOneValidLine) {
  for (int byte = 0; byte < 0x100; ++byte) {
    const char c = static_cast<char>(byte);
    for (const std::string& head :
         {absl::StrCat("GE", std::string(1, c), "T / HTTP/1.1\r\nHost: a\r\n\r\n"),
          absl::StrCat("GET /", std::string(1, c), "x HTTP/1.1\r\nHost: a\r\n\r\n"),
          absl::StrCat("GET / HTTP/1.1\r\nHost: a", std::string(1, c), "\r\n\r\n"),
          absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x", std::string(1, c),
                       "\r\n\r\n")}) {
      request_.Reset();
      Parse(head);
      request_.detail = head;
      Read(Line());
      CheckCombined(Combined());
    }
  }
}

TEST_F(AccessLineTest, CombinedIsAsApacheAndNginxWriteIt) {
  Parse("GET /a?b=c HTTP/1.1\r\nHost: a\r\nReferer: https://a/\r\nUser-Agent: curl/7\r\n\r\n");
  request_.headed = kStart;
  request_.status = 200;
  request_.head_bytes_out = 100;
  request_.bytes_out = 1234;
  EXPECT_EQ(Combined(),
            "192.0.2.7 - - [01/Jan/2026:00:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 1134 "
            "\"https://a/\" \"curl/7\"");
}

TEST_F(AccessLineTest, CombinedHasADashForWhatIsAbsent) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\n");  // as far as that
  request_.head_bytes_out = 100;           // of which little went out
  request_.bytes_out = 7;
  EXPECT_EQ(Combined("unix:"),
            "unix: - - [01/Jan/2026:00:00:00 +0000] \"GET /\" 000 0 \"-\" \"-\"");
  request_.Reset();
  request_.status = 408;
  EXPECT_EQ(Combined("2001:db8::1"),
            "2001:db8::1 - - [01/Jan/2026:00:00:00 +0000] \"-\" 408 0 \"-\" \"-\"");
}

TEST_F(AccessLineTest, CombinedWritesHostileBytesAsNginxDoes) {
  Parse("GET / HTTP/1.1\r\nHost: a\r\nReferer: a\"b\\c\r\nUser-Agent: x\ty\xff\r\n\r\n");
  const std::string line = Combined();
  CheckCombined(line);
  EXPECT_TRUE(absl::StrContains(line, R"( "a\x22b\x5Cc" "x\x09y\xFF")")) << line;
}

TEST_F(AccessLineTest, ARequestThatNeverCameWholeHasReadTimesAllTheSame) {
  Parse("GET / HT");
  request_.completed = Time();
  EXPECT_DOUBLE_EQ(Fields().fields().at("read_ms").number_value(), 10);
}

TEST(AccessLogTest, AppendsLinesInOrder) {
  const std::string path = testing::TempDir() + "/access_log_test.log";
  std::remove(path.c_str());
  const HttpLimits limits;
  ClientRequest request(limits);
  AccessLogConfig config;
  config.path = path;
  for (int opening = 0; opening < 2; ++opening) {
    auto log = AccessLog::Open(config);
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < 100; ++i) {
      request.status = opening * 100 + i;
      (*log)->Write(request, "client", Now());
    }
    EXPECT_EQ((*log)->dropped(), 0u);
  }  // writes what is waiting
  std::ifstream file(path);
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) {
    EXPECT_EQ(Read(line).fields().at("status").number_value(), lines);
    ++lines;
  }
  EXPECT_EQ(lines, 200);
  std::remove(path.c_str());
}

TEST(AccessLogTest, WritesTheFormatThatIsConfigured) {
  const std::string path = testing::TempDir() + "/access_log_combined_test.log";
  std::remove(path.c_str());
  const HttpLimits limits;
  ClientRequest request(limits);
  request.status = 204;
  AccessLogConfig config;
  config.path = path;
  config.format = AccessLogFormat::kCombined;
  {
    auto log = AccessLog::Open(config);
    ASSERT_TRUE(log.ok()) << log.status();
    (*log)->Write(request, "192.0.2.7", Now());
  }
  std::ifstream file(path);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_THAT(line,
              testing::MatchesRegex("192.0.2.7 - - \\[.* \\+0000\\] \"-\" 204 0 \"-\" \"-\""));
  std::remove(path.c_str());
}

TEST(AccessLogTest, AFileThatCannotBeOpenedIsAnErrorWithAReason) {
  AccessLogConfig config;
  config.path = "/proc/no/such/file";
  const auto log = AccessLog::Open(config);
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("/proc/no/such/file"));
}

}  // namespace
}  // namespace anteroom::frontend
