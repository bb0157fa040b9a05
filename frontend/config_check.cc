#include "frontend/config_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/unique_fd.h"
#include "common/units.h"
#include "frontend/config_check_static.h"
#include "frontend/http/host.h"
#include "frontend/router.h"

namespace anteroom::frontend {
namespace {

std::string RoutePath(size_t index, absl::string_view key = "") {
  return absl::StrCat("routes[", index, "]", key.empty() ? "" : ".", key);
}

std::string ListenerPath(size_t index, absl::string_view key = "") {
  return absl::StrCat("listeners[", index, "]", key.empty() ? "" : ".", key);
}

std::string PoolPath(const PoolConfig& pool, absl::string_view key = "") {
  return absl::StrCat("pools.", pool.name, key.empty() ? "" : ".", key);
}

bool IsAnyAddress(const SocketAddress& address) {
  return address.host == "0.0.0.0" || address.host == "::";
}

// Whether two sockets can't both listen there. `::` takes IPv4 connections too.
bool Collide(const SocketAddress& a, const SocketAddress& b) {
  if (a.port != b.port || a.port == 0) return false;
  if (a.host == b.host || a.host == "::" || b.host == "::") return true;
  const bool both_v4 =
      a.host.find(':') == std::string::npos && b.host.find(':') == std::string::npos;
  return both_v4 && (IsAnyAddress(a) || IsAnyAddress(b));
}

void CheckTcpListener(const Config& config, size_t i, YamlFindings* findings) {
  const SocketAddress& address = config.listeners[i].address;
  const std::string path = ListenerPath(i, "address");
  if (address.host.empty()) return;  // absent or faulty, which has been said
  if (!address.IsLiteral()) {
    return findings->AddFault(path,
                              absl::StrCat(path, ": '", address.host, "' is not an IP address"));
  }
  for (size_t j = 0; j < i; ++j) {
    const SocketAddress& other = config.listeners[j].address;
    if (!Collide(address, other)) continue;
    findings->AddFault(
        path, other == address
                  ? absl::StrCat(path, ": ", address.ToString(), " is listeners[", j, "] already")
                  : absl::StrCat(path, ": ", address.ToString(), " collides with ",
                                 ListenerPath(j, "address"), " ", other.ToString()));
    break;
  }
  if (config.admin.address.IsLiteral() && Collide(address, config.admin.address)) {
    findings->AddFault(path,
                       absl::StrCat(path, ": ", address.ToString(), " collides with admin.address ",
                                    config.admin.address.ToString()));
  }
}

void CheckUnixListener(const Config& config, size_t i, YamlFindings* findings) {
  constexpr size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  const std::string& file = config.listeners[i].unix_path;
  const std::string path = ListenerPath(i, "unix");
  const auto fault = [&](absl::string_view reason) {
    findings->AddFault(path, absl::StrCat(path, ": '", file, "' ", reason));
  };
  if (file.empty() || file.front() != '/' || file.back() == '/')
    return fault("is not the absolute path of a file");
  if (file.size() > kMost) return fault(absl::StrCat("is longer than ", kMost, " bytes"));
  for (size_t j = 0; j < i; ++j) {
    if (config.listeners[j].unix_path == file) {
      return fault(absl::StrCat("is listeners[", j, "] already"));
    }
  }
}

void CheckProxyProtocol(const Config& config, size_t i, YamlFindings* findings) {
  const ListenerConfig& listener = config.listeners[i];
  const TrustedProxies& trusted = config.trusted_proxies;
  if (!listener.proxy_protocol) return;
  const std::string path = ListenerPath(i, "proxy_protocol");
  if (listener.is_unix() ? trusted.unix_sockets : !trusted.ranges.empty()) return;
  findings->AddFault(path, absl::StrCat(path, ": trusted_proxies holds no ",
                                        listener.is_unix() ? "'unix'" : "address",
                                        ", so that nobody could connect"));
}

void CheckListeners(const Config& config, YamlFindings* findings) {
  if (!findings->Has("listeners")) findings->AddFault("listeners", "no listeners");
  if (!config.admin.address.IsLiteral()) {
    findings->AddFault("admin.address", absl::StrCat("admin.address: '", config.admin.address.host,
                                                     "' is not an IP address"));
  }
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string item = ListenerPath(i);
    if (!findings->Has(item)) continue;  // not even a mapping, which has been said
    const bool tcp = findings->Has(ListenerPath(i, "address"));
    const bool is_unix = findings->Has(ListenerPath(i, "unix"));
    if (tcp == is_unix) {
      findings->AddFault(item, absl::StrCat(item, tcp ? ": has both address and unix"
                                                      : ": has neither address nor unix"));
      continue;
    }
    if (tcp && findings->Has(ListenerPath(i, "mode"))) {
      findings->AddFault(ListenerPath(i, "mode"),
                         ListenerPath(i, "mode") + ": goes with unix only");
    }
    if (tcp) {
      CheckTcpListener(config, i, findings);
    } else {
      CheckUnixListener(config, i, findings);
    }
    CheckProxyProtocol(config, i, findings);
  }
}

// What one request body takes of memory at most: what is written first and the piece behind it, both
// with the room that strings keep to grow.
uint64_t MemoryOfABody(const Config& config) {
  constexpr uint64_t kPiece = 128 * 1024;
  return 2 * std::min(config.limits.http.body, config.spool.memory_per_body + kPiece);
}

void CheckSizes(const Config& config, YamlFindings* findings) {
  const HttpLimits& http = config.limits.http;
  if (http.field > http.head) {
    findings->AddFault("limits.field",
                       absl::StrCat("limits.field: ", FormatSize(http.field),
                                    " is more than limits.head, ", FormatSize(http.head)));
  }
  if (config.spool.memory_per_body > config.spool.total) {
    findings->AddFault(
        "spool.memory_per_body",
        absl::StrCat("spool.memory_per_body: ", FormatSize(config.spool.memory_per_body),
                     " is more than spool.total, ", FormatSize(config.spool.total)));
  }
  if (http.body > config.spool.memory_per_body && http.body > config.spool.total) {
    findings->AddFault(
        "limits.body",
        absl::StrCat("limits.body: ", FormatSize(http.body), " is more than spool.total, ",
                     FormatSize(config.spool.total), ": such a body could never be taken"));
  }
  if (const uint64_t memory = MemoryOfABody(config); memory > config.limits.buffers) {
    findings->AddWarning(
        "limits.buffers",
        absl::StrCat("limits.buffers: ", FormatSize(config.limits.buffers), " is less than the ",
                     FormatSize(memory), " that one body may take: such a body is never taken"));
  }
  if (config.links.backoff_min > config.links.backoff_max) {
    findings->AddFault("links.backoff_min",
                       absl::StrCat("links.backoff_min: ", FormatDuration(config.links.backoff_min),
                                    " is more than links.backoff_max, ",
                                    FormatDuration(config.links.backoff_max)));
  }
}

// Names become metric labels and words of log lines.
bool IsPoolName(absl::string_view name) {
  constexpr size_t kMax = 64;
  return !name.empty() && name.size() <= kMax && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

void CheckEndpoints(const PoolConfig& pool, YamlFindings* findings) {
  const bool endpoints = findings->Has(PoolPath(pool, "endpoints"));
  const bool dns = findings->Has(PoolPath(pool, "dns"));
  if (endpoints == dns) {
    findings->AddFault(PoolPath(pool),
                       absl::StrCat(PoolPath(pool), endpoints ? ": has both endpoints and dns"
                                                              : ": has neither endpoints nor dns"));
  }
  if (pool.dns && pool.dns->port == 0) {
    findings->AddFault(PoolPath(pool, "dns"), absl::StrCat(PoolPath(pool, "dns"), ": ",
                                                           pool.dns->ToString(), " has port 0"));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < pool.endpoints.size(); ++i) {
    const SocketAddress& endpoint = pool.endpoints[i];
    if (endpoint.host.empty()) continue;  // faulty, which has been said
    const std::string path = absl::StrCat(PoolPath(pool, "endpoints"), "[", i, "]");
    if (endpoint.port == 0) {
      findings->AddFault(path, absl::StrCat(path, ": ", endpoint.ToString(), " has port 0"));
    } else if (!seen.insert(endpoint.ToString()).second) {
      findings->AddFault(path, absl::StrCat(path, ": ", endpoint.ToString(), " is given twice"));
    }
  }
}

void CheckPools(const Config& config, YamlFindings* findings) {
  for (const PoolConfig& pool : config.pools) {
    const std::string path = PoolPath(pool);
    if (!IsPoolName(pool.name)) {
      findings->AddFault(path, absl::StrCat("'", pool.name,
                                            "' is no name for a pool: use 1 to 64 letters, digits, "
                                            "'-' and '_'"));
      continue;
    }
    CheckEndpoints(pool, findings);
    if (pool.queue.wait > pool.timeout) {
      findings->AddWarning(
          PoolPath(pool, "queue.wait"),
          absl::StrCat(PoolPath(pool, "queue.wait"), ": ", FormatDuration(pool.queue.wait),
                       " is longer than ", PoolPath(pool, "timeout"), ", ",
                       FormatDuration(pool.timeout), ", and so never reached"));
    }
    if (const uint64_t memory = MemoryOfABody(config);
        pool.queue.requests > 0 && pool.queue.bytes < memory) {
      findings->AddWarning(
          PoolPath(pool, "queue.bytes"),
          absl::StrCat(PoolPath(pool, "queue.bytes"), ": ", FormatSize(pool.queue.bytes),
                       " is less than the ", FormatSize(memory),
                       " that one body may take: the largest can never wait"));
    }
    const bool used =
        std::any_of(config.routes.begin(), config.routes.end(),
                    [&](const RouteConfig& route) { return route.pool == pool.name; });
    if (!used) findings->AddWarning(path, absl::StrCat(path, ": no route uses this pool"));
  }
}

// Why this can't be meant as a prefix, or nothing. Most of it could never match: requests are
// matched decoded and normalised.
absl::string_view WhyNotAPath(absl::string_view path) {
  if (path.empty() || path.front() != '/') return "does not start with '/'";
  for (const char c : path) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) return "holds a control character";
    if (c == '\\') return "holds a backslash";
    if (c == '?' || c == '#') return "holds '?' or '#', which end a path";
  }
  std::vector<absl::string_view> segments = absl::StrSplit(path.substr(1), '/');
  if (segments.back().empty()) segments.pop_back();
  for (const absl::string_view segment : segments) {
    if (segment.empty()) return "holds '//'";
    if (segment == "." || segment == "..") return "holds a '.' or '..' segment";
  }
  return "";
}

