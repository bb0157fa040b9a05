// docs/CONFIG.md and the loader say the same: keys, ranges, defaults, environment variables.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/units.h"
#include "frontend/config_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using testing::UnorderedElementsAreArray;

// A row of a table about keys. Cells in backquotes are the words of the program, others are prose.
struct Row {
  std::string key;
  std::string default_text;
  std::string range;
};

std::string ReadDocument() {
  std::ifstream file("../docs/CONFIG.md");  // tests run in tests/
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty());
  return text.str();
}

std::vector<std::string> Split(const std::string& text, char separator) {
  return absl::StrSplit(text, separator);
}

std::vector<Row> KeyRows() {
  std::vector<Row> rows;
  for (const std::string& line : Split(ReadDocument(), '\n')) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (cells.size() != 4 || !absl::StartsWith(cells[0], "| `") ||
        absl::StartsWith(cells[0], "| `--")) {
      continue;
    }
    rows.push_back({absl::StrReplaceAll(cells[0], {{"| ", ""}, {"`", ""}}), cells[1], cells[2]});
  }
  return rows;
}

bool IsCode(const std::string& cell) { return absl::StartsWith(cell, "`"); }
std::string Code(const std::string& cell) { return absl::StrReplaceAll(cell, {{"`", ""}}); }

// A file with this one key: "routes.*.path" becomes {routes: [{path: VALUE}]}.
std::string FileWith(const std::string& key, const std::string& value) {
  const bool list = absl::StartsWith(key, "routes.") || absl::StartsWith(key, "listeners.");
  std::string open;
  std::string close;
  for (const std::string& part : Split(key, '.')) {
    const bool item = part == "*" && list;
    absl::StrAppend(&open, item ? "[" : absl::StrCat("{", part == "*" ? "name" : part, ": "));
    close.insert(0, item ? "]" : "}");
  }
  return absl::StrCat(open, "'", value, "'", close);
}

// What the loader says about the value itself, without the place.
std::string FaultOf(const std::string& key, const std::string& value) {
  const LoadedConfig loaded =
      ParseConfig(FileWith(key, value), [](const std::string&) { return nullptr; });
  for (const ConfigFault& fault : loaded.faults) {
    if (absl::StrContains(fault.reason, absl::StrCat("'", value, "' "))) return fault.reason;
  }
  return "";
}

TEST(ConfigDocumentTest, ListsEveryKeyAndNoOther) {
  std::vector<std::string> documented;
  for (const Row& row : KeyRows()) documented.push_back(row.key);
  EXPECT_THAT(documented, UnorderedElementsAreArray(KnownConfigKeys()));
}

TEST(ConfigDocumentTest, GivesTheRangesThatTheLoaderHas) {
  int checked = 0;
  for (const Row& row : KeyRows()) {
    if (!IsCode(row.range)) continue;
    const std::string range = Code(row.range);
    std::string expected;
    std::string fault;
    if (absl::StrContains(range, " to ")) {
      const std::string max = std::vector<std::string>(absl::StrSplit(range, " to "))[1];
      // Larger than any maximum, in the same kind of unit.
      const std::string absurd = absl::EndsWith(max, "B") ? "16777215TiB"
                                 : max.find_first_of("smh") != std::string::npos
                                     ? "2562047h"
                                     : "18446744073709551615";
      fault = FaultOf(row.key, absurd);
      expected = absl::StrCat("is not between ", absl::StrReplaceAll(range, {{" to ", " and "}}));
    } else {
      fault = FaultOf(row.key, "absurd");
      expected = absl::StrCat("is not one of ", range);
    }
    EXPECT_TRUE(absl::EndsWith(fault, expected)) << row.key << "\n" << fault << "\n" << expected;
    ++checked;
  }
  EXPECT_GE(checked, 25);
}

std::string AsText(Duration value) { return FormatDuration(value); }
std::string AsText(uint64_t value) { return FormatSize(value); }
std::string AsText(bool value) { return value ? "true" : "false"; }

