// anteroom-bench-openloop: sends requests when they are due, whether or not earlier ones have been
// answered, as many independent clients do. Latency counts from the moment a request was due. A
// closed-loop client such as wrk sends less while the server is slow and so hides the very waits
// that dispatch is about.
//
// One thread, one epoll set. Keep-alive connections are used again when one is free, and another is
// opened when none is: a request never waits for a connection. Prints one JSON object; exits 0 even
// when requests failed (the JSON says so), 1 when the run itself couldn't be made, 2 on wrong
// usage.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bench/arrivals.h"
#include "bench/openloop_options.h"
#include "bench/openloop_report.h"
#include "bench/response_reader.h"
#include "bench/sockets.h"
#include "bench/stall_watch.h"
#include "common/clock.h"

namespace anteroom::bench {
namespace {

constexpr size_t kReadSize = 64 * 1024;
constexpr int kEventsPerTurn = 256;

struct Connection {
  int fd = -1;
  size_t address = 0;
  bool connecting = true;
  std::optional<Arrival> current;  // no value: idle
  ResponseReader reader;
};

class Generator {
 public:
  explicit Generator(const OpenloopOptions& options)
      : options_(options),
        arrivals_(options.seed, options.rate, Weights(options), options.addresses.size(),
                  options.spread),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        idle_(options.addresses.size()) {
    for (const Kind& kind : options.kinds) {
      requests_.push_back(
          absl::StrCat("GET ", kind.path, " HTTP/1.1\r\nHost: bench.example\r\n\r\n"));
    }
    result_.errors.resize(options.kinds.size());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
  }

  OpenloopResult Run() {
    start_ = Now() + std::chrono::milliseconds(1);
    result_.start = start_;
    const Duration length = Seconds(options_.seconds);
    const Duration give_up = length + Seconds(options_.grace);
    Arrival next = arrivals_.Next();
    while (true) {
      Duration now = Now() - start_;
      for (; next.due <= now && next.due < length; next = arrivals_.Next()) {
        Send(next);
        now = Now() - start_;
      }
      if (next.due >= length && (busy_ == 0 || now >= give_up)) break;
      SetTimer(next.due < length ? next.due : give_up);
      HandleEvents();
    }
    for (const auto& entry : connections_) {
      const auto& current = entry.second->current;
      if (current.has_value()) ++result_.errors[current->kind].unanswered;
    }
    return std::move(result_);
  }

 private:
  static std::vector<double> Weights(const OpenloopOptions& options) {
    std::vector<double> weights;
    for (const Kind& kind : options.kinds) weights.push_back(kind.weight);
    return weights;
  }

  static Duration Seconds(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }

  // steady_clock is CLOCK_MONOTONIC here, so the timer takes its absolute time.
  void SetTimer(Duration since_start) {
    const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(
                        (start_ + since_start).time_since_epoch())
                        .count();
    itimerspec when{};
    when.it_value.tv_sec = at / 1'000'000'000;
    when.it_value.tv_nsec = at % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void HandleEvents() {
    epoll_event events[kEventsPerTurn];
    const int count = epoll_wait(epoll_, events, kEventsPerTurn, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        uint64_t expirations = 0;
        // Only re-arms the timer; when it has not fired after all there is nothing to read.
        if (read(timer_, &expirations, sizeof expirations) < 0) continue;
      } else {
        HandleEvent(static_cast<Connection*>(events[i].data.ptr), events[i].events);
      }
    }
  }

  void HandleEvent(Connection* connection, uint32_t events) {
    if (connection->connecting) {
      if ((events & EPOLLOUT) == 0 || (events & EPOLLERR) != 0) return Drop(connection);
      connection->connecting = false;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connection;
      epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd, &event);
      if (!Write(*connection)) Drop(connection);
      return;
    }
    const ssize_t size = recv(connection->fd, buffer_, sizeof buffer_, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // Idle connections may be closed by the server at any time; Drop() counts an error only when a
    // request was lost.
    if (size <= 0 || !connection->current.has_value()) return Drop(connection);
    switch (connection->reader.Feed(absl::string_view(buffer_, static_cast<size_t>(size)))) {
      case ResponseReader::State::kMore:
        return;
      case ResponseReader::State::kBroken:
        return Drop(connection);
      case ResponseReader::State::kDone:
        return Finish(connection);
    }
  }