// The same for a host.
absl::string_view WhyNotAHost(absl::string_view host) {
  if (absl::StartsWith(host, "*.")) host.remove_prefix(2);
  if (host.find('*') != absl::string_view::npos) return "may have '*' only as the first label";
  const auto authority = ParseAuthority(host);
  if (!authority) return "is not a host";
  if (authority->port) return "must be without a port";
  return "";
}

void CheckTarget(const Config& config, size_t i, YamlFindings* findings) {
  const RouteConfig& route = config.routes[i];
  const bool has_pool = findings->Has(RoutePath(i, "pool"));
  const bool has_static = findings->Has(RoutePath(i, "static"));
  if (has_pool == has_static) {
    findings->AddFault(RoutePath(i),
                       absl::StrCat(RoutePath(i), has_pool ? ": has both static and pool"
                                                           : ": has neither static nor pool"));
    return;
  }
  if (has_static) {
    for (const absl::string_view key : {"timeout", "retry"}) {
      if (!findings->Has(RoutePath(i, key))) continue;
      findings->AddFault(RoutePath(i, key),
                         absl::StrCat(RoutePath(i, key), ": goes with pool only"));
    }
    return;
  }
  if (findings->Has(RoutePath(i, "internal"))) {
    findings->AddFault(RoutePath(i, "internal"),
                       absl::StrCat(RoutePath(i, "internal"), ": goes with static only"));
  }
  const bool known = std::any_of(config.pools.begin(), config.pools.end(),
                                 [&](const PoolConfig& pool) { return pool.name == route.pool; });
  if (!known) {
    findings->AddFault(RoutePath(i, "pool"),
                       absl::StrCat(RoutePath(i, "pool"), ": there is no pool '", route.pool, "'"));
  }
}

