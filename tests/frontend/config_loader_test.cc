#include "frontend/config_loader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/config_testing.h"

namespace anteroom::frontend {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSubsetOf;
using testing::Pair;

TEST(ConfigLoaderTest, ReadsEveryKey) {
  const LoadedConfig loaded = Parse(R"(
listeners:
  - address: 0.0.0.0:8080
  - {address: "[::1]:8081", proxy_protocol: required}
  - {unix: /run/anteroom/http.sock, mode: 0600}
admin: {address: 0.0.0.0:9902}
trusted_proxies: [127.0.0.1, unix, "2001:db8::/32"]
loops: 3
file_io_threads: 4
spool: {directory: /srv/spool, memory_per_body: 128KiB, total: 2GiB, files: 100}
static_cache: {memory: 16MiB, largest: 32KiB, files: 100, names: 200, fresh: 5s}
limits:
  body: 64MiB
  connections: 2000
  connections_per_address: 50
  requests_per_connection: 10
  body_rate: 1KiB
  underscores: refuse
  target: 4KiB
  field: 2KiB
  fields: 50
  head: 16KiB
  trailers: 8
  trailer_section: 1KiB
timeouts: {header: 1s, body: 2s, body_grace: 1s, connection: 9m, idle: 3s, write: 4s}
links: {pump: thread, connect_timeout: 1s, backoff_min: 10ms, backoff_max: 2s}
access_log: {path: "-", format: combined, queue_lines: 100}
log: {level: debug}
drain: {delay: 5s, timeout: 1m}
pools:
  gallery:
    endpoints: [127.0.0.1:7001, 127.0.0.1:7002]
    queue: {requests: 10, bytes: 128MiB, wait: 7s}
    timeout: 9s
  search:
    dns: search-headless.default.svc:7000
    dns_refresh: 5s
routes:
  - path: /static/
    static:
      root: /srv/www
      index: home.html
      precompressed: [zstd, gzip]
      compress: {codings: [br], types: [Text/*, a/b], min_size: 2KiB, gzip_level: 9, brotli_level: 0}
      cache_control: "public, max-age=60"
      nosniff: false
      headers: {X-Frame-Options: DENY, Vary: Origin}
      types: {wat: text/wat}
      symlinks: within
      hidden: true
      listing: true
      fallback: app.html
      error_pages: {404: errors/404.html, 503: busy.html}
  - {host: API.example.com, path: /, pool: gallery, timeout: 1h, retry: always}
  - {path: /, pool: search, retry: never}
)");
  ASSERT_EQ(FormatFaults("f", loaded.faults), "");
  EXPECT_EQ(FormatFaults("f", loaded.warnings), "");
  const Config& config = *loaded.config;
  ASSERT_EQ(config.listeners.size(), 3u);
  EXPECT_EQ(config.listeners[1].address, (SocketAddress{"::1", 8081}));
  EXPECT_FALSE(config.listeners[0].proxy_protocol);
  EXPECT_TRUE(config.listeners[1].proxy_protocol);
  EXPECT_EQ(config.listeners[2].unix_path, "/run/anteroom/http.sock");
  EXPECT_EQ(config.listeners[2].mode, 0600u);
  EXPECT_EQ(config.admin.address, (SocketAddress{"0.0.0.0", 9902}));
  EXPECT_EQ(config.loops, 3u);
  EXPECT_EQ(config.file_io_threads, 4u);
  EXPECT_EQ(config.spool.directory, "/srv/spool");
  EXPECT_EQ(config.spool.memory_per_body, 128u << 10);
  EXPECT_EQ(config.spool.total, uint64_t{2} << 30);
  EXPECT_EQ(config.limits.http.body, 64u << 20);
  EXPECT_EQ(config.spool.files, 100u);
  EXPECT_EQ(config.static_cache.memory, 16u << 20);
  EXPECT_EQ(config.static_cache.largest, 32u << 10);
  EXPECT_EQ(config.static_cache.files, 100u);
  EXPECT_EQ(config.static_cache.names, 200u);
  EXPECT_EQ(config.static_cache.fresh, std::chrono::seconds(5));
  EXPECT_EQ(config.limits.connections, 2000u);
  EXPECT_EQ(config.limits.connections_per_address, 50u);
  EXPECT_EQ(config.limits.requests_per_connection, 10u);
  EXPECT_EQ(config.limits.body_rate, 1024u);
  EXPECT_TRUE(config.limits.http.refuse_underscores);
  ASSERT_EQ(config.trusted_proxies.ranges.size(), 2u);
  EXPECT_EQ(config.trusted_proxies.ranges[1].bits, 32);
  EXPECT_TRUE(config.trusted_proxies.unix_sockets);
  EXPECT_EQ(config.timeouts.body_grace, seconds(1));
  EXPECT_EQ(config.timeouts.connection, std::chrono::minutes(9));
  EXPECT_EQ(config.limits.http.target, 4096u);
  EXPECT_EQ(config.limits.http.field, 2048u);
  EXPECT_EQ(config.limits.http.fields, 50u);
  EXPECT_EQ(config.limits.http.head, 16384u);
  EXPECT_EQ(config.limits.http.trailers, 8u);
  EXPECT_EQ(config.limits.http.trailer_section, 1024u);
  EXPECT_EQ(config.timeouts.header, seconds(1));
  EXPECT_EQ(config.timeouts.body, seconds(2));
  EXPECT_EQ(config.timeouts.idle, seconds(3));
  EXPECT_EQ(config.timeouts.write, seconds(4));
  EXPECT_EQ(config.links.pump, CompletionPump::kThread);
  EXPECT_EQ(config.links.connect_timeout, seconds(1));
  EXPECT_EQ(config.links.backoff_min, milliseconds(10));
  EXPECT_EQ(config.links.backoff_max, seconds(2));
  EXPECT_EQ(config.access_log.path, "-");
  EXPECT_EQ(config.access_log.format, AccessLogFormat::kCombined);
  EXPECT_EQ(config.access_log.queue_lines, 100u);
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.drain.delay, seconds(5));
  EXPECT_EQ(config.drain.timeout, minutes(1));

  ASSERT_EQ(config.pools.size(), 2u);
  const PoolConfig& gallery = config.pools[0];
  EXPECT_EQ(gallery.name, "gallery");
  EXPECT_THAT(gallery.endpoints,
              ElementsAre(SocketAddress{"127.0.0.1", 7001}, SocketAddress{"127.0.0.1", 7002}));
  EXPECT_EQ(gallery.dns, std::nullopt);
  EXPECT_EQ(gallery.queue.requests, 10u);
  EXPECT_EQ(gallery.queue.bytes, 128u << 20);
  EXPECT_EQ(gallery.queue.wait, seconds(7));
  EXPECT_EQ(gallery.timeout, seconds(9));
  EXPECT_EQ(config.pools[1].dns, (SocketAddress{"search-headless.default.svc", 7000}));
  EXPECT_EQ(config.pools[1].dns_refresh, seconds(5));

  ASSERT_EQ(config.routes.size(), 3u);
  ASSERT_TRUE(config.routes[0].static_files.has_value());
  EXPECT_EQ(config.routes[0].static_files->root, "/srv/www");
  const StaticConfig& files = *config.routes[0].static_files;
  EXPECT_EQ(files.index, "home.html");
  EXPECT_TRUE(files.precompressed.Has(ContentCoding::kZstd));
  EXPECT_TRUE(files.precompressed.Has(ContentCoding::kGzip));
  EXPECT_FALSE(files.precompressed.Has(ContentCoding::kBrotli));
  EXPECT_TRUE(files.compress.codings.Has(ContentCoding::kBrotli));
  EXPECT_FALSE(files.compress.codings.Has(ContentCoding::kGzip));
  EXPECT_THAT(files.compress.types, ElementsAre("text/*", "a/b"));
  EXPECT_EQ(files.compress.min_size, 2048u);
  EXPECT_EQ(files.compress.gzip_level, 9u);
  EXPECT_EQ(files.compress.brotli_level, 0u);
  EXPECT_EQ(files.cache_control, "public, max-age=60");
  EXPECT_EQ(files.expires, std::nullopt);
  EXPECT_FALSE(files.nosniff);
  EXPECT_THAT(files.headers, ElementsAre(Pair("X-Frame-Options", "DENY"), Pair("Vary", "Origin")));
  EXPECT_THAT(files.types, ElementsAre(Pair("wat", "text/wat")));
  EXPECT_EQ(files.symlinks, SymlinkPolicy::kWithin);
  EXPECT_TRUE(files.hidden);
  EXPECT_TRUE(files.listing);
  EXPECT_EQ(files.fallback, "app.html");
  EXPECT_THAT(files.error_pages,
              ElementsAre(Pair("404", "errors/404.html"), Pair("503", "busy.html")));
  EXPECT_EQ(files.route, "/static/");
  EXPECT_EQ(config.routes[1].host, "api.example.com");
  EXPECT_EQ(config.routes[1].pool, "gallery");
  EXPECT_EQ(config.routes[1].timeout, hours(1));
  EXPECT_EQ(config.routes[1].retry, RetryPolicy::kAlways);
  EXPECT_EQ(config.routes[2].retry, RetryPolicy::kNever);
  EXPECT_EQ(config.routes[2].timeout, std::nullopt);
}

TEST(ConfigLoaderTest, LeavesDefaultsToTheStruct) {
  const LoadedConfig loaded = Parse(kLeast);
  ASSERT_TRUE(loaded.config.has_value());
  const Config defaults;
  EXPECT_EQ(loaded.config->admin.address, defaults.admin.address);
  EXPECT_EQ(loaded.config->limits.http.body, defaults.limits.http.body);
  EXPECT_EQ(loaded.config->timeouts.idle, defaults.timeouts.idle);
  EXPECT_EQ(loaded.config->pools[0].timeout, PoolConfig().timeout);
  EXPECT_EQ(loaded.config->routes[0].retry, RetryPolicy::kIdempotent);
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST(ConfigLoaderTest, ListsAllFaultsAtOnceByLine) {
  EXPECT_EQ(
      Faults("routes:\n"
             "  - {path: api, pool: g}\n"
             "listeners:\n"
             "  - {adress: '0.0.0.0:80'}\n"
             "limits: {body: 12 parsecs, connections: 0}\n"
             "timeouts: {header: 10}\n"
             "limts: {}\n"),
      "f:2:12: routes[0].path: 'api' does not start with '/'\n"
      "f:2:23: routes[0].pool: there is no pool 'g'\n"
      "f:4:5: listeners[0]: has neither address nor unix\n"
      "f:4:6: unknown key 'listeners[0].adress', did you mean 'address'?\n"
      "f:5:16: limits.body: '12 parsecs' is not a size: write a whole number and B, KiB, MiB, "
      "GiB or TiB\n"
      "f:5:41: limits.connections: '0' is not between 1 and 1000000\n"
      "f:6:20: timeouts.header: '10' has no unit (ns, us, ms, s, m or h)\n"
      "f:7:1: unknown key 'limts', did you mean 'limits'?\n");
}

TEST(ConfigLoaderTest, GivesNoConfigurationWithFaults) {
  EXPECT_FALSE(Parse(LeastAnd("loops: 257\n")).config.has_value());
  EXPECT_EQ(Faults(LeastAnd("loops: 257\n")), "f:4:8: loops: '257' is not between 0 and 256\n");
}

TEST(ConfigLoaderTest, RefusesWhatIsNoMapping) {
  EXPECT_EQ(Faults("- 1\n"), "f:1:1: must be a mapping of keys to values\n");
  EXPECT_EQ(Faults("hello"), "f:1:1: must be a mapping of keys to values\n");
  EXPECT_EQ(Faults(""), "f: the file holds no configuration\n");
}

TEST(ConfigLoaderTest, RefusesUnknownWords) {
  EXPECT_EQ(Faults(LeastAnd("log: {level: verbose}\nlinks: {pump: threads}\n")),
            "f:4:14: log.level: 'verbose' is not one of trace, debug, info, warn, error\n"
            "f:5:15: links.pump: 'threads' is not one of loop, thread\n");
}

// A variable and a value for each of the overrides.
TEST(ConfigEnvironmentTest, OverridesTheFile) {
  std::map<std::string, std::string> variables = {
      {"ANTEROOM_ADMIN_ADDRESS", "0.0.0.0:1"}, {"ANTEROOM_LOOPS", "7"},
      {"ANTEROOM_SPOOL_DIRECTORY", "/spool"},  {"ANTEROOM_ACCESS_LOG", "-"},
      {"ANTEROOM_LOG_LEVEL", "warn"},          {"ANTEROOM_DRAIN_DELAY", "1s"},
      {"ANTEROOM_DRAIN_TIMEOUT", "2s"}};
  EXPECT_EQ(ConfigOverrides().size(), variables.size());
  const LoadedConfig loaded = ParseConfig(
      LeastAnd("loops: 1\nlog: {level: nonsense}\n"), [&](const std::string& name) -> const char* {
        const auto it = variables.find(name);
        return it == variables.end() ? nullptr : it->second.c_str();
      });
  ASSERT_EQ(FormatFaults("f", loaded.faults), "");
  EXPECT_EQ(loaded.config->admin.address, (SocketAddress{"0.0.0.0", 1}));
  EXPECT_EQ(loaded.config->loops, 7u);
  EXPECT_EQ(loaded.config->spool.directory, "/spool");
  EXPECT_EQ(loaded.config->access_log.path, "-");
  EXPECT_EQ(loaded.config->log_level, "warn");
  EXPECT_EQ(loaded.config->drain.delay, seconds(1));
  EXPECT_EQ(loaded.config->drain.timeout, seconds(2));
}

TEST(ConfigEnvironmentTest, NamesTheVariableThatIsWrong) {
  const LoadedConfig loaded = ParseConfig(
      kLeast, [](const std::string& name) { return name == "ANTEROOM_LOOPS" ? "many" : nullptr; });
  EXPECT_EQ(FormatFaults("f", loaded.faults),
            "f: ANTEROOM_LOOPS: loops: 'many' is not a whole number\n");
}

TEST(ConfigEnvironmentTest, IgnoresEmptyVariables) {
  const LoadedConfig loaded =
      ParseConfig(LeastAnd("loops: 2\n"), [](const std::string&) { return ""; });
  ASSERT_TRUE(loaded.config.has_value());
  EXPECT_EQ(loaded.config->loops, 2u);
}

TEST(ConfigEnvironmentTest, OverridesKnownKeysOnly) {
  std::vector<std::string> keys;
  for (const ConfigOverride& entry : ConfigOverrides()) keys.emplace_back(entry.key);
  EXPECT_THAT(keys, IsSubsetOf(KnownConfigKeys()));
}

TEST(KnownConfigKeysTest, ListsLeavesOnly) {
  const std::vector<std::string> keys = KnownConfigKeys();
  EXPECT_THAT(keys, testing::IsSupersetOf({"loops", "limits.body", "pools.*.queue.wait",
                                           "routes.*.static.root", "listeners.*.address"}));
  EXPECT_THAT(keys, testing::Not(testing::Contains("limits")));
}

// With a real file.
class LoadConfigTest : public testing::Test {
 protected:
  LoadConfigTest() : directory_(testing::TempDir() + "config_XXXXXX") {
    mkdtemp(directory_.data());
    path_ = directory_ + "/anteroom.yaml";
  }
  ~LoadConfigTest() override { std::filesystem::remove_all(directory_); }

  LoadedConfig Load(const std::string& text) {
    std::ofstream(path_) << text;
    return LoadConfig(path_);
  }
  // Faults with the test's own directory written as D.
  std::string LoadFaults(const std::string& text) {
    std::string faults = FormatFaults("f", Load(text).faults);
    for (size_t at = 0; (at = faults.find(directory_)) != std::string::npos;) {
      faults.replace(at, directory_.size(), "D");
    }
    return faults;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(LoadConfigTest, ReadsAFile) {
  const LoadedConfig loaded = Load(LeastAnd("spool: {directory: " + directory_ + "}\n"));
  EXPECT_EQ(FormatFaults("f", loaded.faults), "");
  ASSERT_TRUE(loaded.config.has_value());
  EXPECT_EQ(loaded.config->spool.directory, directory_);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1)
      << "the check of the spool directory left something";
}

TEST_F(LoadConfigTest, RefusesFilesThatCannotBeRead) {
  EXPECT_EQ(FormatFaults("f", LoadConfig(directory_ + "/none").faults),
            "f: No such file or directory\n");
  EXPECT_EQ(FormatFaults("f", LoadConfig(directory_).faults), "f: Is a directory\n");
}

TEST_F(LoadConfigTest, RefusesAFileThatIsTooLarge) {
  EXPECT_EQ(LoadFaults(std::string(kMaxConfigBytes + 1, '#')), "f: larger than 1MiB\n");
  EXPECT_EQ(LoadFaults(std::string(kMaxConfigBytes, '#')), "f: the file holds no configuration\n");
}

TEST_F(LoadConfigTest, RefusesAStaticRootThatIsNoDirectory) {
  EXPECT_EQ(LoadFaults("listeners: [{address: '0.0.0.0:8080'}]\n"
                       "spool: {directory: " +
                       directory_ +
                       "}\n"
                       "routes:\n"
                       "  - {path: /a/, static: {root: " +
                       directory_ +
                       "/none}}\n"
                       "  - {path: /b/, static: {root: " +
                       path_ +
                       "}}\n"
                       "  - {path: /c/, static: {root: " +
                       directory_ + "}}\n"),
            "f:4:32: routes[0].static.root: D/none: No such file or directory\n"
            "f:5:32: routes[1].static.root: D/anteroom.yaml: not a directory\n");
}

TEST_F(LoadConfigTest, WarnsOfPagesThatAreNotThere) {
  const LoadedConfig loaded =
      Load("listeners: [{address: '0.0.0.0:8080'}]\nspool: {directory: " + directory_ +
           "}\nroutes:\n  - path: /\n    static:\n      root: " + directory_ +
           "\n      fallback: anteroom.yaml\n      error_pages: {404: none.html}\n");
  EXPECT_TRUE(loaded.config.has_value());
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_EQ(loaded.warnings[0].reason,
            "routes[0].static.error_pages.404: " + directory_ + "/none.html: no such file");
}

TEST_F(LoadConfigTest, RefusesASpoolThatCannotBeWritten) {
  EXPECT_EQ(LoadFaults(LeastAnd("spool: {directory: " + directory_ + "/none}\n")),
            "f:4:20: spool.directory: D/none: No such file or directory\n");
  // Nobody makes files in /proc, not even root.
  EXPECT_THAT(LoadFaults(LeastAnd("spool: {directory: /proc}\n")),
              HasSubstr("f:4:20: spool.directory: /proc: "));
}

TEST_F(LoadConfigTest, RefusesAnAccessLogWithoutDirectory) {
  EXPECT_EQ(LoadFaults(LeastAnd("access_log: {path: " + directory_ +
                                "/none/access.log}\n"
                                "spool: {directory: " +
                                directory_ + "}\n")),
            "f:4:20: access_log.path: D/none: No such file or directory\n");
}

}  // namespace
}  // namespace anteroom::frontend
