#include "frontend/static/static_files.h"

#include <cassert>
#include <list>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/coding_rules.h"
#include "frontend/static/file_io.h"
#include "frontend/static/file_loader.h"
#include "frontend/static/file_reply.h"
#include "frontend/static/redirect_location.h"
#include "frontend/static/safe_open.h"
#include "frontend/static/static_cache.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kAllow = "GET, HEAD, OPTIONS";

StaticReply StatusReply(int status) {
  StaticReply reply;
  reply.status = status;
  if (status == 204 || status == 405) reply.allow = kAllow;
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
        cache_(cache),
        file_io_(file_io),
        poster_(std::move(poster)),
        root_(cache->AddRoot()),
        rules_(std::make_shared<CodingRules>(config_, cache->limits().body)),
        preferences_(rules_->Preferences()) {}
  ~Core() { cache_->RemoveRoot(root_); }

  std::unique_ptr<Pending> Serve(const StaticRequest& request, Time now, Done done);
  bool offers_codings() const { return !rules_->offered().empty(); }

 private:
  class Waiter;
  class Look;
  struct Flight {
    Time started;
    std::list<Waiter*> waiters;
  };
  using FlightKey = std::pair<std::string, uint8_t>;  // path, codings

  StaticReply ReplyTo(const StaticRequest& request, const StaticCache::Entry& entry) const;
  // `entry` is what the cache holds for them, or null.
  bool Launch(absl::string_view path, CodingPreference codings, const StaticCache::Entry* entry,
              Time now);
  void Land(const LoadRequest& request, const Loaded& loaded);
  void Count(const LoadRequest& request, const Loaded& loaded);

  const StaticConfig config_;
  StaticCache* const cache_;
  FileIo* const file_io_;
  const Poster poster_;
  const uint32_t root_;
  const std::shared_ptr<const CodingRules> rules_;
  const std::vector<CodingPreference> preferences_;  // for which the cache may hold something
  absl::flat_hash_map<FlightKey, std::unique_ptr<Flight>> flights_;
};

// One look at the file system, and what it found. Shared by the file-I/O threads that have to do
// with it, one after the other, and at last the loop.
class StaticFiles::Core::Look : public std::enable_shared_from_this<Look> {
 public:
  Look(LoadRequest request, std::weak_ptr<Core> core, FileIo* file_io, Poster poster)
      : request_(std::move(request)),
        core_(std::move(core)),
        file_io_(file_io),
        poster_(std::move(poster)) {}

  // On a file-I/O thread, as all but the last of these. What takes long goes to a lane of its own,
  // so that it holds up nobody who only wants to know whether a hot file is still the same.
  void Load() {
    loaded_ = LoadFile(request_, file_io_);
    if (loaded_.compress != ContentCoding::kIdentity) {
      if (file_io_->Submit(FileIo::Lane::kCompute, [self = shared_from_this()] { self->Code(); })) {
        return;
      }
      loaded_.compression = Loaded::Compression::kRefused;
    }
    Report();
  }

 private:
  void Code() {
    CompressLoaded(request_, &loaded_);
    Report();
  }
  void Report() {
    poster_([self = shared_from_this()] {
      if (const std::shared_ptr<Core> core = self->core_.lock()) {
        core->Land(self->request_, self->loaded_);
      }
    });
  }

  const LoadRequest request_;
  const std::weak_ptr<Core> core_;
  FileIo* const file_io_;
  const Poster poster_;
  Loaded loaded_;
};

// What a request needs to be answered later.
class StaticFiles::Core::Waiter : public Pending {
 public:
  Waiter(std::shared_ptr<Core> core, Flight* flight, const StaticRequest& request, Done done)
      : core_(std::move(core)),
        flight_(flight),
        done_(std::move(done)),
        conditions_(request.conditions) {
    raw_path_.assign(request.raw_path.data(), request.raw_path.size());
    raw_query_.assign(request.raw_query.data(), request.raw_query.size());
    place_ = flight_->waiters.insert(flight_->waiters.end(), this);
  }
  ~Waiter() override {
    if (flight_ != nullptr) flight_->waiters.erase(place_);
  }

  // Takes this waiter out of its flight. `done` may destroy it, so nothing of it is touched after
  // that call.
  void Answer(const Loaded& loaded) {
    flight_->waiters.erase(place_);
    flight_ = nullptr;
    Done done = std::move(done_);
    done(ReplyTo(loaded));
  }