  void Send(const Arrival& arrival) {
    ++result_.sent;
    ++busy_;
    result_.lateness.push_back(Now() - start_ - arrival.due);
    std::vector<Connection*>& idle = idle_[arrival.address];
    if (idle.empty()) return Open(arrival);
    Connection* connection = idle.back();
    idle.pop_back();
    connection->current = arrival;
    if (!Write(*connection)) Drop(connection);
  }

  void Open(const Arrival& arrival) {
    ++result_.connections_opened;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const sockaddr_in& address = options_.addresses[arrival.address];
    if (fd < 0 || (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
                   errno != EINPROGRESS)) {
      if (fd >= 0) close(fd);
      ++result_.errors[arrival.kind].connection;
      --busy_;
      return;
    }
    SetNoDelay(fd);
    auto connection = std::make_unique<Connection>();
    connection->fd = fd;
    connection->address = arrival.address;
    connection->current = arrival;
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.ptr = connection.get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    connections_.emplace(fd, std::move(connection));
  }

  // Requests are far smaller than an empty send buffer, so a short write means that something is
  // wrong.
  bool Write(const Connection& connection) {
    const std::string& request = requests_[connection.current->kind];
    return send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(request.size());
  }

  void Finish(Connection* connection) {
    const Arrival arrival = *connection->current;
    const int status = connection->reader.status();
    if (status / 100 == 2) {
      result_.samples.push_back({arrival.due, Now() - start_ - arrival.due, arrival.kind});
    } else {
      ++result_.errors[arrival.kind].by_status[status];
    }
    --busy_;
    connection->current.reset();
    if (!connection->reader.keep_alive()) return Destroy(connection);
    connection->reader.Reset();
    idle_[connection->address].push_back(connection);
  }

  void Drop(Connection* connection) {
    if (connection->current.has_value()) {
      ++result_.errors[connection->current->kind].connection;
      --busy_;
    } else {
      std::vector<Connection*>& idle = idle_[connection->address];
      idle.erase(std::find(idle.begin(), idle.end(), connection));
    }
    Destroy(connection);
  }

  void Destroy(Connection* connection) {
    const int fd = connection->fd;
    close(fd);
    connections_.erase(fd);
  }

  const OpenloopOptions& options_;
  Arrivals arrivals_;
  const int epoll_;
  const int timer_;
  std::vector<std::string> requests_;           // by kind
  std::vector<std::vector<Connection*>> idle_;  // by address, the last used at the end
  absl::flat_hash_map<int, std::unique_ptr<Connection>> connections_;  // by descriptor
  Time start_;
  uint64_t busy_ = 0;
  OpenloopResult result_;
  char buffer_[kReadSize];
};

OpenloopResult Run(const OpenloopOptions& options, Generator* generator) {
  if (options.stalls <= 0) return generator->Run();
  const Duration stolen = StolenTime();
  StallWatch watch(std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, std::milli>(options.stalls)));
  OpenloopResult result = generator->Run();
  result.stalls = watch.Stop();
  result.stolen = StolenTime() - stolen;
  return result;
}

}  // namespace
}  // namespace anteroom::bench

int main(int argc, char** argv) {
  const auto options = anteroom::bench::ParseOpenloopOptions(argc, argv);
  if (!options.has_value()) {
    fputs(anteroom::bench::kOpenloopUsage, stderr);
    return 2;
  }
  anteroom::bench::RaiseFileLimit();  // a stalled server makes it open many connections
  const auto generator = std::make_unique<anteroom::bench::Generator>(*options);
  const anteroom::bench::OpenloopResult result = anteroom::bench::Run(*options, generator.get());
  if (!options->samples.empty() &&
      !anteroom::bench::WriteSamples(options->samples, *options, result.samples)) {
    perror(options->samples.c_str());
    return 1;
  }
  fputs(anteroom::bench::ToJson(*options, result).c_str(), stdout);
  return 0;
}
