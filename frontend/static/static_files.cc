#include "frontend/static/static_files.h"

#include <list>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/file_io.h"
#include "frontend/static/file_loader.h"
#include "frontend/static/file_look.h"
#include "frontend/static/file_reply.h"
#include "frontend/static/redirect_location.h"
#include "frontend/static/safe_open.h"
#include "frontend/static/static_cache.h"
#include "frontend/static/static_site.h"

namespace anteroom::frontend {
namespace {

constexpr absl::string_view kAllow = "GET, HEAD, OPTIONS";
// After a look at a file, the kernel answers another from memory for at least about as long.
constexpr Duration kRemembered = std::chrono::seconds(10);

StaticReply StatusReply(int status) {
  StaticReply reply;
  reply.status = status;
  if (status == 204 || status == 405) reply.allow = kAllow;
  return reply;
}

// To its slash, if that is what was asked for: a fallback that is a directory is no page, and the address
// is not its own.
StaticReply DirectoryReply(absl::string_view raw_path, absl::string_view raw_query,
                           const StandIn& stand_in) {
  if (!stand_in.none()) return StatusReply(404);
  StaticReply reply;
  reply.status = 301;
  reply.location = DirectoryLocation(raw_path, raw_query);
  return reply;
}

// Listings are kept as they are for whoever asks in whatever coding.
bool IsListing(const StaticCache::Entry& entry) {
  return entry.file != nullptr && !entry.file->has_validators();
}

}  // namespace

// Lives as long as the StaticFiles or any request that waits; a file-I/O thread holds it weakly and
// never touches it. Requests for one path that come while a file-I/O thread looks at it share that
// look (a flight).
class StaticFiles::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(StaticConfig config, const StaticCacheConfig& limits, StaticCache* cache, FileIo* file_io,
       Poster poster)
      : site_(std::make_shared<const StaticSite>(std::move(config), limits.largest)),
        fresh_(limits.fresh),
        cache_(cache),
        file_io_(file_io),
        poster_(std::move(poster)),
        root_(cache->AddRoot()),
        preferences_(site_->codings.Preferences()) {}
  ~Core() { cache_->RemoveRoot(root_); }

  std::unique_ptr<Pending> Serve(const StaticRequest& request, Time now, Done done);
  bool offers_codings() const { return !site_->codings.offered().empty(); }

 private:
  class Waiter;
  struct Flight {
    Time started;
    std::list<Waiter*> waiters;
  };
  using FlightKey = std::pair<std::string, uint8_t>;  // path, codings

  // What is to be said of one path at once, or else the flight that will tell.
  StaticReply Look(const StaticRequest& request, absl::string_view path, StandIn* stand_in,
                   Time now, Flight** flight);
  StaticReply ReplyTo(const StaticRequest& request, const StaticCache::Entry& entry,
                      const StandIn& stand_in) const;
  StaticReply ErrorReply(int status, std::shared_ptr<const CachedFile> page) const;
  // `entry` is what the cache holds for them, or null.
  bool Launch(absl::string_view path, CodingPreference codings, const StaticCache::Entry* entry,
              Time now);
  void Land(const LoadRequest& request, const Loaded& loaded);
  void Count(const LoadRequest& request, const Loaded& loaded);
  // Of a flight that has landed: answers the waiter, or has it wait for what stands in for `path`.
  void Conclude(Waiter* waiter, absl::string_view path, const Loaded& loaded);

  const std::shared_ptr<const StaticSite> site_;
  const Duration
      fresh_;  // for which an entry is good without a look; twice that while one is under way
  StaticCache* const cache_;
  FileIo* const file_io_;
  const Poster poster_;
  const uint32_t root_;
  const std::vector<CodingPreference> preferences_;  // for which the cache may hold something
  absl::flat_hash_map<FlightKey, std::unique_ptr<Flight>> flights_;
};