void CheckRoutes(const Config& config, YamlFindings* findings) {
  if (!findings->Has("routes")) findings->AddFault("routes", "no routes");
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const RouteConfig& route = config.routes[i];
    if (!findings->Has(RoutePath(i))) continue;  // not even a mapping, which has been said
    CheckTarget(config, i, findings);
    if (!findings->Has(RoutePath(i, "path"))) {
      findings->AddFault(RoutePath(i), absl::StrCat(RoutePath(i), ": has no path"));
      continue;
    }
    if (const absl::string_view why = WhyNotAPath(route.path); !why.empty()) {
      findings->AddFault(RoutePath(i, "path"),
                         absl::StrCat(RoutePath(i, "path"), ": '", route.path, "' ", why));
      continue;
    }
    if (findings->Has(RoutePath(i, "host"))) {
      if (const absl::string_view why = WhyNotAHost(route.host); !why.empty()) {
        findings->AddFault(RoutePath(i, "host"),
                           absl::StrCat(RoutePath(i, "host"), ": '", route.host, "' ", why));
        continue;
      }
    }
    for (size_t j = 0; j < i; ++j) {
      if (config.routes[j].path.empty() || !RouteCovers(config.routes[j], route)) continue;
      findings->AddWarning(RoutePath(i), absl::StrCat(RoutePath(i), ": never reached, ",
                                                      RoutePath(j), " covers it"));
      break;
    }
  }
}

