// The rules between values. All texts are whole configurations, so that places can be compared.
#include "frontend/config_check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/config_testing.h"

namespace anteroom::frontend {
namespace {

std::string WithListeners(const std::string& listeners) {
  return "listeners:\n" + listeners + "routes: [{path: /, pool: g}]\n" +
         "pools: {g: {endpoints: ['127.0.0.1:7001']}}\n";
}
// The routes begin in line 2.
std::string WithRoutes(const std::string& routes) {
  return "routes:\n" + routes +
         "listeners: [{address: '0.0.0.0:80'}]\n"
         "pools: {g: {endpoints: ['127.0.0.1:7001']}}\n";
}
// The pools begin in line 2.
std::string WithPools(const std::string& pools) {
  return "pools:\n" + pools +
         "listeners: [{address: '0.0.0.0:80'}]\n"
         "routes: [{path: /, pool: g}]\n";
}

TEST(CheckListenersTest, NeedsOne) {
  EXPECT_EQ(Faults("routes: [{path: /, pool: g}]\npools: {g: {endpoints: ['a:1']}}\n"),
            "f: no listeners\n");
  EXPECT_EQ(
      Faults("listeners: []\nroutes: [{path: /, pool: g}]\npools: {g: {endpoints: ['a:1']}}\n"),
      "f:1:12: listeners: must not be empty\n");
}

TEST(CheckListenersTest, RefusesTwoAlike) {
  EXPECT_EQ(Faults(WithListeners("  - address: 0.0.0.0:80\n"
                                 "  - address: 0.0.0.0:81\n"
                                 "  - address: 0.0.0.0:80\n")),
            "f:4:14: listeners[2].address: 0.0.0.0:80 is listeners[0] already\n");
  EXPECT_EQ(Faults(WithListeners("  - address: '[::1]:80'\n"
                                 "  - address: '[0:0:0:0:0:0:0:1]:80'\n")),
            "f:3:14: listeners[1].address: [::1]:80 is listeners[0] already\n");
}

TEST(CheckListenersTest, RefusesTwoThatCannotBothListen) {
  EXPECT_EQ(
      Faults(WithListeners("  - address: 0.0.0.0:80\n  - address: 127.0.0.1:80\n")),
      "f:3:14: listeners[1].address: 127.0.0.1:80 collides with listeners[0].address 0.0.0.0:80\n");
  EXPECT_EQ(Faults(WithListeners("  - address: 127.0.0.1:80\n  - address: '[::]:80'\n")),
            "f:3:14: listeners[1].address: [::]:80 collides with listeners[0].address "
            "127.0.0.1:80\n");
}

TEST(CheckListenersTest, TakesSeveralWithPortsChosenByTheKernel) {
  EXPECT_EQ(Faults(WithListeners("  - address: 127.0.0.1:0\n  - address: 127.0.0.1:0\n")), "");
}

TEST(CheckListenersTest, RefusesNames) {
  EXPECT_EQ(Faults(WithListeners("  - address: localhost:80\n")),
            "f:2:14: listeners[0].address: 'localhost' is not an IP address\n");
  EXPECT_EQ(Faults(LeastAnd("admin: {address: 'localhost:9901'}\n")),
            "f:4:18: admin.address: 'localhost' is not an IP address\n");
}

TEST(CheckListenersTest, RefusesTheAdminAddress) {
  for (const std::string address : {"127.0.0.1:9901", "0.0.0.0:9901", "'[::]:9901'"}) {
    EXPECT_THAT(Faults(WithListeners("  - address: " + address + "\n")),
                testing::MatchesRegex("f:2:14: listeners\\[0\\].address: .*:9901 collides with "
                                      "admin.address 127.0.0.1:9901\n"))
        << address;
  }
  EXPECT_EQ(Faults(WithListeners("  - address: 127.0.0.2:9901\n  - address: '[::1]:9901'\n")), "");
}

TEST(CheckListenersTest, EachIsAnAddressOrAUnixSocket) {
  EXPECT_EQ(Faults(WithListeners("  - proxy_protocol: 'off'\n")),
            "f:2:5: listeners[0]: has neither address nor unix\n");
  EXPECT_EQ(Faults(WithListeners("  - {address: '0.0.0.0:80', unix: /a.sock}\n")),
            "f:2:5: listeners[0]: has both address and unix\n");
  EXPECT_EQ(Faults(WithListeners("  - {unix: /run/a.sock, mode: '0600'}\n  - unix: /run/b.sock\n")),
            "");
}

TEST(CheckListenersTest, AUnixSocketHasAPathOfItsOwn) {
  EXPECT_EQ(Faults(WithListeners("  - unix: a.sock\n")),
            "f:2:11: listeners[0].unix: 'a.sock' is not the absolute path of a file\n");
  EXPECT_EQ(Faults(WithListeners("  - unix: /run/\n")),
            "f:2:11: listeners[0].unix: '/run/' is not the absolute path of a file\n");
  EXPECT_EQ(Faults(WithListeners("  - unix: /a.sock\n  - unix: /a.sock\n")),
            "f:3:11: listeners[1].unix: '/a.sock' is listeners[0] already\n");
  EXPECT_THAT(Faults(WithListeners("  - unix: /" + std::string(107, 'a') + "\n")),
              testing::EndsWith(" is longer than 107 bytes\n"));
  EXPECT_EQ(Faults(WithListeners("  - unix: /" + std::string(106, 'a') + "\n")), "");
}

TEST(CheckListenersTest, AModeIsOctalAndOfAUnixSocket) {
  for (const std::string mode : {"0999", "1777", "60", "rw", "00660"}) {
    EXPECT_EQ(Faults(WithListeners("  - {unix: /a.sock, mode: '" + mode + "'}\n")),
              "f:2:27: listeners[0].mode: '" + mode + "' is not a mode such as 0660\n");
  }
  EXPECT_EQ(Faults(WithListeners("  - {address: '0.0.0.0:80', mode: 0660}\n")),
            "f:2:35: listeners[0].mode: goes with unix only\n");
}

TEST(CheckListenersTest, TheProxyProtocolNeedsSomebodyToTrust) {
  const std::string tcp = WithListeners("  - {address: '0.0.0.0:80', proxy_protocol: required}\n");
  const std::string nobody =
      "f:2:45: listeners[0].proxy_protocol: trusted_proxies holds no address, so that nobody could "
      "connect\n";
  EXPECT_EQ(Faults(tcp), nobody);
  EXPECT_EQ(Faults(tcp + "trusted_proxies: [unix]\n"), nobody);
  EXPECT_EQ(Faults(tcp + "trusted_proxies: [10.0.0.0/8]\n"), "");
  const std::string file = WithListeners("  - {unix: /a.sock, proxy_protocol: required}\n");
  EXPECT_EQ(Faults(file + "trusted_proxies: [10.0.0.0/8]\n"),
            "f:2:37: listeners[0].proxy_protocol: trusted_proxies holds no 'unix', so that nobody "
            "could connect\n");
  EXPECT_EQ(Faults(file + "trusted_proxies: [unix]\n"), "");
  EXPECT_EQ(Faults(WithListeners("  - {address: '0.0.0.0:80', proxy_protocol: optional}\n")),
            "f:2:45: listeners[0].proxy_protocol: 'optional' is not one of off, required\n");
}

TEST(CheckSizesTest, ComparesRelatedLimits) {
  EXPECT_EQ(Faults(LeastAnd("limits: {field: 64KiB}\n")),
            "f:4:17: limits.field: 64KiB is more than limits.head, 32KiB\n");
  EXPECT_EQ(Faults(LeastAnd("spool: {memory_per_body: 2MiB, total: 1MiB}\nlimits: {body: 1MiB}\n")),
            "f:4:26: spool.memory_per_body: 2MiB is more than spool.total, 1MiB\n");
  EXPECT_EQ(Faults(LeastAnd("limits: {body: 8GiB}\n")),
            "f:4:16: limits.body: 8GiB is more than spool.total, 4GiB: such a body could never be "
            "taken\n");
  EXPECT_EQ(Faults(LeastAnd("links: {backoff_min: 2s}\n")),
            "f:4:22: links.backoff_min: 2s is more than links.backoff_max, 1s\n");
}

TEST(CheckPoolsTest, NeedsEndpointsOrDnsButNotBoth) {
  EXPECT_EQ(Faults(WithPools("  g: {timeout: 1s, queue: {wait: 1s}}\n")),
            "f:2:3: pools.g: has neither endpoints nor dns\n");
  EXPECT_EQ(Faults(WithPools("  g: {endpoints: ['a:1'], dns: 'b:2'}\n")),
            "f:2:3: pools.g: has both endpoints and dns\n");
  EXPECT_EQ(Faults(WithPools("  g: {endpoints: []}\n")),
            "f:2:18: pools.g.endpoints: must not be empty\n");
}

TEST(CheckPoolsTest, RefusesPortZeroAndEndpointsGivenTwice) {
  EXPECT_EQ(Faults(WithPools("  g: {endpoints: ['a:0', 'b:1', 'c:1', 'b:1']}\n")),
            "f:2:19: pools.g.endpoints[0]: a:0 has port 0\n"
            "f:2:40: pools.g.endpoints[3]: b:1 is given twice\n");
  EXPECT_EQ(Faults(WithPools("  g: {dns: 'a:0'}\n")), "f:2:12: pools.g.dns: a:0 has port 0\n");
}

TEST(CheckPoolsTest, SaysOnlyOnceThatAnEndpointIsBad) {
  EXPECT_EQ(Faults(WithPools("  g: {endpoints: [nope]}\n")),
            "f:2:19: pools.g.endpoints[0]: 'nope' has no port: write host:port or [IPv6]:port\n");
}

TEST(CheckPoolsTest, RefusesNamesThatAreNoLabels) {
  EXPECT_EQ(Faults(WithPools("  g: {dns: 'a:1'}\n  'a b': {dns: 'a:1'}\n")),
            "f:3:3: 'a b' is no name for a pool: use 1 to 64 letters, digits, '-' and '_'\n");
}

TEST(CheckPoolsTest, RefusesTheSameNameTwice) {
  EXPECT_EQ(Faults(WithPools("  g: {dns: 'a:1'}\n  g: {dns: 'a:1'}\n")),
            "f:3:3: 'g' is given twice, first in line 2\n");
}

TEST(CheckPoolsTest, WarnsOfPoolsWithoutRoute) {
  EXPECT_EQ(Warnings(WithPools("  g: {dns: 'a:1'}\n  h: {dns: 'a:1'}\n")),
            "f:3:3: pools.h: no route uses this pool\n");
  EXPECT_EQ(Faults(WithPools("  g: {dns: 'a:1'}\n  h: {dns: 'a:1'}\n")), "");
}

TEST(CheckPoolsTest, WarnsOfAQueueThatContradictsOtherLimits) {
  EXPECT_EQ(Warnings(WithPools("  g: {dns: 'a:1', timeout: 10s, queue: {bytes: 1KiB}}\n")),
            "f:2:40: pools.g.queue.wait: 30s is longer than pools.g.timeout, 10s, and so never "
            "reached\n"
            "f:2:48: pools.g.queue.bytes: 1KiB is less than the 768KiB that one body may take: the "
            "largest can never wait\n");
  EXPECT_EQ(Warnings(WithPools("  g: {dns: 'a:1', queue: {requests: 0, bytes: 0}}\n")), "");
}

TEST(CheckRoutesTest, NeedsOne) {
  EXPECT_EQ(Faults("listeners: [{address: '0.0.0.0:80'}]\n"), "f: no routes\n");
}

TEST(CheckRoutesTest, NeedsExactlyOneOfStaticAndPool) {
  EXPECT_EQ(Faults(WithRoutes("  - {path: /a}\n"
                              "  - {path: /b, pool: g, static: {root: /srv}}\n")),
            "f:2:5: routes[0]: has neither static nor pool\n"
            "f:3:5: routes[1]: has both static and pool\n");
}

TEST(CheckRoutesTest, NeedsAKnownPool) {
  EXPECT_EQ(Faults(WithRoutes("  - {path: /, pool: h}\n")),
            "f:2:21: routes[0].pool: there is no pool 'h'\n");
  EXPECT_EQ(Faults(WithRoutes("  - {path: /, pool: ''}\n")),
            "f:2:21: routes[0].pool: there is no pool ''\n");
}

TEST(CheckRoutesTest, NeedsAPathThatRequestsCanHave) {
  const auto reason = [](const std::string& path) {
    return Faults(WithRoutes("  - {pool: g, path: \"" + path + "\"}\n"));
  };
  EXPECT_EQ(Faults(WithRoutes("  - {pool: g}\n")), "f:2:5: routes[0]: has no path\n");
  EXPECT_EQ(reason("api"), "f:2:21: routes[0].path: 'api' does not start with '/'\n");
  EXPECT_EQ(reason(""), "f:2:21: routes[0].path: '' does not start with '/'\n");
  EXPECT_EQ(reason("/a//b"), "f:2:21: routes[0].path: '/a//b' holds '//'\n");
  EXPECT_EQ(reason("/a/../b"), "f:2:21: routes[0].path: '/a/../b' holds a '.' or '..' segment\n");
  EXPECT_EQ(reason("/a/."), "f:2:21: routes[0].path: '/a/.' holds a '.' or '..' segment\n");
  EXPECT_EQ(reason("/a?b"), "f:2:21: routes[0].path: '/a?b' holds '?' or '#', which end a path\n");
  EXPECT_EQ(reason("/a\\\\b"), "f:2:21: routes[0].path: '/a\\b' holds a backslash\n");
  EXPECT_EQ(reason("/a\\u0001"), "f:2:21: routes[0].path: '/a\x01' holds a control character\n");
  EXPECT_EQ(reason("/b\xC3\xBC"
                   "cher/.well-known/"),
            "");
}

TEST(CheckRoutesTest, NeedsAHostWithoutPort) {
  const auto reason = [](const std::string& host) {
    return Faults(WithRoutes("  - {path: /, pool: g, host: '" + host + "'}\n"));
  };
  EXPECT_EQ(reason("a.com:80"), "f:2:30: routes[0].host: 'a.com:80' must be without a port\n");
  EXPECT_EQ(reason(""), "f:2:30: routes[0].host: '' is not a host\n");
  EXPECT_EQ(reason("a b"), "f:2:30: routes[0].host: 'a b' is not a host\n");
  EXPECT_EQ(reason("a.*.com"),
            "f:2:30: routes[0].host: 'a.*.com' may have '*' only as the first label\n");
  EXPECT_EQ(reason("*a.com"),
            "f:2:30: routes[0].host: '*a.com' may have '*' only as the first label\n");
  EXPECT_EQ(reason("*.a.com"), "");
  EXPECT_EQ(reason("[::1]"), "");
}

TEST(CheckRoutesTest, OnlyStaticIsInternal) {
  EXPECT_EQ(Faults(WithRoutes("  - {path: /, static: {root: /srv}, internal: true}\n")), "");
  EXPECT_EQ(Faults(WithRoutes("  - {path: /, pool: g, internal: true}\n")),
            "f:2:34: routes[0].internal: goes with static only\n");
  EXPECT_EQ(Faults(WithRoutes("  - {path: /, static: {root: /srv}, internal: yes}\n")),
            "f:2:47: routes[0].internal: 'yes' is not one of false, true\n");
}

TEST(CheckRoutesTest, StaticHasNeitherTimeoutNorRetry) {
  EXPECT_EQ(Faults(WithRoutes("  - {path: /, static: {root: /srv}, timeout: 1s, retry: never}\n")),
            "f:2:46: routes[0].timeout: goes with pool only\n"
            "f:2:57: routes[0].retry: goes with pool only\n");
}

TEST(CheckRoutesTest, StaticNeedsARootAndAFileNameAsIndex) {
  EXPECT_EQ(
      Faults(WithRoutes("  - {path: /a, static: {}}\n"
                        "  - {path: /b, static: {root: \"\"}}\n"
                        "  - {path: /c, static: {root: /srv, index: a/b}}\n"
                        "  - {path: /d, static: {root: /srv, index: ..}}\n"
                        "  - {path: /e, static: {root: /srv, index: .home}}\n"
                        "  - {path: /f, static: {root: /srv, index: .home, hidden: true}}\n")),
      "f:2:24: routes[0].static: has no root\n"
      "f:3:31: routes[1].static.root: is empty\n"
      "f:4:44: routes[2].static.index: 'a/b' is not a file name\n"
      "f:5:44: routes[3].static.index: '..' holds a '.' or '..' segment\n"
      "f:6:44: routes[4].static.index: '.home' is hidden, which this route does not serve\n");
}

TEST(CheckRoutesTest, CompressionTakesCodingsThatWeHaveAndMediaTypes) {
  EXPECT_EQ(Faults(WithRoutes(
                "  - path: /\n"
                "    static:\n"
                "      root: /srv\n"
                "      precompressed: [br, deflate]\n"
                "      compress:\n"
                "        codings: [gzip, zstd]\n"
                "        types: [text/*, text, '*/*', a/b/c, a/b*, text/html;q=1, x/y+z]\n")),
            "f:5:27: routes[0].static.precompressed[1]: 'deflate' is not one of br, zstd, gzip\n"
            "f:7:25: routes[0].static.compress.codings[1]: 'zstd' is not one of br, gzip\n"
            "f:8:25: routes[0].static.compress.types[1]: 'text' is not a media type\n"
            "f:8:31: routes[0].static.compress.types[2]: '*/*' is not a media type\n"
            "f:8:38: routes[0].static.compress.types[3]: 'a/b/c' is not a media type\n"
            "f:8:45: routes[0].static.compress.types[4]: 'a/b*' is not a media type\n"
            "f:8:51: routes[0].static.compress.types[5]: 'text/html;q=1' is not a media type\n");
}

TEST(CheckRoutesTest, WarnsOfRoutesThatAreNeverReached) {
  EXPECT_EQ(Warnings(WithRoutes("  - {path: /a, pool: g}\n"
                                "  - {path: /a/b, pool: g}\n"
                                "  - {host: x.com, path: /, pool: g}\n"
                                "  - {path: /, pool: g}\n"
                                "  - {host: y.com, path: /c, pool: g}\n")),
            "f:3:5: routes[1]: never reached, routes[0] covers it\n"
            "f:6:5: routes[4]: never reached, routes[3] covers it\n");
}

TEST(CheckRoutesTest, PassesOverItemsThatAreNoMappings) {
  EXPECT_EQ(Faults(WithRoutes("  - 7\n  - {path: /, pool: h}\n")),
            "f:2:5: routes[0]: must be a mapping of keys to values\n"
            "f:3:21: routes[1].pool: there is no pool 'h'\n");
}

}  // namespace
}  // namespace anteroom::frontend