// What a request needs to be answered later.
class StaticFiles::Core::Waiter : public Pending {
 public:
  Waiter(std::shared_ptr<Core> core, Flight* flight, const StaticRequest& request,
         const StandIn& stand_in_in, Time asked_in, Done done)
      : stand_in(stand_in_in),
        asked(asked_in),
        core_(std::move(core)),
        done_(std::move(done)),
        raw_path_(request.raw_path),
        raw_query_(request.raw_query),
        conditions_(request.conditions),
        codings_(request.codings) {
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
    request.conditions = conditions_.get();
    request.codings = codings_;
    return request;
  }
  StaticReply ReplyTo(const Loaded& loaded) const {
    if (stand_in.error != 0) return core_->ErrorReply(stand_in.error, loaded.file);
    switch (loaded.result) {
      case Loaded::Result::kFile:
      case Loaded::Result::kUnchanged:
        return FileReply(loaded.file, conditions_.get());
      case Loaded::Result::kDirectory:
        return DirectoryReply(raw_path_, raw_query_, stand_in);
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
  const std::string raw_path_;
  const std::string raw_query_;
  const KeptConditions conditions_;
  const CodingPreference codings_;
};

StaticReply StaticFiles::Core::ReplyTo(const StaticRequest& request,
                                       const StaticCache::Entry& entry,
                                       const StandIn& stand_in) const {
  switch (entry.kind) {
    case StaticCache::Kind::kFile:
      return FileReply(entry.file, request.conditions);
    case StaticCache::Kind::kDirectory:
      return DirectoryReply(request.raw_path, request.raw_query, stand_in);
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
  // Error pages are sent as they are: they are small, and go without the fields of their file.
  CodingPreference codings;
  if (stand_in->error == 0) codings = request.codings.OnlyOf(site_->codings.offered());
  StaticCache::Entry* entry = cache_->Find(root_, path, codings);
  if (entry == nullptr && site_->config.listing && path.back() == '/') {
    entry = cache_->Find(root_, path);
    if (entry != nullptr && !IsListing(*entry)) entry = nullptr;
    if (entry != nullptr) codings = CodingPreference();
  }
  if (entry != nullptr && entry->file != nullptr && entry->file->broken()) entry = nullptr;
  if (entry != nullptr && now - entry->checked < 2 * fresh_) {
    // Refused for the moment, the next request tries again.
    if (now - entry->checked >= fresh_ && !entry->checking) {
      entry->checking = Launch(path, codings, entry, now);
    }
    if (first) cache_->counters().hits.Add();
    return stand_in->error != 0 ? ErrorReply(stand_in->error, entry->file)
                                : ReplyTo(request, *entry, *stand_in);
  }

  if (!IsServablePath(path, site_->config.hidden)) {
    stand_in->fell_back = true;  // what must not be seen is no page of an application
    return StatusReply(404);
  }
  const FlightKey key(path, codings.bits());
  auto found = flights_.find(key);
  if (found == flights_.end()) {
    if (!Launch(path, codings, entry, now)) {
      cache_->counters().refused.Add();
      return StatusReply(stand_in->error != 0 ? stand_in->error : 503);
    }
    found = flights_.find(key);
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

bool StaticFiles::Core::Launch(absl::string_view path, CodingPreference codings,
                               const StaticCache::Entry* entry, Time now) {
  FlightKey key(path, codings.bits());
  if (flights_.contains(key)) return true;  // a listing that was found for another coding
  LoadRequest load;
  load.path = std::string(path);
  load.codings = codings;
  load.site = site_;
  load.memory_is_short = cache_->MemoryIsShort();
  for (const CodingPreference preference : preferences_) {
    const StaticCache::Entry* const other = cache_->Peek(root_, path, preference);
    if (other != nullptr && other->file != nullptr && !other->file->broken())
      load.known.push_back(other->file);
  }
  if (entry != nullptr && entry->file != nullptr && !entry->provisional &&
      entry->file->coding() == ContentCoding::kIdentity) {
    load.useless = entry->file;
  }
  // A listing is made anew, which is never quick, and what the kernel knew of a file a while ago it
  // may have forgotten.
  const bool quick =
      entry != nullptr && !IsListing(*entry) && now - entry->checked < fresh_ + kRemembered;
  const bool taken = StartLook(
      std::move(load), quick ? FileIo::Lane::kQuick : FileIo::Lane::kSlow, file_io_, poster_,
      [weak = weak_from_this()](const LoadRequest& request, const Loaded& loaded) {
        if (const std::shared_ptr<Core> core = weak.lock()) core->Land(request, loaded);
      });
  if (!taken) return false;
  if (entry != nullptr) cache_->counters().revalidations.Add();
  auto flight = std::make_unique<Flight>();
  flight->started = now;
  flights_.emplace(std::move(key), std::move(flight));
  return true;
}

void StaticFiles::Core::Count(const LoadRequest& request, const Loaded& loaded) {
  StaticCounters& counters = cache_->counters();
  if (loaded.cut) counters.listings_cut.Add();
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
    CodingPreference codings = request.codings;
    if (loaded.file != nullptr && !loaded.file->has_validators() && !codings.empty()) {
      cache_->Erase(root_, request.path, codings);
      codings = {};
    }
    cache_->Put(root_, request.path, kind, loaded.file, flight->started, codings);
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
  while (!flight->waiters.empty()) Conclude(flight->waiters.front(), request.path, loaded);
}

StaticFiles::StaticFiles(std::shared_ptr<Core> core) : core_(std::move(core)) {}

StaticFiles::~StaticFiles() = default;

absl::StatusOr<std::unique_ptr<StaticFiles>> StaticFiles::Create(StaticConfig config,
                                                                 const StaticCacheConfig& limits,
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
      std::make_shared<Core>(std::move(config), limits, cache, file_io, std::move(poster))));
}

bool StaticFiles::offers_codings() const { return core_->offers_codings(); }

std::unique_ptr<StaticFiles::Pending> StaticFiles::Serve(const StaticRequest& request, Time now,
                                                         Done done) {
  return core_->Serve(request, now, std::move(done));
}

}  // namespace anteroom::frontend