TEST(ConfigDocumentTest, GivesTheDefaultsThatTheStructHas) {
  const Config c;
  const PoolConfig p;
  const std::map<std::string, std::string> defaults = {
      {"listeners.*.mode", absl::StrFormat("%04o", ListenerConfig().mode)},
      {"listeners.*.proxy_protocol", ListenerConfig().proxy_protocol ? "?" : "off"},
      {"admin.address", c.admin.address.ToString()},
      {"loops", absl::StrCat(c.loops)},
      {"file_io_threads", absl::StrCat(c.file_io_threads)},
      {"log.level", c.log_level},
      {"access_log.format", c.access_log.format == AccessLogFormat::kJson ? "json" : "?"},
      {"access_log.queue_lines", absl::StrCat(c.access_log.queue_lines)},
      {"static_cache.memory", AsText(c.static_cache.memory)},
      {"static_cache.largest", AsText(c.static_cache.largest)},
      {"static_cache.files", absl::StrCat(c.static_cache.files)},
      {"static_cache.names", absl::StrCat(c.static_cache.names)},
      {"static_cache.fresh", AsText(c.static_cache.fresh)},
      {"limits.body", AsText(c.limits.http.body)},
      {"limits.connections", absl::StrCat(c.limits.connections)},
      {"limits.connections_per_address", absl::StrCat(c.limits.connections_per_address)},
      {"limits.look_ahead", AsText(c.limits.look_ahead)},
      {"limits.requests_per_connection", absl::StrCat(c.limits.requests_per_connection)},
      {"limits.body_rate", AsText(c.limits.body_rate)},
      {"limits.buffers", AsText(c.limits.buffers)},
      {"limits.target", AsText(c.limits.http.target)},
      {"limits.field", AsText(c.limits.http.field)},
      {"limits.fields", absl::StrCat(c.limits.http.fields)},
      {"limits.head", AsText(c.limits.http.head)},
      {"limits.underscores", c.limits.http.refuse_underscores ? "refuse" : "drop"},
      {"limits.trailers", absl::StrCat(c.limits.http.trailers)},
      {"limits.trailer_section", AsText(c.limits.http.trailer_section)},
      {"timeouts.header", AsText(c.timeouts.header)},
      {"timeouts.body", AsText(c.timeouts.body)},
      {"timeouts.linger", AsText(c.timeouts.linger)},
      {"timeouts.linger_pause", AsText(c.timeouts.linger_pause)},
      {"timeouts.disk", AsText(c.timeouts.disk)},
      {"timeouts.body_grace", AsText(c.timeouts.body_grace)},
      {"timeouts.connection", AsText(c.timeouts.connection)},
      {"timeouts.idle", AsText(c.timeouts.idle)},
      {"timeouts.write", AsText(c.timeouts.write)},
      {"spool.directory", c.spool.directory},
      {"spool.memory_per_body", AsText(c.spool.memory_per_body)},
      {"spool.total", AsText(c.spool.total)},
      {"spool.files", absl::StrCat(c.spool.files)},
      {"pools.*.dns_refresh", AsText(p.dns_refresh)},
      {"pools.*.queue.requests", absl::StrCat(p.queue.requests)},
      {"pools.*.queue.bytes", AsText(p.queue.bytes)},
      {"pools.*.queue.wait", AsText(p.queue.wait)},
      {"pools.*.timeout", AsText(p.timeout)},
      {"routes.*.static.index", StaticConfig().index},
      {"routes.*.static.compress.min_size", AsText(StaticConfig().compress.min_size)},
      {"routes.*.static.compress.gzip_level", absl::StrCat(StaticConfig().compress.gzip_level)},
      {"routes.*.static.compress.brotli_level", absl::StrCat(StaticConfig().compress.brotli_level)},
      {"routes.*.static.nosniff", AsText(StaticConfig().nosniff)},
      {"routes.*.static.symlinks",
       StaticConfig().symlinks == SymlinkPolicy::kNone ? "none" : "within"},
      {"routes.*.static.hidden", AsText(StaticConfig().hidden)},
      {"routes.*.static.listing", AsText(StaticConfig().listing)},
      {"routes.*.retry", RouteConfig().retry == RetryPolicy::kIdempotent ? "idempotent" : "?"},
      {"routes.*.internal", RouteConfig().internal ? "true" : "false"},
      {"links.pump", c.links.pump == CompletionPump::kLoop ? "loop" : "?"},
      {"links.connect_timeout", AsText(c.links.connect_timeout)},
      {"links.backoff_min", AsText(c.links.backoff_min)},
      {"links.backoff_max", AsText(c.links.backoff_max)},
      {"drain.delay", AsText(c.drain.delay)},
      {"drain.close", AsText(c.drain.close)},
      {"drain.timeout", AsText(c.drain.timeout)},
  };
  std::map<std::string, std::string> documented;
  for (const Row& row : KeyRows()) {
    if (!IsCode(row.default_text)) continue;
    // 60s and 1m are the same default.
    const auto duration = ParseDuration(Code(row.default_text));
    documented[row.key] = duration.ok() ? AsText(*duration) : Code(row.default_text);
  }
  EXPECT_EQ(documented, defaults);
}

TEST(ConfigDocumentTest, ListsEveryEnvironmentVariableWithItsKey) {
  std::vector<std::string> expected;
  for (const ConfigOverride& entry : ConfigOverrides()) {
    expected.push_back(absl::StrCat("| `", entry.variable, "` | `", entry.key, "` |"));
  }
  std::vector<std::string> documented;
  for (const std::string& line : Split(ReadDocument(), '\n')) {
    if (absl::StartsWith(line, "| `ANTEROOM_")) documented.push_back(line);
  }
  EXPECT_THAT(documented, UnorderedElementsAreArray(expected));
}

// The example is a configuration as it stands.
TEST(ConfigDocumentTest, HasAnExampleThatLoads) {
  const std::string document = ReadDocument();
  const size_t begin = document.find("```yaml\n");
  ASSERT_NE(begin, std::string::npos);
  const size_t end = document.find("```", begin + 3);
  const LoadedConfig loaded = ParseConfig(document.substr(begin + 8, end - begin - 8),
                                          [](const std::string&) { return nullptr; });
  EXPECT_EQ(FormatFaults("CONFIG.md", loaded.faults), "");
  EXPECT_EQ(FormatFaults("CONFIG.md", loaded.warnings), "");
}

}  // namespace
}  // namespace anteroom::frontend
