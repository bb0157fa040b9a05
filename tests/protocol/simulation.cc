#include "tests/protocol/simulation.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <utility>

#include "backend/src/admission.h"
#include "frontend/dispatch/dispatcher.h"

namespace anteroom {
namespace {

using backend::Admission;
using frontend::Dispatcher;
using frontend::Ticket;

double PercentileOf(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<size_t>(p / 100 * static_cast<double>(sorted.size())))];
}

// Events in time order; those of one moment in the order they were planned.
class Clock {
 public:
  void At(Time when, std::function<void()> what) { events_.push({when, next_++, std::move(what)}); }
  void After(Duration delay, std::function<void()> what) { At(now_ + delay, std::move(what)); }
  Time now() const { return now_; }
  void Run() {
    while (!events_.empty()) {
      Event event = events_.top();
      events_.pop();
      now_ = event.when;
      event.what();
    }
  }

 private:
  struct Event {
    Time when;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  std::priority_queue<Event> events_;
  Time now_ = Time() + std::chrono::hours(1);
  uint64_t next_ = 0;
};

struct Request : Ticket {
  Time arrived;
  Duration service{};
  int frontend = 0;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options) : options_(options) {}
  SimulationResult Run();

 private:
  struct Frontend;

  struct BackendHost {
    BackendHost(Simulation* sim, int id, int threads)
        : sim_(sim), id_(id), threads_(threads), admission_({.threads = threads}) {}
    void Arrive(int from, Request* request, Duration waited);
    void Want(int from, Duration oldest) {
      admission_.Want(&links_[from], oldest, sim_->clock_.now());
      Settle();
    }
    void Decline(int from, uint32_t places) {
      admission_.Decline(&links_[from], places);
      Settle();
    }
    void StartNext();
    void Settle();
    void ArmTimer();
    std::optional<Time> OldestUnstarted() const {
      return inbox_.empty() ? std::nullopt : std::optional<Time>(inbox_.front().second);
    }

    Simulation* const sim_;
    const int id_;
    const int threads_;
    Admission admission_;
    std::map<int, Admission::Link> links_;
    std::deque<std::pair<Request*, Time>> inbox_;
    int running_ = 0;
    Time timer_ = Time::max();
  };

  struct Frontend final : Dispatcher::Transport {
    Frontend(Simulation* sim, int id, uint64_t seed)
        : sim_(sim), id_(id), dispatcher_(this, seed) {}
    void Send(uint32_t backend, Ticket* ticket) override {
      auto* request = static_cast<Request*>(ticket);
      const Duration waited = sim_->clock_.now() - request->enqueued;
      sim_->Message([this, backend, request, waited] {
        sim_->backends_[backend]->Arrive(id_, request, waited);
      });
    }
    void Decline(uint32_t backend, uint32_t places) override {
      sim_->Message([this, backend, places] { sim_->backends_[backend]->Decline(id_, places); });
    }
    void Want(uint32_t backend, Duration oldest) override {
      // Rides in the message of the request sent just before.
      sim_->clock_.After(sim_->options_.one_way,
                         [this, backend, oldest] { sim_->backends_[backend]->Want(id_, oldest); });
    }

    Simulation* const sim_;
    const int id_;
    Dispatcher dispatcher_;
  };

  void Message(std::function<void()> what) {
    ++messages_;
    clock_.After(options_.one_way, std::move(what));
  }
  void Finished(Request* request) {
    const double wait = ToMillis(clock_.now() - request->arrived - request->service);
    result_.waits_ms.push_back(wait);
    if (request->service < options_.mean) result_.short_waits_ms.push_back(wait);
  }

  const SimulationOptions options_;
  Clock clock_;
  std::vector<std::unique_ptr<BackendHost>> backends_;
  std::vector<std::unique_ptr<Frontend>> frontends_;
  std::vector<std::unique_ptr<Request>> requests_;
  uint64_t messages_ = 0;
  SimulationResult result_;
};

void Simulation::BackendHost::Arrive(int from, Request* request, Duration waited) {
  Frontend* frontend = sim_->frontends_[from].get();
  admission_.ObserveRoundTrip(2 * sim_->options_.one_way);  // what a front end measures
  if (!admission_.Admit(&links_[from], waited, 0, sim_->clock_.now())) {
    sim_->Message([this, frontend, request] {
      frontend->dispatcher_.OnRefused(id_, request);
      frontend->dispatcher_.Pump(sim_->clock_.now());
    });
    return Settle();
  }
  inbox_.emplace_back(request, sim_->clock_.now());
  StartNext();
  Settle();
}

void Simulation::BackendHost::StartNext() {
  while (running_ < threads_ && !inbox_.empty()) {
    Request* request = inbox_.front().first;
    inbox_.pop_front();
    ++running_;
    sim_->result_.most_running = std::max(sim_->result_.most_running, running_);
    sim_->clock_.After(request->service, [this, request] {
      --running_;
      admission_.Finish(request->service);
      StartNext();
      const auto accepted = static_cast<uint32_t>(admission_.accepted());
      const auto limit = static_cast<uint32_t>(admission_.limit());
      sim_->Message([this, request, accepted, limit] {
        sim_->Finished(request);
        Frontend* frontend = sim_->frontends_[request->frontend].get();
        frontend->dispatcher_.OnDone(id_);
        frontend->dispatcher_.OnLoad(id_, accepted, limit);
        frontend->dispatcher_.Pump(sim_->clock_.now());
      });
      Settle();
    });
  }
}

