#include "frontend/static/static_files.h"

#include <cassert>
#include <ctime>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/conditional.h"
#include "frontend/static/file_io.h"
#include "frontend/static/file_loader.h"
#include "frontend/static/redirect_location.h"
#include "frontend/static/safe_open.h"
#include "frontend/static/static_cache.h"
#include "frontend/static/static_site.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kAllow = "GET, HEAD, OPTIONS";

StaticReply StatusReply(int status) {
  StaticReply reply;
  reply.status = status;
  if (status == 204 || status == 405) reply.allow = kAllow;
  return reply;
}

StaticReply FileReply(std::shared_ptr<const CachedFile> file, const Conditions& conditions) {
  StaticReply reply;
  if (!file->has_validators()) {  // a listing
    reply.status = 200;
    reply.file = std::move(file);
    return reply;
  }
  switch (EvaluateConditions(conditions, file->etag(), file->last_modified(), std::time(nullptr))) {
    case ConditionalVerdict::kSend:
      reply.status = 200;
      break;
    case ConditionalVerdict::kNotModified:
      reply.status = 304;
      break;
  }
  reply.file = std::move(file);
  return reply;
}

StaticReply RedirectReply(absl::string_view raw_path, absl::string_view raw_query) {
  StaticReply reply;
  reply.status = 301;
  reply.location = DirectoryLocation(raw_path, raw_query);
  return reply;
}

}  // namespace

// Lives as long as the StaticFiles or any request that waits; a file-I/O thread holds it weakly and
// never touches it. Requests for one path that come while a file-I/O thread looks at it share that
// look (a flight).
class StaticFiles::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(StaticConfig config, StaticCache* cache, FileIo* file_io, Poster poster)
      : config_(std::move(config)),
        site_(std::make_shared<const StaticSite>(config_)),
        cache_(cache),
        file_io_(file_io),
        poster_(std::move(poster)),
        root_(cache->AddRoot()) {}
  ~Core() { cache_->RemoveRoot(root_); }

  std::unique_ptr<Pending> Serve(const StaticRequest& request, Time now, Done done);

 private:
  class Waiter;
  struct Flight {
    Time started;
    std::list<Waiter*> waiters;
  };

  // What is to be said of one path at once, or else the flight that will tell.
  StaticReply Look(const StaticRequest& request, absl::string_view path, StandIn* stand_in,
                   Time now, Flight** flight);
  StaticReply ReplyTo(const StaticRequest& request, const StaticCache::Entry& entry) const;
  StaticReply ErrorReply(int status, std::shared_ptr<const CachedFile> page) const;
  bool Launch(absl::string_view path, std::shared_ptr<const CachedFile> known, bool again,
              Time now);
  void Land(const std::string& path, const Loaded& loaded);
  // Of a flight that has landed: answers the waiter, or has it wait for what stands in for `path`.
  void Conclude(Waiter* waiter, absl::string_view path, const Loaded& loaded);

  const StaticConfig config_;
  const std::shared_ptr<const StaticSite> site_;
  StaticCache* const cache_;
  FileIo* const file_io_;
  const Poster poster_;
  const uint32_t root_;
  absl::flat_hash_map<std::string, std::unique_ptr<Flight>> flights_;
};

// What a request needs to be answered later.
class StaticFiles::Core::Waiter : public Pending {
 public:
  Waiter(std::shared_ptr<Core> core, Flight* flight, const StaticRequest& request,
         const StandIn& stand_in_in, Time asked_in, Done done)
      : stand_in(stand_in_in), asked(asked_in), core_(std::move(core)), done_(std::move(done)) {
    raw_path_.assign(request.raw_path.data(), request.raw_path.size());
    raw_query_.assign(request.raw_query.data(), request.raw_query.size());
    if (request.if_none_match.has_value()) if_none_match_.emplace(*request.if_none_match);
    if (request.if_modified_since.has_value()) {
      if_modified_since_.emplace(*request.if_modified_since);
    }
    Join(flight);
  }
  ~Waiter() override { Leave(); }

  void Join(Flight* flight) {
    flight_ = flight;
    place_ = flight_->waiters.insert(flight_->waiters.end(), this);
  }
  void Leave() {
    if (flight_ != nullptr) std::exchange(flight_, nullptr)->waiters.erase(place_);
  }
  // `done` may destroy this waiter, so nothing of it is touched after that call.
  void Answer(StaticReply reply) {
    Done done = std::move(done_);
    done(std::move(reply));
  }

