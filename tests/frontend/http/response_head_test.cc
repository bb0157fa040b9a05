#include "frontend/http/response_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace anteroom::frontend {
namespace {

// Shaped like the Header message of the wire.
class Header {
 public:
  Header(std::string name, std::string value) : name_(std::move(name)), value_(std::move(value)) {}
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }

 private:
  std::string name_;
  std::string value_;
};

absl::Status Check(int status, const std::vector<Header>& fields) {
  return CheckResponseHead(status, fields);
}

TEST(CheckResponseHead, AcceptsWhatHandlersSend) {
  EXPECT_TRUE(Check(200, {}).ok());
  EXPECT_TRUE(Check(599, {{"Content-Type", "text/html; charset=utf-8"},
                          {"X-Tab", "a\tb"},
                          {"X-Text", "caf\xc3\xa9"},
                          {"X-Empty", ""},
                          {"Set-Cookie", "a=b"},
                          {"Set-Cookie", "c=d"}})
                  .ok());
}

TEST(CheckResponseHead, RefusesOtherStatuses) {
  for (const int status : {-1, 0, 99, 100, 101, 199, 600, 1000}) {
    EXPECT_FALSE(Check(status, {}).ok()) << status;
  }
}

TEST(CheckResponseHead, RefusesNamesThatAreNoTokens) {
  for (const char* name : {"", " ", "A B", "A:", "A\r\nB", "A\n", "\xc3\xa9", "(a)", "A\t"}) {
    EXPECT_FALSE(Check(200, {{name, "x"}}).ok()) << name;
  }
}

TEST(CheckResponseHead, RefusesControlBytesInValues) {
  for (int c = 0; c < 256; ++c) {
    const std::string value = std::string("0123456789") + static_cast<char>(c) + "x";
    const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
    EXPECT_EQ(Check(200, {{"X", value}}).ok(), !control) << c;
  }
}

TEST(CheckResponseHead, RefusesFramingAndHopByHopFields) {
  for (const char* name : {"Content-Length", "content-length", "Transfer-Encoding", "Connection",
                           "Keep-Alive", "Upgrade", "Trailer", "TE", "Proxy-Authenticate"}) {
    EXPECT_FALSE(Check(200, {{name, "1"}}).ok()) << name;
  }
}

TEST(CheckResponseHead, LooksAtEveryField) {
  EXPECT_FALSE(Check(200, {{"A", "1"}, {"B", "2"}, {"C", "3\n"}}).ok());
}

TEST(CheckResponseHead, GivesReasonsThatAreSafeToLog) {
  const absl::Status status = Check(200, {{"A\r\n" + std::string(1000, '\xff'), "x"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_LT(status.message().size(), 400u);
  for (const char c : status.message()) EXPECT_TRUE(c >= ' ' && c <= '~');
}

struct FakeResponse {
  std::vector<Header> fields;
  bool known;
  const std::vector<Header>& headers() const { return fields; }
  bool size_known() const { return known; }
};

TEST(MayBeBuffered, WhatTheHandlerHasMadeWhole) {
  EXPECT_TRUE(MayBeBuffered(FakeResponse{{}, true}));
  EXPECT_FALSE(MayBeBuffered(FakeResponse{{}, false}));
  EXPECT_TRUE(MayBeBuffered(FakeResponse{{{"Content-Type", "text/plain"}}, true}));
}

TEST(MayBeBuffered, NoEventStream) {
  for (const char* type : {"text/event-stream", "Text/Event-Stream; charset=utf-8"}) {
    EXPECT_FALSE(MayBeBuffered(FakeResponse{{{"content-type", type}}, true})) << type;
  }
}

TEST(MayBeBuffered, AsTheBackendSays) {
  EXPECT_FALSE(MayBeBuffered(FakeResponse{{{"x-accel-buffering", "NO"}}, true}));
  EXPECT_TRUE(MayBeBuffered(FakeResponse{{{"X-Accel-Buffering", "yes"}}, false}));
  EXPECT_TRUE(MayBeBuffered(FakeResponse{{{"X-Accel-Buffering", "maybe"}}, true}));
  // Said twice: the safe one holds.
  EXPECT_FALSE(MayBeBuffered(
      FakeResponse{{{"X-Accel-Buffering", "yes"}, {"X-Accel-Buffering", "no"}}, true}));
}

TEST(IsForFrontEnd, IsTheBufferingWish) {
  EXPECT_TRUE(IsForFrontEnd("X-ACCEL-buffering"));
  EXPECT_FALSE(IsForFrontEnd("X-Accel-Bufferinq"));
  EXPECT_FALSE(IsForFrontEnd("X-Accel"));
}

}  // namespace
}  // namespace anteroom::frontend