void Simulation::BackendHost::Settle() {
  while (Admission::Link* link = admission_.NextGrant(sim_->clock_.now())) {
    for (auto& [from, candidate] : links_) {
      if (&candidate != link) continue;
      Frontend* frontend = sim_->frontends_[from].get();
      sim_->Message(
          [this, frontend] { frontend->dispatcher_.OnGrants(id_, 1, sim_->clock_.now()); });
    }
  }
  ArmTimer();
}

void Simulation::BackendHost::ArmTimer() {
  const std::optional<Time> deadline = admission_.NextDeadline(OldestUnstarted());
  if (!deadline || *deadline >= timer_) return;
  timer_ = *deadline;
  sim_->clock_.At(*deadline, [this] {
    timer_ = Time::max();
    if (admission_.OnTimer(OldestUnstarted(), sim_->clock_.now()).give_back) {
      for (; !inbox_.empty(); inbox_.pop_front()) {
        Request* request = inbox_.front().first;
        admission_.Drop();
        sim_->Message([this, request] {
          Frontend* frontend = sim_->frontends_[request->frontend].get();
          frontend->dispatcher_.OnReturned(id_, request);
          frontend->dispatcher_.Pump(sim_->clock_.now());
        });
      }
    }
    Settle();
  });
}

// Arrival times and service times come from generators of their own, so that both policies see the
// same.
template <typename Arrive>
void PlanArrivals(const SimulationOptions& options, Clock* clock, Arrive arrive) {
  std::mt19937 arrivals(options.seed);
  std::mt19937 services(options.seed + 1000);
  const double rate = options.load * options.backends * options.threads / ToSeconds(options.mean);
  std::exponential_distribution<double> gap(rate);
  Time when = clock->now();
  for (int i = 0; i < options.requests; ++i) {
    when += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(gap(arrivals)));
    const int frontend = static_cast<int>(arrivals() % static_cast<unsigned>(options.frontends));
    const Duration service = options.service(services);
    clock->At(when, [=] { arrive(frontend, service); });
  }
}

SimulationResult Simulation::Run() {
  for (int b = 0; b < options_.backends; ++b) {
    backends_.push_back(std::make_unique<BackendHost>(this, b, options_.threads));
  }
  for (int f = 0; f < options_.frontends; ++f) {
    frontends_.push_back(
        std::make_unique<Frontend>(this, f, options_.seed + static_cast<uint32_t>(f)));
    for (int b = 0; b < options_.backends; ++b) {
      backends_[b]->admission_.Add(&backends_[b]->links_[f]);
      frontends_[f]->dispatcher_.BackendUp(static_cast<uint32_t>(b),
                                           static_cast<uint32_t>(options_.threads));
    }
  }
  requests_.reserve(static_cast<size_t>(options_.requests));
  PlanArrivals(options_, &clock_, [this](int frontend, Duration service) {
    requests_.push_back(std::make_unique<Request>());
    Request* request = requests_.back().get();
    request->arrived = clock_.now();
    request->service = service;
    request->frontend = frontend;
    frontends_[frontend]->dispatcher_.Submit(request, clock_.now());
    frontends_[frontend]->dispatcher_.Pump(clock_.now());
  });
  clock_.Run();
  std::sort(result_.waits_ms.begin(), result_.waits_ms.end());
  std::sort(result_.short_waits_ms.begin(), result_.short_waits_ms.end());
  result_.unanswered = options_.requests - static_cast<int>(result_.waits_ms.size());
  result_.messages_per_request = static_cast<double>(messages_) / options_.requests;
  return result_;
}

}  // namespace

double SimulationResult::Percentile(double p) const { return PercentileOf(waits_ms, p); }
double SimulationResult::ShortPercentile(double p) const { return PercentileOf(short_waits_ms, p); }

void UseBimodalService(SimulationOptions* options) {
  options->service = [](std::mt19937& random) -> Duration {
    return std::uniform_real_distribution<double>()(random) < 0.99 ? std::chrono::milliseconds(10)
                                                                   : std::chrono::milliseconds(500);
  };
  options->mean = std::chrono::microseconds(14'900);
}

void UseTinyService(SimulationOptions* options) {
  options->service = [](std::mt19937& random) {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::exponential_distribution<double>(1 / 50e-6)(random)));
  };
  options->mean = std::chrono::microseconds(50);
}

SimulationResult SimulateRejectAndGrant(const SimulationOptions& options) {
  return Simulation(options).Run();
}

SimulationResult SimulateCentralQueue(const SimulationOptions& options) {
  SimulationResult result;
  Clock clock;
  std::deque<std::pair<Time, Duration>> queue;
  int idle = options.backends * options.threads;
  std::function<void()> start = [&] {
    while (idle > 0 && !queue.empty()) {
      const auto [arrived, service] = queue.front();
      queue.pop_front();
      --idle;
      clock.After(service + 2 * options.one_way, [&, arrived = arrived, service = service] {
        ++idle;
        const double wait = ToMillis(clock.now() - arrived - service);
        result.waits_ms.push_back(wait);
        if (service < options.mean) result.short_waits_ms.push_back(wait);
        start();
      });
    }
  };
  PlanArrivals(options, &clock, [&](int, Duration service) {
    queue.emplace_back(clock.now(), service);
    start();
  });
  clock.Run();
  std::sort(result.waits_ms.begin(), result.waits_ms.end());
  std::sort(result.short_waits_ms.begin(), result.short_waits_ms.end());
  return result;
}

}  // namespace anteroom