// Why `path` is not a directory, or nothing.
std::string WhyNotADirectory(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return strerror(errno);
  return S_ISDIR(status.st_mode) ? "" : "not a directory";
}

// That the file may be made, as far as the directory goes. A name without one is left alone.
void CheckDirectoryOf(const std::string& file, const std::string& path, YamlFindings* findings) {
  const size_t slash = file.rfind('/');
  if (slash == std::string::npos) return;
  const std::string directory = file.substr(0, std::max<size_t>(slash, 1));
  const std::string why = WhyNotADirectory(directory);
  if (!why.empty()) findings->AddFault(path, absl::StrCat(path, ": ", directory, ": ", why));
}

std::string WhyNotWritable(const std::string& directory) {
  if (UniqueFd(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)).valid()) return "";
  // Some file systems have no O_TMPFILE.
  std::string name = directory + "/anteroom-check-XXXXXX";
  const UniqueFd file(mkstemp(name.data()));
  if (!file.valid()) return strerror(errno);
  unlink(name.c_str());
  return "";
}

}  // namespace

void CheckConfig(const Config& config, YamlFindings* findings) {
  CheckListeners(config, findings);
  CheckSizes(config, findings);
  CheckPools(config, findings);
  CheckRoutes(config, findings);
  for (size_t i = 0; i < config.routes.size(); ++i) {
    if (const auto& files = config.routes[i].static_files) {
      CheckStatic(*files, RoutePath(i, "static"), findings);
    }
  }
}

void CheckFiles(const Config& config, YamlFindings* findings) {
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const auto& files = config.routes[i].static_files;
    if (!files || files->root.empty()) continue;
    const std::string why = WhyNotADirectory(files->root);
    if (why.empty()) CheckStaticFiles(*files, RoutePath(i, "static"), findings);
    if (why.empty()) continue;
    const std::string path = RoutePath(i, "static.root");
    findings->AddFault(path, absl::StrCat(path, ": ", files->root, ": ", why));
  }
  std::string why = WhyNotADirectory(config.spool.directory);
  if (why.empty()) why = WhyNotWritable(config.spool.directory);
  if (!why.empty()) {
    findings->AddFault("spool.directory",
                       absl::StrCat("spool.directory: ", config.spool.directory, ": ", why));
  }
  CheckDirectoryOf(config.access_log.path, "access_log.path", findings);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    CheckDirectoryOf(config.listeners[i].unix_path, ListenerPath(i, "unix"), findings);
  }
}

}  // namespace anteroom::frontend
