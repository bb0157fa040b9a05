// anteroom-bench-slowclients: many clients that send or fetch a body slowly, each at a rate of its
// own, and check every byte. They are what a front end that buffers shields its backends from.
//
// One thread and no epoll set: each client gets its turn once a period, moves as many bytes as its
// rate allows by then, and sleeps again. That costs little CPU, so that it disturbs what runs
// beside it as little as possible. With a small receive buffer and small segments the kernel holds
// next to nothing for a client that reads slowly; loopback's defaults would take megabytes and hide
// the slowness from the server.
//
// Prints one JSON object; exits 0 even when transfers failed (the JSON says so), 2 on wrong usage.
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "bench/slowclients_options.h"
#include "bench/slowclients_report.h"
#include "bench/sockets.h"
#include "bench/transfer.h"
#include "common/clock.h"

namespace anteroom::bench {
namespace {

constexpr size_t kReadSize = 64 * 1024;
constexpr size_t kHeadAllowance = 1024;  // a response's head is not held back by the rate

struct Client {
  explicit Client(const TransferPlan* plan, size_t number) : transfer(plan, number) {}
  int fd = -1;
  Time began;
  Transfer transfer;
};

struct Turn {
  Time due;
  size_t client;
  bool operator>(const Turn& other) const { return due > other.due; }
};

class Crowd {
 public:
  explicit Crowd(const SlowclientsOptions& options)
      : options_(options),
        plan_(options.direction, options.path, options.bytes, options.count, options.check),
        period_(std::chrono::milliseconds(options.period_ms)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
    clients_.reserve(options.count);
    for (size_t i = 0; i < options.count; ++i) clients_.emplace_back(&plan_, i);
  }

  SlowclientsResult Run() {
    const Time start = Now();
    for (size_t i = 0; i < options_.count; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(options_.count);
      turns_.push({start + Seconds(options_.ramp * share), i});
    }
    while (!turns_.empty()) {
      const Turn turn = turns_.top();
      Time now = Now();
      if (turn.due > now) {
        SleepUntil(turn.due);
        now = Now();
      }
      turns_.pop();
      result_.lateness.push_back(now - turn.due);
      if (TakeTurn(&clients_[turn.client], now)) {
        turns_.push({turn.due + period_, turn.client});
      } else if (clients_[turn.client].fd >= 0) {
        close(clients_[turn.client].fd);
      }
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      result_.cpu_seconds +=
          static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
    return std::move(result_);
  }

 private:
  static Duration Seconds(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }

  // steady_clock is CLOCK_MONOTONIC here, so the timer takes its absolute time.
  void SleepUntil(Time time) const {
    const auto at =
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
    itimerspec when{};
    when.it_value.tv_sec = at / 1'000'000'000;
    when.it_value.tv_nsec = at % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
    uint64_t expirations = 0;
    while (read(timer_, &expirations, sizeof expirations) < 0 && errno == EINTR) {
    }
  }

  // False: this client has finished, one way or the other.
  bool TakeTurn(Client* client, Time now) {
    if (client->fd < 0) {
      client->began = now;
      if (!Open(client)) return Lost();
    }
    if (now - client->began > Seconds(options_.timeout)) {
      ++result_.timeout;
      return false;
    }
    const double by_now = options_.rate * ToSeconds(now - client->began + period_);
    const size_t allowed = static_cast<size_t>(by_now);
    const size_t moved = client->transfer.moved();
    const size_t budget = allowed > moved ? allowed - moved : 0;
    const bool upload = options_.direction == Direction::kUpload;
    const bool sendable = Send(client, upload ? budget : kReadSize);
    // An answer may be there although the connection takes no more: a refusal.
    const size_t head = client->transfer.status() == 0 ? kHeadAllowance : 0;
    if (!Receive(client, upload ? kReadSize : budget + head, now)) return false;
    return sendable || Lost();
  }

  bool Lost() {
    ++result_.connection;
    return false;
  }

  bool Open(Client* client) const {
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0) return false;
    SetNoDelay(client->fd);
    if (options_.receive_buffer > 0) {
      setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &options_.receive_buffer, sizeof(int));
    }
    if (options_.max_segment_size > 0) {
      setsockopt(client->fd, IPPROTO_TCP, TCP_MAXSEG, &options_.max_segment_size, sizeof(int));
    }
    const auto* address = reinterpret_cast<const sockaddr*>(&options_.address);
    return connect(client->fd, address, sizeof options_.address) == 0 || errno == EINPROGRESS;
  }

  // Sends the head and `budget` bytes of the body, or as much as the socket takes. False: the
  // connection is broken.
  static bool Send(Client* client, size_t budget) {
    while (true) {
      absl::string_view bytes = client->transfer.Unsent();
      const size_t moved = client->transfer.moved();
      bytes = bytes.substr(0, budget);
      if (bytes.empty()) return true;
      const ssize_t sent = send(client->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN;  // also while it is being connected
      client->transfer.MarkSent(static_cast<size_t>(sent));
      budget -= client->transfer.moved() - moved;
    }
  }

  // Reads at most `budget` bytes. False: this client has finished.
  bool Receive(Client* client, size_t budget, Time now) {
    while (budget > 0) {
      const ssize_t size = recv(client->fd, buffer_, std::min(budget, sizeof buffer_), 0);
      if (size < 0 && errno == EINTR) continue;
      // ENOTCONN is for one that isn't connected yet.
      if (size < 0 && (errno == EAGAIN || errno == ENOTCONN)) return true;
      if (size <= 0) return Lost();
      budget -= static_cast<size_t>(size);
      switch (client->transfer.Feed(absl::string_view(buffer_, static_cast<size_t>(size)))) {
        case Transfer::State::kRunning:
          continue;
        case Transfer::State::kDone:
          result_.durations.push_back(now - client->began);
          return false;
        case Transfer::State::kFailed:
          CountFailure(client->transfer, &result_);
          return false;
      }
    }
    return true;
  }

  const SlowclientsOptions& options_;
  const TransferPlan plan_;
  const Duration period_;
  const int timer_;
  std::vector<Client> clients_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<Turn>> turns_;
  SlowclientsResult result_;
  char buffer_[kReadSize];
};

}  // namespace
}  // namespace anteroom::bench

int main(int argc, char** argv) {
  const auto options = anteroom::bench::ParseSlowclientsOptions(argc, argv);
  if (!options.has_value()) {
    fputs(anteroom::bench::kSlowclientsUsage, stderr);
    return 2;
  }
  anteroom::bench::RaiseFileLimit();
  const auto crowd = std::make_unique<anteroom::bench::Crowd>(*options);
  fputs(anteroom::bench::ToJson(*options, crowd->Run()).c_str(), stdout);
  return 0;
}
