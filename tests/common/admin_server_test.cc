#include "common/admin_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom {
namespace {

using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    server_.Handle("/livez", [](const AdminRequest&) {
      return AdminResponse{200, "text/plain", "ok\n"};
    });
    server_.Handle("/readyz", [](const AdminRequest&) {
      return AdminResponse{503, "text/plain", "draining\n"};
    });
    server_.Handle("/echo", [](const AdminRequest& request) {
      return AdminResponse{200, "text/plain", request.query + "|" + request.accept};
    });
    server_.Handle("/large", [](const AdminRequest&) {
      return AdminResponse{200, "text/plain", std::string(8 << 20, 'x')};
    });
    const absl::Status started = server_.Start({"127.0.0.1", 0});
    EXPECT_TRUE(started.ok()) << started;
  }

  UniqueFd Connect() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience = {20, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_storage address;
    const socklen_t length = server_.address().ToSockaddr(&address);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), length), 0) << errno;
    return fd;
  }
  static void Send(const UniqueFd& fd, absl::string_view bytes) {
    EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Until the server closes.
  static std::string ReadAll(const UniqueFd& fd) {
    std::string text;
    char buffer[65536];
    for (ssize_t n = 0; (n = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
  std::string Exchange(absl::string_view request) {
    const UniqueFd fd = Connect();
    Send(fd, request);
    return ReadAll(fd);
  }

  AdminServer server_;
};

TEST_F(AdminServerTest, ServesRegisteredPaths) {
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nok\n")));
  EXPECT_THAT(Exchange("GET /readyz HTTP/1.0\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 503 "), EndsWith("\r\n\r\ndraining\n")));
}

TEST_F(AdminServerTest, HandsTheQueryAndAcceptToTheHandler) {
  EXPECT_THAT(Exchange("GET /echo?q=1 HTTP/1.1\r\nAccept: application/json\r\n\r\n"),
              EndsWith("\r\n\r\nq=1|application/json"));
}

TEST_F(AdminServerTest, AnswersHeadWithoutBody) {
  EXPECT_THAT(Exchange("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 3\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(AdminServerTest, RefusesOtherPathsAndMethods) {
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("GET /livez/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("GET /../etc/passwd HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("HEAD /nope HTTP/1.1\r\n\r\n"), EndsWith("\r\n\r\n"));
  EXPECT_THAT(Exchange("POST /livez HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(Exchange("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminServerTest, RefusesAHeadThatIsTooLarge) {
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\nA: " + std::string(9000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Exchange("GET /" + std::string(9000, 'a')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(AdminServerTest, TakesAHeadByteByByte) {
  const UniqueFd fd = Connect();
  for (const char c : std::string("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")) Send(fd, {&c, 1});
  EXPECT_THAT(ReadAll(fd), EndsWith("ok\n"));
}

TEST_F(AdminServerTest, WritesMoreThanASocketHolds) {
  const std::string text = Exchange("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(text.size() - text.find("\r\n\r\n") - 4, size_t{8} << 20);
}

TEST_F(AdminServerTest, IsNotHeldUpBySilentConnections) {
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(Connect());
  const Time start = Now();
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\n\r\n"), EndsWith("ok\n"));
  EXPECT_LT(Now() - start, seconds(2));
}

TEST_F(AdminServerTest, EndsTheOldestConnectionWhenThereAreTooMany) {
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 70; ++i) silent.push_back(Connect());
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\n\r\n"), EndsWith("ok\n"));
  EXPECT_EQ(ReadAll(silent.front()), "");  // long before its deadline, or this fails by time
  Send(silent.back(), "GET /livez HTTP/1.1\r\n\r\n");
  EXPECT_THAT(ReadAll(silent.back()), EndsWith("ok\n"));
}

TEST_F(AdminServerTest, EndsAConnectionAtItsDeadline) {
  const UniqueFd fd = Connect();
  const Time start = Now();
  Send(fd, "GET /livez");
  EXPECT_EQ(ReadAll(fd), "");
  EXPECT_GE(Now() - start, seconds(4));
  EXPECT_LT(Now() - start, seconds(15));
}

TEST_F(AdminServerTest, SurvivesClientsThatLeaveEarly) {
  for (int i = 0; i < 20; ++i) {
    UniqueFd fd = Connect();
    Send(fd, i % 2 == 0 ? "GET /large HTTP/1.1\r\n\r\n" : "GET /li");
    const linger reset = {1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\n\r\n"), EndsWith("ok\n"));
}

TEST_F(AdminServerTest, SaysThatAnAddressIsInUse) {
  AdminServer other;
  const absl::Status status = other.Start(server_.address());
  EXPECT_EQ(status.message(),
            "cannot listen on " + server_.address().ToString() + ": Address already in use");
}

TEST_F(AdminServerTest, TakesIpLiteralsOnly) {
  AdminServer other;
  EXPECT_EQ(other.Start({"localhost", 0}).message(),
            "cannot listen on localhost:0: not an IP address");
}

TEST_F(AdminServerTest, StopsAtOnceAndFreesTheAddress) {
  const UniqueFd open = Connect();
  const SocketAddress address = server_.address();
  const Time start = Now();
  server_.Stop();
  server_.Stop();
  EXPECT_LT(Now() - start, seconds(2));
  EXPECT_EQ(ReadAll(open), "");
  AdminServer next;
  EXPECT_TRUE(next.Start(address).ok());
}

// How often the server's thread has gone to sleep, from /proc; -1 when there is no such thread.
int SleepsOfAdminThread() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    bool is_admin = false;
    for (std::string word; status >> word;) {
      if (word == "Name:") is_admin = status >> word && word == "admin";
      int sleeps = 0;
      if (is_admin && word == "voluntary_ctxt_switches:" && status >> sleeps) return sleeps;
    }
  }
  return -1;
}

TEST_F(AdminServerTest, SleepsWhenIdle) {
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\n\r\n"), EndsWith("ok\n"));
  const int before = SleepsOfAdminThread();
  ASSERT_GE(before, 0);
  pollfd nothing = {-1, 0, 0};
  poll(&nothing, 1, 2000);  // the time over which it is observed
  // One for having closed the connection, at most; a server that polls sleeps again and again.
  EXPECT_LE(SleepsOfAdminThread() - before, 1);
}

}  // namespace
}  // namespace anteroom
