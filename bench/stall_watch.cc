#include "bench/stall_watch.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace anteroom::bench {
namespace {

constexpr Duration kEvery = std::chrono::milliseconds(1);
constexpr int kStealColumn = 8;  // of a line of /proc/stat, its name being 0

// Goes before the thread that made it, where there is a before.
void RaiseOwnPriority() {
  int policy = 0;
  sched_param parameters{};
  if (pthread_getschedparam(pthread_self(), &policy, &parameters) != 0 || policy == SCHED_OTHER) {
    return;
  }
  parameters.sched_priority =
      std::min(parameters.sched_priority + 1, sched_get_priority_max(policy));
  pthread_setschedparam(pthread_self(), policy, &parameters);
}

void SleepUntil(Time when) {
  const auto at = std::chrono::nanoseconds(when.time_since_epoch()).count();
  const timespec until{at / 1'000'000'000, at % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

}  // namespace

StallWatch::StallWatch(Duration above) : above_(above), thread_([this] { Run(); }) {}

StallWatch::~StallWatch() { Stop(); }

std::vector<Stall> StallWatch::Stop() {
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
  return std::move(stalls_);
}

void StallWatch::Run() {
  RaiseOwnPriority();
  Time due = Now();
  do {
    due += kEvery;
    SleepUntil(due);
    const Time now = Now();
    if (now - due > above_) stalls_.push_back({due, now});
    due = std::max(due, now);
  } while (!stop_.load(std::memory_order_relaxed));
}

Duration StolenTime() {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  sched_getaffinity(0, sizeof mine, &mine);
  uint64_t ticks = 0;
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    std::istringstream columns(line);
    std::string name;
    columns >> name;
    // "cpu" alone is the sum of all.
    if (name.size() < 4 || name.compare(0, 3, "cpu") != 0) continue;
    if (!CPU_ISSET(std::stoul(name.substr(3)), &mine)) continue;
    uint64_t value = 0;
    for (int column = 1; column <= kStealColumn; ++column) columns >> value;
    ticks += value;
  }
  return std::chrono::milliseconds(1000 * ticks / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

bool Stalled(const std::vector<Stall>& stalls, Time begin, Time end) {
  const auto first =
      std::lower_bound(stalls.begin(), stalls.end(), begin,
                       [](const Stall& stall, Time time) { return stall.end < time; });
  return first != stalls.end() && first->begin <= end;
}

}  // namespace anteroom::bench
