// Whatever a handler does, what comes back may go on the wire.
#include "backend/src/invoke.h"

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "backend/src/status_response.h"
#include "gtest/gtest.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"

namespace anteroom::backend {
namespace {

class InvokeTest : public ::testing::Test {
 protected:
  Response Get(Handler handler, bool check = true) {
    Router router;
    EXPECT_TRUE(router.Add("GET", "/a/{b}", std::move(handler), check).ok());
    Request::Parts parts;
    parts.method = "GET";
    parts.target = "/a/x?q=/c";
    return Invoke(router, &metrics_, std::move(parts), &body_, &context_);
  }
  Response GetStatus(absl::Status status) {
    return Get([status](const Request&, Context&) -> absl::StatusOr<Response> { return status; });
  }
  BackendMetrics metrics_;
  StringBodyReader body_{"the body", 3};
  Context context_;
};

TEST_F(InvokeTest, PassesCaptures) {
  const Response response = Get(
      [](const Request& request, Context&) { return Response::Text(request.PathParameter("b")); });
  EXPECT_EQ(response.body, "x");
}

TEST_F(InvokeTest, StatusCodesBecomeHttpStatuses) {
  const std::pair<absl::StatusCode, int> table[] = {
      {absl::StatusCode::kInvalidArgument, 400},  {absl::StatusCode::kUnauthenticated, 401},
      {absl::StatusCode::kPermissionDenied, 403}, {absl::StatusCode::kNotFound, 404},
      {absl::StatusCode::kAlreadyExists, 409},    {absl::StatusCode::kFailedPrecondition, 412},
      {absl::StatusCode::kOutOfRange, 416},       {absl::StatusCode::kResourceExhausted, 429},
      {absl::StatusCode::kUnimplemented, 501},    {absl::StatusCode::kUnavailable, 503},
      {absl::StatusCode::kDeadlineExceeded, 504}, {absl::StatusCode::kInternal, 500},
      {absl::StatusCode::kUnknown, 500},          {absl::StatusCode::kCancelled, 500},
      {absl::StatusCode::kDataLoss, 500},         {absl::StatusCode::kAborted, 500},
  };
  for (const auto& [code, http] : table) {
    const Response response = GetStatus(absl::Status(code, "the message"));
    EXPECT_EQ(response.status, http) << absl::StatusCodeToString(code);
    EXPECT_EQ(response.Header("content-type"), "text/plain; charset=utf-8");
    if (http < 500) {
      EXPECT_EQ(response.body, "the message\n");
    } else {
      EXPECT_EQ(response.body.find("message"), std::string::npos) << response.body;
    }
  }
}

TEST_F(InvokeTest, AnExceptionIs500) {
  const Response response = Get([](const Request&, Context&) -> absl::StatusOr<Response> {
    throw std::runtime_error("secret");
  });
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  EXPECT_EQ(Get([](const Request&, Context&) -> absl::StatusOr<Response> { throw 1; }).status, 500);
}

TEST_F(InvokeTest, AnImpossibleHeadIs500) {
  const std::pair<const char*, const char*> fields[] = {{"X-A", "b\r\nSet-Cookie: c"},
                                                        {"X-A", "b\nc"},
                                                        {"X-A", "b\rc"},
                                                        {"X A", "b"},
                                                        {"", "b"},
                                                        {"X:", "b"},
                                                        {"X\n", "b"}};
  for (const auto& [name, value] : fields) {
    const Response response = Get([name = name, value = value](const Request&, Context&) {
      return Response::Text("x").AddHeader(name, value);
    });
    EXPECT_EQ(response.status, 500) << name << ": " << value;
    EXPECT_EQ(response.Header("X-A"), "");
  }
  const Response nul = Get([](const Request&, Context&) {
    return Response::Text("x").AddHeader("X-A", absl::string_view("b\0c", 3));
  });
  EXPECT_EQ(nul.status, 500);
}

TEST_F(InvokeTest, AHeadThatNoMessageCouldHoldIs500) {
  const auto with = [this](size_t bytes) {
    return Get([bytes](const Request&, Context&) {
      Response response = Response::Text("x");
      for (size_t i = 0; i < bytes / 1000; ++i) response.AddHeader("X-A", std::string(997, 'a'));
      return response;
    });
  };
  EXPECT_EQ(with(200'000).status, 200);
  EXPECT_EQ(with(300'000).status, 500);
}

TEST_F(InvokeTest, AnImpossibleStatusIs500) {
  for (const int status : {0, 100, 101, 199, 600, 1000, -1}) {
    EXPECT_EQ(
        Get([status](const Request&, Context&) { return Response::Text("x", status); }).status, 500)
        << status;
  }
}

TEST_F(InvokeTest, AnUncheckedRouteSendsWhatItLikes) {
  const auto handler = [](const Request&, Context&) {
    return Response::Text("x", 42).AddHeader("X A", "b\r\n").AddHeader("Content-Length", "7");
  };
  const Response response = Get(handler, false);
  EXPECT_EQ(response.status, 42);
  EXPECT_EQ(response.Header("Content-Length"), "7");
}

TEST_F(InvokeTest, FramingAndHopByHopFieldsAreDropped) {
  const Response response = Get([](const Request&, Context&) {
    Response made =
        Response::Text("x").AddHeader("X-Kept", "1").AddHeader("Content-Encoding", "gzip");
    for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "KEEP-ALIVE",
                             "TE", "Trailer", "Upgrade", "Proxy-Connection"}) {
      made.AddHeader(name, "1");
    }
    return made;
  });
  EXPECT_EQ(response.headers.size(), 3u);
  EXPECT_EQ(response.Header("X-Kept"), "1");
  EXPECT_EQ(response.Header("Content-Encoding"), "gzip");
}

TEST_F(InvokeTest, AStreamingHandlerReadsTheBodyAndHasNoOther) {
  Router router;
  const auto handler = [](const Request& request, BodyReader& body,
                          Context&) -> absl::StatusOr<Response> {
    EXPECT_EQ(request.body(), "");
    std::string text;
    char buffer[100];
    while (true) {
      const absl::StatusOr<size_t> size = body.Read(buffer);
      if (!size.ok()) return size.status();
      if (*size == 0) return Response::Text(text);
      text.append(buffer, *size).append("|");
    }
  };
  ASSERT_TRUE(router.Add("POST", "/a", handler).ok());
  Request::Parts parts;
  parts.method = "POST";
  parts.target = "/a";
  parts.body = "the body";
  EXPECT_EQ(Invoke(router, &metrics_, parts, &body_, &context_).body, "the| bo|dy|");
}

// A client that leaves in the middle of its upload is no fault of the handler.
TEST_F(InvokeTest, WhatEndsAReaderIsNotLoggedAsAFault) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  Router router;
  const auto handler = [](const Request&, BodyReader&, Context&) -> absl::StatusOr<Response> {
    return absl::UnavailableError("the front end is gone");
  };
  ASSERT_TRUE(router.Add("POST", "/a", handler).ok());
  Request::Parts parts;
  parts.method = "POST";
  parts.target = "/a";
  Cancellation cancellation;
  cancellation.Cancel();
  Context::Fields fields;
  fields.cancellation = &cancellation;
  Context cancelled(fields);
  Invoke(router, &metrics_, parts, &body_, &cancelled);
  const std::string quiet = log.str();
  Invoke(router, &metrics_, parts, &body_, &context_);
  const std::string fault = log.str();
  spdlog::set_default_logger(before);
  EXPECT_EQ(quiet, "");
  EXPECT_NE(fault.find("the front end is gone"), std::string::npos) << fault;
}

TEST_F(InvokeTest, StatusesWithoutABodyHaveNone) {
  EXPECT_EQ(Get([](const Request&, Context&) { return Response::Text("x", 204); }).body, "");
  EXPECT_EQ(Get([](const Request&, Context&) { return Response::Text("x", 304); }).body, "");
}

TEST_F(InvokeTest, NoHandlerIs404And405) {
  Router router;
  ASSERT_TRUE(
      router.Add("PUT", "/a", [](const Request&, Context&) { return Response::Empty(204); }).ok());
  Request::Parts parts;
  parts.method = "GET";
  parts.target = "/b";
  EXPECT_EQ(Invoke(router, &metrics_, parts, &body_, &context_).status, 404);
  parts.target = "/a?x";
  const Response response = Invoke(router, &metrics_, parts, &body_, &context_);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.Header("Allow"), "PUT");
}

TEST(ResponseTest, SetReplacesAndAddKeeps) {
  Response response = Response::Json("{}");
  response.SetHeader("content-type", "a/b")
      .AddHeader("Set-Cookie", "1")
      .AddHeader("Set-Cookie", "2");
  EXPECT_EQ(response.headers.size(), 3u);
  EXPECT_EQ(response.Header("Content-Type"), "a/b");
}

TEST(ResponseTest, AFileIsNamedPercentEncoded) {
  const Response response = Response::File("/reports/caf\xc3\xa9 50%?#.pdf");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("X-Accel-Redirect"), "/reports/caf%C3%A9%2050%25%3F%23.pdf");
  EXPECT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(Response::File("/a-b_c.~0Z").Header("X-Accel-Redirect"), "/a-b_c.~0Z");
  EXPECT_EQ(Response::File(absl::string_view("/\r\n\0", 4)).Header("X-Accel-Redirect"),
            "/%0D%0A%00");
}

}  // namespace
}  // namespace anteroom::backend