 private:
  StaticReply ReplyTo(const Loaded& loaded) const {
    switch (loaded.result) {
      case Loaded::Result::kFile:
      case Loaded::Result::kUnchanged:
        return FileReply(loaded.file, conditions_.get());
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

  const std::shared_ptr<Core> core_;  // whoever waits keeps the answer coming
  Flight* flight_;                    // null once answered
  std::list<Waiter*>::iterator place_;
  Done done_;
  std::string raw_path_;
  std::string raw_query_;
  const KeptConditions conditions_;
};

StaticReply StaticFiles::Core::ReplyTo(const StaticRequest& request,
                                       const StaticCache::Entry& entry) const {
  switch (entry.kind) {
    case StaticCache::Kind::kFile:
      return FileReply(entry.file, request.conditions);
    case StaticCache::Kind::kDirectory:
      return RedirectReply(request.raw_path, request.raw_query);
    case StaticCache::Kind::kMissing:
      break;
  }
  return StatusReply(404);
}

std::unique_ptr<StaticFiles::Pending> StaticFiles::Core::Serve(const StaticRequest& request,
                                                               Time now, Done done) {
  if (request.method != "GET" && request.method != "HEAD") {
    done(StatusReply(request.method == "OPTIONS" ? 204 : 405));
    return nullptr;
  }

  const CodingPreference codings = request.codings.OnlyOf(rules_->offered());
  StaticCache::Entry* const entry = cache_->Find(root_, request.path, codings);
  if (entry != nullptr && now - entry->checked < kMaxStaleness) {
    // Refused for the moment, the next request tries again.
    if (now - entry->checked >= kFresh && !entry->checking) {
      entry->checking = Launch(request.path, codings, entry, now);
    }
    cache_->counters().hits.Add();
    done(ReplyTo(request, *entry));
    return nullptr;
  }

  if (!IsServablePath(request.path)) {
    done(StatusReply(404));
    return nullptr;
  }
  const FlightKey key(request.path, codings.bits());
  auto flight = flights_.find(key);
  if (flight == flights_.end()) {
    if (!Launch(request.path, codings, entry, now)) {
      cache_->counters().refused.Add();
      done(StatusReply(503));
      return nullptr;
    }
    flight = flights_.find(key);
    if (entry != nullptr) entry->checking = true;
  }
  cache_->counters().misses.Add();
  return std::make_unique<Waiter>(shared_from_this(), flight->second.get(), request,
                                  std::move(done));
}

bool StaticFiles::Core::Launch(absl::string_view path, CodingPreference codings,
                               const StaticCache::Entry* entry, Time now) {
  LoadRequest load;
  load.root = config_.root;
  load.path = std::string(path);
  load.index = config_.index;
  load.body_limit = cache_->limits().body;
  load.codings = codings;
  load.rules = rules_;
  for (const CodingPreference preference : preferences_) {
    const StaticCache::Entry* const other = cache_->Peek(root_, path, preference);
    if (other != nullptr && other->file != nullptr) load.known.push_back(other->file);
  }
  if (entry != nullptr && entry->file != nullptr && !entry->provisional &&
      entry->file->coding() == ContentCoding::kIdentity) {
    load.useless = entry->file;
  }
  const auto lane = entry != nullptr ? FileIo::Lane::kQuick : FileIo::Lane::kSlow;
  auto look = std::make_shared<Look>(std::move(load), weak_from_this(), file_io_, poster_);
  if (!file_io_->Submit(lane, [look = std::move(look)] { look->Load(); })) return false;
  if (entry != nullptr) cache_->counters().revalidations.Add();
  auto flight = std::make_unique<Flight>();
  flight->started = now;
  // Invariant: one flight a path and preference. An entry with a flight says so in `checking`;
  // without an entry Serve has looked.
  const bool first = flights_.emplace(FlightKey(path, codings.bits()), std::move(flight)).second;
  assert(first);
  static_cast<void>(first);
  return true;
}

void StaticFiles::Core::Count(const LoadRequest& request, const Loaded& loaded) {
  StaticCounters& counters = cache_->counters();
  switch (loaded.compression) {
    case Loaded::Compression::kNone:
      return;
    case Loaded::Compression::kDone:
      counters.compressions.Add();
      counters.compression_bytes_in.Add(loaded.file->identity().size);
      counters.compression_bytes_out.Add(loaded.file->size());
      return;
    case Loaded::Compression::kUseless:
      return counters.compressions_useless.Add();
    case Loaded::Compression::kRefused:
      counters.compressions_refused.Add();
      // Unless it was too large to be kept.
      if (StaticCache::Entry* entry = cache_->Find(root_, request.path, request.codings)) {
        entry->provisional = true;
      }
      return;
  }
}

void StaticFiles::Core::Land(const LoadRequest& request, const Loaded& loaded) {
  const std::shared_ptr<Core> self = shared_from_this();  // `done` may drop all others
  auto node = flights_.extract(FlightKey(request.path, request.codings.bits()));
  const std::unique_ptr<Flight> flight = std::move(node.mapped());
  const auto put = [&](StaticCache::Kind kind) {
    cache_->Put(root_, request.path, kind, loaded.file, flight->started, request.codings);
  };
  switch (loaded.result) {
    case Loaded::Result::kUnchanged:
    case Loaded::Result::kFile:
      put(StaticCache::Kind::kFile);
      break;
    case Loaded::Result::kDirectory:
      put(StaticCache::Kind::kDirectory);
      break;
    case Loaded::Result::kMissing:
      put(StaticCache::Kind::kMissing);
      break;
    case Loaded::Result::kFailed:
    case Loaded::Result::kUnavailable:
      cache_->Erase(root_, request.path, request.codings);
      break;
  }
  Count(request, loaded);
  while (!flight->waiters.empty()) flight->waiters.front()->Answer(loaded);
}

StaticFiles::StaticFiles(std::shared_ptr<Core> core) : core_(std::move(core)) {}

StaticFiles::~StaticFiles() = default;

absl::StatusOr<std::unique_ptr<StaticFiles>> StaticFiles::Create(StaticConfig config,
                                                                 StaticCache* cache,
                                                                 FileIo* file_io, Poster poster) {
  if (absl::StatusOr<UniqueFd> root = OpenRoot(config.root); !root.ok()) return root.status();
  if (absl::Status status = CheckOpenat2(); !status.ok()) return status;
  if (!config.index.empty() &&
      (absl::StrContains(config.index, '/') || !IsServablePath(absl::StrCat("/", config.index)))) {
    return absl::InvalidArgumentError(
        absl::StrCat("static index must be a plain file name: ", config.index));
  }
  return absl::WrapUnique(new StaticFiles(
      std::make_shared<Core>(std::move(config), cache, file_io, std::move(poster))));
}

bool StaticFiles::offers_codings() const { return core_->offers_codings(); }

std::unique_ptr<StaticFiles::Pending> StaticFiles::Serve(const StaticRequest& request, Time now,
                                                         Done done) {
  return core_->Serve(request, now, std::move(done));
}

}  // namespace anteroom::frontend
