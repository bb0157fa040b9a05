// anteroom-bench-origin: the cheapest HTTP/1.1 server that still is one, so that a proxy measured
// in front of it is charged for as little as possible that isn't the proxy. Each thread has its own
// listening socket and epoll set and shares nothing.
//
//   anteroom-bench-origin --listen 127.0.0.1:PORT [--threads N] [--file FILE]
//
// Without --file every request is answered with "hello world" and three header fields, as
// `/diag/hello` of the stock backend would. With --file every request is answered with that file
// from memory and the eight header fields that nginx sends with a file: the floor for a static
// server. Request bodies are read by Content-Length and dropped; the answer comes when the whole
// request is here, as that of an application would. A GET of `...?n=BYTES` is answered with that many
// bytes, whatever they are.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/origin_request.h"
#include "bench/sockets.h"

namespace anteroom::bench {
namespace {

constexpr size_t kReadSize = 64 * 1024;
constexpr size_t kMaxHead = 64 * 1024;
constexpr int kEventsPerTurn = 256;
constexpr size_t kBlockSize = 256 * 1024;  // of an answer of any size

struct Options {
  sockaddr_in listen{};
  unsigned threads = 1;
  std::string file;
};

std::string HttpDate(time_t time) {
  tm utc{};
  gmtime_r(&time, &utc);
  char text[64];
  const size_t size = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, size);
}

// The one answer of this process. Constant after construction but for the Date, so each thread has
// its own copy.
class Answer {
 public:
  explicit Answer(const Options& options) {
    if (options.file.empty()) {
      body_ = "hello world";
      fields_ = "Content-Type: text/plain\r\n";
    } else {
      std::ifstream file(options.file, std::ios::binary);
      struct stat status {};
      if (!file || stat(options.file.c_str(), &status) != 0) {
        perror(options.file.c_str());
        exit(1);
      }
      body_.assign(std::istreambuf_iterator<char>(file), {});
      fields_ = absl::StrCat("Server: anteroom-bench-origin\r\n",
                             "Content-Type: application/octet-stream\r\n",
                             "Last-Modified: ", HttpDate(status.st_mtime), "\r\n",
                             "Connection: keep-alive\r\n", "ETag: \"", absl::Hex(status.st_mtime),
                             "-", absl::Hex(body_.size()), "\"\r\n", "Accept-Ranges: bytes\r\n");
    }
    Refresh();
  }

  // Called once a turn of the event loop.
  void Refresh() {
    const time_t now = time(nullptr);
    if (now == date_) return;
    date_ = now;
    whole_ = absl::StrCat("HTTP/1.1 200 OK\r\nDate: ", HttpDate(now), "\r\n", fields_,
                          "Content-Length: ", body_.size(), "\r\n\r\n");
    head_size_ = whole_.size();
    whole_ += body_;
  }

  absl::string_view whole() const { return whole_; }
  absl::string_view head() const { return absl::string_view(whole_).substr(0, head_size_); }

 private:
  std::string fields_;
  std::string body_;
  std::string whole_;
  size_t head_size_ = 0;
  time_t date_ = 0;
};

struct Connection {
  int fd = -1;
  uint64_t body_left = 0;                // of the current request
  std::optional<OriginRequest> current;  // no value: the next bytes begin a request
  uint64_t stream_left = 0;              // of an answer of any size, behind `out`
  bool close_when_sent = false;
  bool watching_write = false;
  std::string in;   // an incomplete head
  std::string out;  // what the socket didn't take
};

class Server {
 public:
  Server(const Options& options, const Answer& answer)
      : answer_(answer), listener_(ListenOrDie(options.listen)), epoll_(epoll_create1(0)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void Run() {
    epoll_event events[kEventsPerTurn];
    while (true) {
      const int count = epoll_wait(epoll_, events, kEventsPerTurn, -1);
      answer_.Refresh();
      for (int i = 0; i < count; ++i) {
        if (events[i].data.ptr == nullptr) {
          Accept();
          continue;
        }
        auto* connection = static_cast<Connection*>(events[i].data.ptr);
        if (!Serve(connection, events[i].events)) Close(connection);
      }
    }
  }

 private:
  void Accept() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      SetNoDelay(fd);
      auto connection = std::make_unique<Connection>();
      connection->fd = fd;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connection.get();
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
      connections_.emplace(fd, std::move(connection));
    }
  }

  void Close(Connection* connection) {
    const int fd = connection->fd;
    close(fd);
    connections_.erase(fd);
  }

  // False: the connection is done with.
  bool Serve(Connection* connection, uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return false;
    // While an answer is stuck nothing more is read: the client is slow, let it feel that.
    if (!connection->out.empty() || connection->stream_left > 0) return Flush(connection, {});
    const ssize_t size = recv(connection->fd, buffer_, sizeof buffer_, 0);
    if (size == 0) return false;
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    return Consume(connection, absl::string_view(buffer_, static_cast<size_t>(size)));
  }

