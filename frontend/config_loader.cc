#include "frontend/config_loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/unique_fd.h"
#include "common/units.h"
#include "frontend/config_check.h"
#include "frontend/yaml_reader.h"
#include "frontend/yaml_tree.h"

namespace anteroom::frontend {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kTiB = uint64_t{1} << 40;

// The functions below read the file's sections in the order of docs/CONFIG.md. Ranges keep out what
// can't be meant (a unit mixed up), not what is unwise.

void ReadBool(YamlMapping* yaml, absl::string_view key, bool* value) {
  yaml->Read<bool>(key, value, {{"false", false}, {"true", true}});
}

void ReadListener(YamlMapping yaml, ListenerConfig* listener) {
  yaml.Read("address", &listener->address);
  yaml.Read("unix", &listener->unix_path);
  yaml.ReadFileMode("mode", &listener->mode);
  yaml.Read<bool>("proxy_protocol", &listener->proxy_protocol,
                  {{"off", false}, {"required", true}});
}

void ReadAdmin(YamlMapping yaml, AdminConfig* admin) { yaml.Read("address", &admin->address); }

void ReadSpool(YamlMapping yaml, SpoolConfig* spool) {
  yaml.Read("directory", &spool->directory);
  yaml.ReadSize("memory_per_body", &spool->memory_per_body, {64 * 1024, kGiB});
  yaml.ReadSize("total", &spool->total, {0, 64 * kTiB});
  yaml.Read("files", &spool->files, {0, 1'000'000});
}

void ReadStaticCache(YamlMapping yaml, StaticCacheConfig* cache) {
  yaml.ReadSize("memory", &cache->memory, {0, kTiB});
  yaml.ReadSize("largest", &cache->largest, {0, kMiB});
  yaml.Read("files", &cache->files, {0, 1'000'000});
  yaml.Read("names", &cache->names, {0, 1'000'000});
  yaml.Read("fresh", &cache->fresh, {seconds(0), hours(1)});
}

void ReadLimits(YamlMapping yaml, LimitsConfig* limits) {
  yaml.ReadSize("body", &limits->http.body, {0, kTiB});
  yaml.Read("connections", &limits->connections, {1, 1'000'000});
  yaml.ReadSize("buffers", &limits->buffers, {kMiB, kTiB});
  yaml.ReadSize("body_rate", &limits->body_rate, {0, kGiB});
  yaml.Read("connections_per_address", &limits->connections_per_address, {0, 1'000'000});
  yaml.ReadSize("look_ahead", &limits->look_ahead, {1024, 64 * 1024});
  yaml.Read("requests_per_connection", &limits->requests_per_connection, {1, 1'000'000'000});
  yaml.ReadSize("target", &limits->http.target, {256, kMiB});
  yaml.ReadSize("field", &limits->http.field, {256, kMiB});
  yaml.ReadCount("fields", &limits->http.fields, {1, 10'000});
  yaml.ReadSize("head", &limits->http.head, {256, kMiB});
  yaml.ReadCount("trailers", &limits->http.trailers, {0, 10'000});
  yaml.ReadSize("trailer_section", &limits->http.trailer_section, {0, kMiB});
  yaml.Read<bool>("underscores", &limits->http.refuse_underscores,
                  {{"drop", false}, {"refuse", true}});
}

void ReadTimeouts(YamlMapping yaml, TimeoutsConfig* timeouts) {
  yaml.Read("header", &timeouts->header, {milliseconds(100), hours(1)});
  yaml.Read("body", &timeouts->body, {milliseconds(100), hours(24)});
  yaml.Read("body_grace", &timeouts->body_grace, {milliseconds(0), hours(1)});
  yaml.Read("connection", &timeouts->connection, {milliseconds(100), hours(24 * 365)});
  yaml.Read("idle", &timeouts->idle, {milliseconds(100), hours(24)});
  yaml.Read("write", &timeouts->write, {milliseconds(100), hours(1)});
  yaml.Read("linger", &timeouts->linger, {milliseconds(0), hours(1)});
  yaml.Read("linger_pause", &timeouts->linger_pause, {milliseconds(0), hours(1)});
  yaml.Read("disk", &timeouts->disk, {milliseconds(100), hours(1)});
}

void ReadLinks(YamlMapping yaml, LinksConfig* links) {
  yaml.Read<CompletionPump>("pump", &links->pump,
                            {{"loop", CompletionPump::kLoop}, {"thread", CompletionPump::kThread}});
  yaml.Read("connect_timeout", &links->connect_timeout, {milliseconds(10), minutes(1)});
  yaml.Read("backoff_min", &links->backoff_min, {milliseconds(1), minutes(1)});
  yaml.Read("backoff_max", &links->backoff_max, {milliseconds(1), minutes(10)});
}

void ReadAccessLog(YamlMapping yaml, AccessLogConfig* log) {
  yaml.Read("path", &log->path);
  yaml.Read<AccessLogFormat>(
      "format", &log->format,
      {{"json", AccessLogFormat::kJson}, {"combined", AccessLogFormat::kCombined}});
  yaml.Read("queue_lines", &log->queue_lines, {16, 1'048'576});
}

void ReadLog(YamlMapping yaml, std::string* level) {
  yaml.Read<std::string>("level", level,
                         {{"trace", "trace"},
                          {"debug", "debug"},
                          {"info", "info"},
                          {"warn", "warn"},
                          {"error", "error"}});
}

void ReadDrain(YamlMapping yaml, DrainConfig* drain) {
  yaml.Read("delay", &drain->delay, {seconds(0), minutes(10)});
  yaml.Read("timeout", &drain->timeout, {seconds(0), hours(24)});
  yaml.Read("close", &drain->close, {seconds(0), minutes(10)});
}

void ReadQueue(YamlMapping yaml, QueueConfig* queue) {
  yaml.Read("requests", &queue->requests, {0, 1'000'000});
  yaml.ReadSize("bytes", &queue->bytes, {0, kTiB});
  yaml.Read("wait", &queue->wait, {seconds(0), hours(24)});
}

void ReadPool(const std::string& name, YamlMapping yaml, PoolConfig* pool) {
  pool->name = name;
  yaml.Read("endpoints", &pool->endpoints);
  SocketAddress dns;
  yaml.Read("dns", &dns);
  if (!dns.host.empty()) pool->dns = dns;
  yaml.Read("dns_refresh", &pool->dns_refresh, {milliseconds(100), minutes(10)});
  ReadQueue(yaml.Section("queue"), &pool->queue);
  yaml.Read("timeout", &pool->timeout, {milliseconds(1), hours(24)});
}

void ReadCodings(YamlMapping* yaml, absl::string_view key, CodingSet* codings,
                 std::initializer_list<std::pair<absl::string_view, ContentCoding>> words) {
  std::vector<ContentCoding> read;
  yaml->ReadWords<ContentCoding>(key, &read, words);
  for (const ContentCoding coding : read) codings->Add(coding);
}

void ReadCompress(YamlMapping yaml, CompressConfig* compress) {
  ReadCodings(&yaml, "codings", &compress->codings,
              {{"br", ContentCoding::kBrotli}, {"gzip", ContentCoding::kGzip}});
  yaml.ReadWords("types", &compress->types);
  for (std::string& type : compress->types) absl::AsciiStrToLower(&type);
  yaml.ReadSize("min_size", &compress->min_size, {1, kMiB});
  yaml.Read("gzip_level", &compress->gzip_level, {1, 9});
  yaml.Read("brotli_level", &compress->brotli_level, {0, 11});
}

void ReadStatic(YamlMapping yaml, StaticConfig* files) {
  yaml.Read("root", &files->root);
  yaml.Read("index", &files->index);
  ReadCodings(&yaml, "precompressed", &files->precompressed,
              {{"br", ContentCoding::kBrotli},
               {"zstd", ContentCoding::kZstd},
               {"gzip", ContentCoding::kGzip}});
  ReadCompress(yaml.Section("compress"), &files->compress);
  yaml.Read("cache_control", &files->cache_control);
  Duration expires(-1);
  yaml.Read("expires", &expires, {seconds(0), hours(24 * 365)});
  if (expires >= Duration::zero()) files->expires = expires;
  ReadBool(&yaml, "nosniff", &files->nosniff);
  yaml.Read("headers", &files->headers);
  yaml.Read("types", &files->types);
  yaml.Read<SymlinkPolicy>("symlinks", &files->symlinks,
                           {{"none", SymlinkPolicy::kNone}, {"within", SymlinkPolicy::kWithin}});
  ReadBool(&yaml, "hidden", &files->hidden);
  ReadBool(&yaml, "listing", &files->listing);
  yaml.Read("fallback", &files->fallback);
  yaml.Read("error_pages", &files->error_pages);
}

void ReadRoute(YamlMapping yaml, RouteConfig* route) {
  yaml.Read("host", &route->host);
  absl::AsciiStrToLower(&route->host);
  yaml.Read("path", &route->path);
  if (yaml.Has("static")) route->static_files.emplace();
  StaticConfig ignored;
  ReadStatic(yaml.Section("static"), route->static_files ? &*route->static_files : &ignored);
  if (route->static_files) route->static_files->route = route->path;
  yaml.Read("pool", &route->pool);
  Duration timeout{};
  yaml.Read("timeout", &timeout, {milliseconds(1), hours(24)});
  if (timeout != Duration::zero()) route->timeout = timeout;
  yaml.Read<RetryPolicy>("retry", &route->retry,
                         {{"never", RetryPolicy::kNever},
                          {"idempotent", RetryPolicy::kIdempotent},
                          {"always", RetryPolicy::kAlways}});
  yaml.Read<bool>("internal", &route->internal, {{"false", false}, {"true", true}});
}

Config ReadConfig(YamlMapping yaml) {
  Config config;
  yaml.Each("listeners", [&](size_t i, YamlMapping listener) {
    config.listeners.resize(i + 1);
    ReadListener(std::move(listener), &config.listeners[i]);
  });
  yaml.Read("trusted_proxies", &config.trusted_proxies);
  ReadAdmin(yaml.Section("admin"), &config.admin);
  yaml.Read("loops", &config.loops, {0, 256});
  yaml.Read("file_io_threads", &config.file_io_threads, {1, 64});
  ReadSpool(yaml.Section("spool"), &config.spool);
  ReadStaticCache(yaml.Section("static_cache"), &config.static_cache);
  ReadLimits(yaml.Section("limits"), &config.limits);
  ReadTimeouts(yaml.Section("timeouts"), &config.timeouts);
  ReadLinks(yaml.Section("links"), &config.links);
  ReadAccessLog(yaml.Section("access_log"), &config.access_log);
  ReadLog(yaml.Section("log"), &config.log_level);
  ReadDrain(yaml.Section("drain"), &config.drain);
  yaml.EachNamed("pools", [&](const std::string& name, YamlMapping pool) {
    ReadPool(name, std::move(pool), &config.pools.emplace_back());
  });
  yaml.Each("routes", [&](size_t i, YamlMapping route) {
    config.routes.resize(i + 1);
    ReadRoute(std::move(route), &config.routes[i]);
  });
  return config;
}

// Relative directories are meant from where the file is, so that a configuration and its content
// can be moved together.
void ResolveRoots(const std::string& file, Config* config) {
  const size_t slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  for (RouteConfig& route : config->routes) {
    if (!route.static_files || route.static_files->root.empty()) continue;
    std::string& root = route.static_files->root;
    if (root.front() != '/') root = absl::StrCat(directory, "/", root);
  }
}

// `file`: where the text comes from; empty: from nowhere, and directories are not looked at.
LoadedConfig Load(const std::string& text, const ConfigEnvironment& environment,
                  const std::string& file) {
  YamlFindings findings;
  std::optional<Config> config;
  std::optional<YamlNode> root = ParseYaml(text, &findings.faults);
  if (root && root->kind != YamlNode::Kind::kMapping) {
    findings.faults.push_back({root->line, root->column, "must be a mapping of keys to values"});
  } else if (root) {
    for (const ConfigOverride& entry : ConfigOverrides()) {
      const char* value = environment(std::string(entry.variable));
      if (value == nullptr || *value == '\0') continue;
      OverrideScalar(entry.key, value, entry.variable, &*root);
    }
    config = ReadConfig(YamlMapping(&*root, "", &findings));
    CheckConfig(*config, &findings);
    if (!file.empty()) {
      ResolveRoots(file, &*config);
      CheckFiles(*config, &findings);
    }
  }
  if (!findings.faults.empty()) config.reset();
  SortFaults(&findings.faults);
  SortFaults(&findings.warnings);
  return {std::move(config), std::move(findings.faults), std::move(findings.warnings)};
}

// Null with errno set when the file can't be read; one byte more than allowed when it is too large.
std::optional<std::string> ReadFile(const std::string& path) {
  // Not to wait for the writer of a FIFO, for instance.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return std::nullopt;
  std::string text(kMaxConfigBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(file.get(), text.data() + size, text.size() - size);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    size += static_cast<size_t>(n);
  }
  text.resize(size);
  return text;
}

LoadedConfig Unreadable(std::string reason) {
  LoadedConfig loaded;
  loaded.faults.push_back({0, 0, std::move(reason)});
  return loaded;
}

}  // namespace

LoadedConfig LoadConfig(const std::string& path) {
  const std::optional<std::string> text = ReadFile(path);
  if (!text) return Unreadable(strerror(errno));
  if (text->size() > kMaxConfigBytes) {
    return Unreadable(absl::StrCat("larger than ", FormatSize(kMaxConfigBytes)));
  }
  return Load(
      *text, [](const std::string& name) { return std::getenv(name.c_str()); }, path);
}

LoadedConfig ParseConfig(const std::string& text, const ConfigEnvironment& environment) {
  return Load(text, environment, /*file=*/"");
}

const std::vector<ConfigOverride>& ConfigOverrides() {
  static const auto* const overrides = new std::vector<ConfigOverride>{
      {"ANTEROOM_ADMIN_ADDRESS", "admin.address"},
      {"ANTEROOM_LOOPS", "loops"},
      {"ANTEROOM_SPOOL_DIRECTORY", "spool.directory"},
      {"ANTEROOM_ACCESS_LOG", "access_log.path"},
      {"ANTEROOM_LOG_LEVEL", "log.level"},
      {"ANTEROOM_DRAIN_DELAY", "drain.delay"},
      {"ANTEROOM_DRAIN_TIMEOUT", "drain.timeout"},
  };
  return *overrides;
}

std::vector<std::string> KnownConfigKeys() {
  YamlFindings findings;
  findings.list_keys = true;
  ReadConfig(YamlMapping(nullptr, "", &findings));
  std::vector<std::string> keys;
  for (const std::string& key : findings.known_keys) {
    const bool section =
        std::any_of(findings.known_keys.begin(), findings.known_keys.end(),
                    [&](const std::string& other) { return absl::StartsWith(other, key + "."); });
    if (!section) keys.push_back(key);
  }
  return keys;
}

}  // namespace anteroom::frontend