  StaticRequest Request() const {
    StaticRequest request;
    request.raw_path = raw_path_;
    request.raw_query = raw_query_;
    request.if_none_match = if_none_match_;
    request.if_modified_since = if_modified_since_;
    return request;
  }
  StaticReply ReplyTo(const Loaded& loaded) const {
    if (stand_in.error != 0) return core_->ErrorReply(stand_in.error, loaded.file);
    switch (loaded.result) {
      case Loaded::Result::kFile:
      case Loaded::Result::kUnchanged:
        return FileReply(loaded.file, {if_none_match_, if_modified_since_});
      case Loaded::Result::kDirectory:
        return RedirectReply(raw_path_, raw_query_);
      case Loaded::Result::kMissing:
        return StatusReply(404);
      case Loaded::Result::kUnavailable:
        return StatusReply(503);
      case Loaded::Result::kFailed:
        break;
    }
    return StatusReply(500);
  }

  StandIn stand_in;
  const Time asked;

 private:
  const std::shared_ptr<Core> core_;  // whoever waits keeps the answer coming
  Flight* flight_ = nullptr;          // null once it has landed
  std::list<Waiter*>::iterator place_;
  Done done_;
  std::string raw_path_;
  std::string raw_query_;
  std::optional<std::string> if_none_match_;
  std::optional<std::string> if_modified_since_;
};

StaticReply StaticFiles::Core::ReplyTo(const StaticRequest& request,
                                       const StaticCache::Entry& entry) const {
  switch (entry.kind) {
    case StaticCache::Kind::kFile:
      return FileReply(entry.file, {request.if_none_match, request.if_modified_since});
    case StaticCache::Kind::kDirectory:
      return RedirectReply(request.raw_path, request.raw_query);
    case StaticCache::Kind::kMissing:
      break;
  }
  return StatusReply(404);
}

StaticReply StaticFiles::Core::ErrorReply(int status,
                                          std::shared_ptr<const CachedFile> page) const {
  StaticReply reply = StatusReply(status);
  reply.page = std::move(page);
  reply.page_fields = site_->of_pages;
  return reply;
}

std::unique_ptr<StaticFiles::Pending> StaticFiles::Core::Serve(const StaticRequest& request,
                                                               Time now, Done done) {
  if (request.method != "GET" && request.method != "HEAD") {
    done(StatusReply(request.method == "OPTIONS" ? 204 : 405));
    return nullptr;
  }

  StandIn stand_in;
  for (absl::string_view path = request.path;;) {
    Flight* flight = nullptr;
    StaticReply reply = Look(request, path, &stand_in, now, &flight);
    if (flight != nullptr) {
      return std::make_unique<Waiter>(shared_from_this(), flight, request, stand_in, now,
                                      std::move(done));
    }
    path = site_->stand_ins.Next(reply.status, path, &stand_in);
    if (path.empty()) {
      done(std::move(reply));
      return nullptr;
    }
  }
}

StaticReply StaticFiles::Core::Look(const StaticRequest& request, absl::string_view path,
                                    StandIn* stand_in, Time now, Flight** flight) {
  const bool first = stand_in->none();  // the others belong to a request that has been counted
  StaticCache::Entry* const entry = cache_->Find(root_, path);
  if (entry != nullptr && now - entry->checked < kMaxStaleness) {
    // Refused for the moment, the next request tries again.
    if (now - entry->checked >= kFresh && !entry->checking) {
      entry->checking = Launch(path, entry->file, /*again=*/true, now);
    }
    if (first) cache_->counters().hits.Add();
    return stand_in->error != 0 ? ErrorReply(stand_in->error, entry->file)
                                : ReplyTo(request, *entry);
  }

  if (!IsServablePath(path, config_.hidden)) {
    stand_in->fell_back = true;  // what must not be seen is no page of an application
    return StatusReply(404);
  }
  auto found = flights_.find(path);
  if (found == flights_.end()) {
    if (!Launch(path, entry != nullptr ? entry->file : nullptr, entry != nullptr, now)) {
      cache_->counters().refused.Add();
      return StatusReply(stand_in->error != 0 ? stand_in->error : 503);
    }
    found = flights_.find(path);
    if (entry != nullptr) entry->checking = true;
  }
  if (first) cache_->counters().misses.Add();
  *flight = found->second.get();
  return StaticReply();
}