  bool Consume(Connection* connection, absl::string_view bytes) {
    std::string joined;
    if (!connection->in.empty()) {
      joined = std::move(connection->in);
      connection->in.clear();
      joined.append(bytes.data(), bytes.size());
      bytes = joined;
    }
    batch_.clear();
    while (!connection->close_when_sent) {
      if (!connection->current.has_value()) {
        if (bytes.empty()) break;
        connection->current = ReadRequest(bytes);
        if (!connection->current.has_value()) {
          if (bytes.size() > kMaxHead) return false;
          connection->in.assign(bytes.data(), bytes.size());
          break;
        }
        if (connection->current->unsupported) return false;
        bytes.remove_prefix(connection->current->head_size);
        connection->body_left = connection->current->body_size;
      }
      const uint64_t skip = std::min<uint64_t>(connection->body_left, bytes.size());
      bytes.remove_prefix(skip);
      connection->body_left -= skip;
      if (connection->body_left > 0) break;
      const OriginRequest request = *connection->current;
      connection->current.reset();
      connection->close_when_sent = !request.keep_alive;
      if (request.answer_size.has_value()) {
        // Nobody who asks for these sends requests ahead.
        if (!batch_.empty() || !bytes.empty()) return false;
        connection->stream_left = *request.answer_size;
        return Flush(connection, StreamHead(*request.answer_size));
      }
      const absl::string_view answer = request.head_method ? answer_.head() : answer_.whole();
      // The usual case, one request at a time, is sent without a copy.
      if (batch_.empty() && bytes.empty()) return Flush(connection, answer);
      batch_.append(answer.data(), answer.size());
    }
    return batch_.empty() || Flush(connection, batch_);
  }

  static std::string StreamHead(uint64_t size) {
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n",
                        "Content-Length: ", size, "\r\n\r\n");
  }

  // Sends what is left over from before, then `more`, then the rest of an answer of any size.
  bool Flush(Connection* connection, absl::string_view more) {
    std::string rest;
    if (!connection->out.empty()) {
      rest = std::move(connection->out);
      connection->out.clear();
      rest.append(more.data(), more.size());
      more = rest;
    }
    while (!more.empty()) {
      const ssize_t sent = send(connection->fd, more.data(), more.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent < 0) break;
      more.remove_prefix(static_cast<size_t>(sent));
    }
    connection->out.assign(more.data(), more.size());
    if (more.empty() && !Stream(connection)) return false;
    const bool unsent = !connection->out.empty() || connection->stream_left > 0;
    WatchWrite(connection, unsent);
    return unsent || !connection->close_when_sent;
  }

  // As much as the socket takes. False: the connection is broken.
  static bool Stream(Connection* connection) {
    static const std::string block(kBlockSize, 'b');
    while (connection->stream_left > 0) {
      const size_t size = std::min<uint64_t>(connection->stream_left, block.size());
      const ssize_t sent = send(connection->fd, block.data(), size, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN;
      connection->stream_left -= static_cast<uint64_t>(sent);
    }
    return true;
  }

  void WatchWrite(Connection* connection, bool on) {
    if (connection->watching_write == on) return;
    connection->watching_write = on;
    epoll_event event{};
    event.events = on ? EPOLLOUT : EPOLLIN;
    event.data.ptr = connection;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd, &event);
  }

  Answer answer_;
  const int listener_;
  const int epoll_;
  absl::flat_hash_map<int, std::unique_ptr<Connection>> connections_;
  std::string batch_;
  char buffer_[kReadSize];
};

bool ParseOptions(int argc, char** argv, Options* options) {
  bool have_listen = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const absl::string_view flag = argv[i];
    const absl::string_view value = argv[i + 1];
    if (flag == "--listen") {
      const auto address = ParseAddress(value);
      if (!address.has_value()) return false;
      options->listen = *address;
      have_listen = true;
    } else if (flag == "--threads") {
      if (!absl::SimpleAtoi(value, &options->threads) || options->threads == 0) return false;
    } else if (flag == "--file") {
      options->file = std::string(value);
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && have_listen;
}

}  // namespace
}  // namespace anteroom::bench

int main(int argc, char** argv) {
  anteroom::bench::Options options;
  if (!anteroom::bench::ParseOptions(argc, argv, &options)) {
    fprintf(stderr,
            "usage: anteroom-bench-origin --listen HOST:PORT [--threads N] [--file FILE]\n");
    return 2;
  }
  const anteroom::bench::Answer answer(options);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.threads; ++i) {
    threads.emplace_back([&] {
      const auto server = std::make_unique<anteroom::bench::Server>(options, answer);
      server->Run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}
