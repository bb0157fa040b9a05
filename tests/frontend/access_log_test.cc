#include "frontend/access_log.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "frontend/net/client_request.h"
#include "frontend/net/connection_context.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr Time kStart = Time() + std::chrono::hours(1);

// protobuf's reader of JSON stands for anybody's.
google::protobuf::Struct Read(const std::string& line) {
  google::protobuf::Struct object;
  const auto status = google::protobuf::util::JsonStringToMessage(line, &object);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << line;
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
  return object;
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
    AppendAccessLine(request_, "192.0.2.7", kStart + milliseconds(10), 1'767'225'600'123, &line);
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
  const auto fields = Fields().fields();
  EXPECT_EQ(fields.at("backend").string_value(), "host:17");
  EXPECT_EQ(fields.at("thread").number_value(), 3);
  EXPECT_EQ(fields.at("attempt").number_value(), 2);
  EXPECT_DOUBLE_EQ(fields.at("queue_ms").number_value(), 2);
  EXPECT_DOUBLE_EQ(fields.at("backend_queue_ms").number_value(), 1.5);
  EXPECT_DOUBLE_EQ(fields.at("run_ms").number_value(), 2.5);
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
    }
  }
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

TEST(AccessLogTest, AFileThatCannotBeOpenedIsAnErrorWithAReason) {
  AccessLogConfig config;
  config.path = "/proc/no/such/file";
  const auto log = AccessLog::Open(config);
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("/proc/no/such/file"));
}

}  // namespace
}  // namespace anteroom::frontend