void StaticFiles::Core::Conclude(Waiter* waiter, absl::string_view path, const Loaded& loaded) {
  waiter->Leave();
  StaticReply reply = waiter->ReplyTo(loaded);
  for (;;) {
    path = site_->stand_ins.Next(reply.status, path, &waiter->stand_in);
    if (path.empty()) return waiter->Answer(std::move(reply));
    Flight* flight = nullptr;
    reply = Look(waiter->Request(), path, &waiter->stand_in, waiter->asked, &flight);
    if (flight != nullptr) return waiter->Join(flight);
  }
}

bool StaticFiles::Core::Launch(absl::string_view path, std::shared_ptr<const CachedFile> known,
                               bool again, Time now) {
  LoadRequest load{config_.root,          std::string(path), config_.index,
                   cache_->limits().body, std::move(known),  site_};
  // A listing is made anew, which is never quick.
  const bool quick = again && (load.known == nullptr || load.known->has_validators());
  const auto lane = quick ? FileIo::Lane::kQuick : FileIo::Lane::kSlow;
  const bool taken = file_io_->Submit(lane, [weak = weak_from_this(), poster = poster_,
                                             file_io = file_io_, load = std::move(load)]() mutable {
    const Loaded loaded = LoadFile(load, file_io);
    poster([weak = std::move(weak), path = std::move(load.path), loaded] {
      if (const std::shared_ptr<Core> core = weak.lock()) core->Land(path, loaded);
    });
  });
  if (!taken) return false;
  if (again) cache_->counters().revalidations.Add();
  auto flight = std::make_unique<Flight>();
  flight->started = now;
  // Invariant: one flight a path. An entry with a flight says so in `checking`; without an entry
  // Serve has looked.
  const bool first = flights_.emplace(std::string(path), std::move(flight)).second;
  assert(first);
  static_cast<void>(first);
  return true;
}

void StaticFiles::Core::Land(const std::string& path, const Loaded& loaded) {
  const std::shared_ptr<Core> self = shared_from_this();  // `done` may drop all others
  auto node = flights_.extract(path);
  const std::unique_ptr<Flight> flight = std::move(node.mapped());
  if (loaded.cut) cache_->counters().listings_cut.Add();
  switch (loaded.result) {
    case Loaded::Result::kUnchanged:
    case Loaded::Result::kFile:
      cache_->Put(root_, path, StaticCache::Kind::kFile, loaded.file, flight->started);
      break;
    case Loaded::Result::kDirectory:
      cache_->Put(root_, path, StaticCache::Kind::kDirectory, nullptr, flight->started);
      break;
    case Loaded::Result::kMissing:
      cache_->Put(root_, path, StaticCache::Kind::kMissing, nullptr, flight->started);
      break;
    case Loaded::Result::kFailed:
    case Loaded::Result::kUnavailable:
      cache_->Erase(root_, path);
      break;
  }
  while (!flight->waiters.empty()) Conclude(flight->waiters.front(), path, loaded);
}

StaticFiles::StaticFiles(std::shared_ptr<Core> core) : core_(std::move(core)) {}

StaticFiles::~StaticFiles() = default;

absl::StatusOr<std::unique_ptr<StaticFiles>> StaticFiles::Create(StaticConfig config,
                                                                 StaticCache* cache,
                                                                 FileIo* file_io, Poster poster) {
  if (absl::StatusOr<UniqueFd> root = OpenRoot(config.root); !root.ok()) return root.status();
  if (absl::Status status = CheckOpenat2(); !status.ok()) return status;
  if (!config.index.empty() && (absl::StrContains(config.index, '/') ||
                                !IsServablePath(absl::StrCat("/", config.index), config.hidden))) {
    return absl::InvalidArgumentError(
        absl::StrCat("static index must be a plain file name: ", config.index));
  }
  return absl::WrapUnique(new StaticFiles(
      std::make_shared<Core>(std::move(config), cache, file_io, std::move(poster))));
}

std::unique_ptr<StaticFiles::Pending> StaticFiles::Serve(const StaticRequest& request, Time now,
                                                         Done done) {
  return core_->Serve(request, now, std::move(done));
}

}  // namespace anteroom::frontend
