// What good files become: listeners, servers, short forms, inline pools.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/good.h"

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

TEST(ConfigTest, TheCoursesFileLoadsUnchanged) {
  const Config config = good(R"(hosts:
  - host: www.mango.com
    header_rules: { add: { MyCustomHeader: Test }, remove: { Host: www.mango.com } }
    param_rules: { add: { MyCustomParam: Test }, remove: { RemoveMe: Remove } }
    rewrite_rules: { replace: { v1: v2 } }
    firewall_rules: { ip_reject: [10.192.0.1, 10.192.0.2] }
    servers: [localhost:8081, localhost:8082]
  - host: www.apple.com
    firewall_rules: { path_reject: [/messages, /apps] }
    servers: [localhost:9081, localhost:9082]
paths:
  - path: /mango
    servers: [localhost:8081, localhost:8082]
)");
  EXPECT_THAT(routeNames(config), ElementsAre("www.mango.com /", "www.apple.com /", "/mango"));
  ASSERT_THAT(config.hosts, SizeIs(2));
  EXPECT_THAT(config.hosts[0].names, ElementsAre("www.mango.com"));
  EXPECT_FALSE(config.hosts[0].firewall.empty());
  EXPECT_EQ(config.routes[0].match.host, 0);
  EXPECT_EQ(config.routes[2].match.host, route::kNone);
  EXPECT_TRUE(config.routes[0].rules.headers.removesHost());
  EXPECT_FALSE(config.routes[0].rules.params.empty());
  EXPECT_FALSE(config.routes[0].rules.rewrite.empty());
  EXPECT_TRUE(config.routes[1].rules.headers.empty());
  EXPECT_EQ(poolOf(config, 0).name, "www.mango.com");
  EXPECT_EQ(poolOf(config, 2).name, "/mango");
  ASSERT_THAT(poolOf(config, 1).servers, SizeIs(2));
  EXPECT_EQ(poolOf(config, 1).servers[1].address, "localhost:9082");
  EXPECT_TRUE(poolOf(config, 1).checksHealth());
  ASSERT_THAT(config.listens, SizeIs(1));
  EXPECT_TRUE(config.listens[0].any);
  EXPECT_EQ(config.listens[0].port, 8080);
}

// The example of the language's page without what this version refuses: listeners with TLS, rate
// limits, sticky sessions, servers found through DNS.
TEST(ConfigTest, TheFullestFileLoadsAsFarAsThisVersionGoes) {
  const Config config = good(R"(# yaml-language-server: $schema=./fairlead.schema.json
listen: { http: 80, http3: false }
admin: 127.0.0.1:9900
trusted_proxies: []

defaults:
  balance: p2c
  health: { path: /healthz, every: 2s, timeout: 1s, fall: 3, rise: 2, passive: off }
  timeouts: { connect: 2s, response: 60s, idle: 60s }
  retry: { attempts: 1, when: [connect, refused, stale, reset], budget: 20% }
  slow_start: off

firewall_rules:
  ip_reject: [203.0.113.0/24, "@blocklist.txt"]

pools:
  shop:
    servers: [10.0.0.1:8080, 10.0.0.2:8080]
    sticky: off
  shop-canary: { servers: [10.0.0.9:8080] }
  api:
    servers:
      - 10.0.1.1:9000
      - { url: 10.0.1.2:9000, weight: 2, max_requests: 200, name: big }
    health: { path: /ready }

hosts:
  - host: shop.example.com
    header_rules:
      add: { X-Edge: fairlead }
      remove: [X-Debug]
      response: { remove: [Server] }
    param_rules: { remove: [utm_source] }
    firewall_rules: { path_reject: [/internal, /.git] }
    paths:
      - path: /api
        pool: api
        rewrite_rules: { replace_prefix: /v2 }
    split: { shop: 95, shop-canary: 5 }
  - host: blog.example.com
    servers: [blog.internal]

paths:
  - path: /status
    respond: { status: 200, body: ok }

log: { access: stdout, format: json }
state: /var/lib/fairlead
workers: auto

tests:
  - { get: "https://shop.example.com/api/u?id=1", pool: api, upstream: "/v2/u?id=1" }
  - { get: "https://shop.example.com/.git/config", status: 403 }
  - { get: "https://blog.example.com/", from: 203.0.113.7, status: 403 }
)",
                             {{"blocklist.txt", "198.51.100.0/24  # spam\n"}});
  EXPECT_THAT(routeNames(config), ElementsAre("shop.example.com /", "shop.example.com /api",
                                              "blog.example.com /", "/status"));
  const Pool& api = poolOf(config, 1);
  EXPECT_EQ(api.name, "api");
  EXPECT_EQ(api.servers[1].weight.value, 2u);
  EXPECT_EQ(api.servers[1].max_requests.value, 200u);
  EXPECT_EQ(api.servers[1].name.value, "big");
  EXPECT_EQ(api.rules.health.path.value, "/ready");
  EXPECT_EQ(api.rules.health.every.value, 2s);

  const Route& shop = config.routes[0];
  ASSERT_THAT(shop.legs(), SizeIs(2));
  EXPECT_EQ(shop.legs()[1].name, "shop-canary");
  EXPECT_EQ(shop.legs()[1].percent, 5u);
  EXPECT_EQ(shop.timeouts.idle.value, 60s);
  EXPECT_TRUE(shop.rules.headers.hasResponse());
  EXPECT_TRUE(config.hosts[0].rules.headers.hasResponse());
  EXPECT_EQ(config.routes[1].rules.rewrite.show().find("replace_prefix")->text, "/v2");
  EXPECT_EQ(config.default_pool_rules.timeouts.idle.value, 60s);

  const auto& respond = std::get<filter::Respond>(config.routes[3].destination);
  EXPECT_EQ(respond.status(), 200);
  EXPECT_EQ(respond.show().find("body")->text, "ok");
  ASSERT_THAT(config.tests, SizeIs(3));
  EXPECT_EQ(config.tests[0].upstream->value, "/v2/u?id=1");
  EXPECT_EQ(config.tests[2].from.text(), "203.0.113.7");
}

TEST(ConfigTest, ListensInAllForms) {
  const struct {
    const char* text;
    const char* address;  // "" for any, or the Unix path
    uint16_t port;
  } rows[] = {
      {"listen: 8081", "", 8081},
      {"listen: { http: 8081 }", "", 8081},
      {"listen: { http: \"${PORT}\" }", "", 8081},
      {"listen: \"127.0.0.1:8081\"", "127.0.0.1", 8081},
      {"listen: { http: \"[::1]:8081\" }", "::1", 8081},
      {"listen: [{ http: \":8081\" }]", "", 8081},
      {"listen: { http: 0.0.0.0:8081 }", "0.0.0.0", 8081},
      {"listen: \"unix:/run/web.sock\"", "/run/web.sock", 0},
      {"listen: [\"unix:/run/web.sock\"]", "/run/web.sock", 0},
  };
  for (const auto& row : rows) {
    const Config config = good(std::string(row.text) + "\n" + kRoute);
    ASSERT_THAT(config.listens, SizeIs(1)) << row.text;
    const Listen& listen = config.listens[0];
    EXPECT_EQ(listen.port, row.port) << row.text;
    const std::string address = !listen.unix_path.empty() ? listen.unix_path
                                : listen.any              ? ""
                                                          : listen.address.text();
    EXPECT_EQ(address, row.address) << row.text;
    EXPECT_EQ(listen.mark.line, 1u) << row.text;
  }
  const Config several =
      good("listen: [8081, { http: \"127.0.0.1:8082\" }]\n" + std::string(kRoute));
  EXPECT_THAT(several.listens, SizeIs(2));
}

TEST(ConfigTest, ExpectsProxyHeadersInAllForms) {
  const struct {
    const char* text;
    const char* trusted;  // an address that is believed; "": nobody sends headers
    const char* other;    // one that is not
  } rows[] = {
      {"listen: { http: 80 }", "", ""},
      {"listen: { http: 80, proxy_protocol: off }", "", ""},
      {"listen: { http: 80, proxy_protocol: false }", "", ""},
      {"listen: { http: 80, proxy_protocol: { from: 10.0.0.1 } }", "10.0.0.1", "10.0.0.2"},
      {"listen: [{ http: 80, proxy_protocol: { from: [10.0.0.0/8] } }]", "10.9.9.9", "11.0.0.0"},
      {"listen: { http: 80, proxy_protocol: { from: [::1, 127.0.0.1] } }", "::1", "::2"},
      {"listen: { proxy_protocol: { from: \"@proxies.txt\" }, http: 80 }", "192.0.2.9", "::1"},
  };
  const MapFiles files({{"proxies.txt", "# the edge\n192.0.2.0/24\n"}});
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    const Loaded loaded =
        loadText("fairlead.yaml", std::string(row.text) + "\n" + kRoute, testEnvironment, files);
    ASSERT_TRUE(loaded.config) << renderText(loaded.diagnostics);
    const auto& proxies = loaded.config->listens.at(0).proxy_protocol;
    ASSERT_EQ(proxies.has_value(), *row.trusted != '\0');
    if (!proxies) continue;
    EXPECT_TRUE(proxies->from.trusts(*IpAddress::parse(row.trusted)));
    EXPECT_FALSE(proxies->from.trusts(*IpAddress::parse(row.other)));
  }
}

TEST(ConfigTest, EverybodyOnAUnixSocketMaySendProxyHeaders) {
  const Config config =
      good("listen: { http: \"unix:/run/web.sock\", proxy_protocol: {} }\n" + std::string(kRoute));
  ASSERT_TRUE(config.listens.at(0).proxy_protocol);
  EXPECT_TRUE(config.listens.at(0).proxy_protocol->from.empty());
}

TEST(ConfigTest, TheAdminApiListensInAllForms) {
  const struct {
    const char* name;
    const char* text;
    const char* address;  // "" for any, "off", or the Unix path
    uint16_t port;
    const char* token;
    bool is_written;
  } rows[] = {
      {"without a word", "", "127.0.0.1", 9900, "", false},
      {"an address", "admin: 127.0.0.2:9901\n", "127.0.0.2", 9901, "", true},
      {"a port is one of the loopback", "admin: 9901\n", "127.0.0.1", 9901, "", true},
      {"a port in quotes", "admin: \"${PORT}\"\n", "127.0.0.1", 8081, "", true},
      {"IPv6", "admin: \"[::1]:9901\"\n", "::1", 9901, "", true},
      {"a Unix socket", "admin: unix:/run/a.sock\n", "/run/a.sock", 0, "", true},
      {"off", "admin: off\n", "off", 9900, "", true},
      {"the long form", "admin: { address: 9901, token: a-b }\n", "127.0.0.1", 9901, "a-b", true},
      {"a token alone", "admin: { token: abc }\n", "127.0.0.1", 9900, "abc", true},
      {"everywhere, with a token", "admin: { address: \":9901\", token: abc }\n", "", 9901, "abc",
       true},
      {"another host, with a token", "admin: { address: 10.0.0.1:9901, token: \"${NAME}\" }\n",
       "10.0.0.1", 9901, "edge", true},
  };
  for (const auto& row : rows) {
    const AdminSettings admin = good(std::string(row.text) + kRoute).admin;
    const Listen& at = admin.address.value;
    const std::string address = !admin.on               ? "off"
                                : !at.unix_path.empty() ? at.unix_path
                                : at.any                ? ""
                                                        : at.address.text();
    EXPECT_EQ(address, row.address) << row.name;
    EXPECT_EQ(at.port, row.port) << row.name;
    EXPECT_EQ(admin.token.value, row.token) << row.name;
    EXPECT_EQ(admin.is_written, row.is_written) << row.name;
  }
}

TEST(ConfigTest, TheAdminApiIsClosedToStrangers) {
  const struct {
    const char* name;
    const char* admin;
    bool is_taken;
  } rows[] = {
      {"all of the loopback", "127.9.9.9:9900", true},
      {"IPv6 loopback", "\"[::1]:9900\"", true},
      {"a Unix socket", "unix:/run/a.sock", true},
      {"all addresses", "0.0.0.0:9900", false},
      {"all addresses, in short", "\":9900\"", false},
      {"all addresses, IPv6", "\"[::]:9900\"", false},
      {"another address", "10.0.0.1:9900", false},
      {"another address, with an empty token", "{ address: 10.0.0.1:9900, token: \"\" }", false},
      {"another address, with a token", "{ address: 10.0.0.1:9900, token: abc }", true},
  };
  for (const auto& row : rows) {
    const Loaded loaded = loadWith("admin: " + std::string(row.admin) + "\n" + kRoute);
    EXPECT_EQ(loaded.config.has_value(), row.is_taken) << row.name;
  }
}

TEST(ConfigTest, ServersInAllForms) {
  const struct {
    const char* text;
    const char* address;
    const char* host;
    uint16_t port;
  } rows[] = {
      {"localhost:8081", "localhost:8081", "localhost", 8081},
      {"localhost", "localhost:80", "localhost", 80},
      {"http://localhost:8081", "localhost:8081", "localhost", 8081},
      {"\"http://localhost:8081/\"", "localhost:8081", "localhost", 8081},
      {"10.0.0.1:80", "10.0.0.1:80", "10.0.0.1", 80},
      {"\"[::1]:8081\"", "[::1]:8081", "::1", 8081},
      {"\"[::1]\"", "[::1]:80", "::1", 80},
      {"my_app-1.internal:1", "my_app-1.internal:1", "my_app-1.internal", 1},
      {"\"app:${PORT}\"", "app:8081", "app", 8081},
      {"{ url: localhost:8081, weight: 0 }", "localhost:8081", "localhost", 8081},
  };
  for (const auto& row : rows) {
    const Config config = good("paths: [{ path: /, servers: [" + std::string(row.text) + "] }]\n");
    ASSERT_THAT(config.pools, SizeIs(1)) << row.text;
    const Server& server = config.pools[0].servers.at(0);
    EXPECT_EQ(server.address, row.address) << row.text;
    EXPECT_EQ(server.host, row.host) << row.text;
    EXPECT_EQ(server.port, row.port) << row.text;
  }
}

TEST(ConfigTest, HealthIsCheckedWhereItMatters) {
  const struct {
    const char* name;
    const char* pool;
    bool checked;
  } rows[] = {
      {"one server", "{ servers: [a:1] }", false},
      {"two servers", "{ servers: [a:1, b:1] }", true},
      {"two servers, off", "{ servers: [a:1, b:1], health: off }", false},
      {"one server, asked for", "{ servers: [a:1], health: {} }", true},
      {"one server with a path", "{ servers: [a:1], health: /ready }", true},
  };
  for (const auto& row : rows) {
    const Config config =
        good("pools: { p: " + std::string(row.pool) + " }\npaths: [{ path: /, pool: p }]\n");
    EXPECT_EQ(config.pools.at(0).checksHealth(), row.checked) << row.name;
  }
}

TEST(ConfigTest, HostNamesAreCanonical) {
  const Config config = good(R"(
hosts:
  - { host: [WWW.Example.COM., "*.Example.org"], servers: [a:1] }
  - { host: "*", servers: [a:1] }
  - { host: "[::1]", servers: [a:1] }
  - { host: 10.0.0.1, servers: [a:1] }
)");
  EXPECT_THAT(config.hosts.at(0).names, ElementsAre("www.example.com", "*.example.org"));
  EXPECT_THAT(config.hosts.at(1).names, ElementsAre("*"));
  EXPECT_THAT(config.hosts.at(2).names, ElementsAre("[::1]"));
  EXPECT_THAT(config.hosts.at(3).names, ElementsAre("10.0.0.1"));
}

TEST(ConfigTest, InlinePoolsGetNamesOfTheirOwn) {
  const Config config = good(R"(
pools:
  a.example: { servers: [p:1] }
hosts:
  - host: a.example
    servers: [q:1]
    paths:
      - { path: /x, pool: a.example }
      - { path: /y, servers: [r:1] }
      - { path: /y, exact: true, servers: [s:1] }
)");
  std::vector<std::string> names;
  for (const Pool& pool : config.pools) names.push_back(pool.name);
  EXPECT_THAT(names, ElementsAre("a.example", "a.example#2", "a.example/y", "a.example/y#2"));
  EXPECT_EQ(poolOf(config, 0).name, "a.example#2");
  EXPECT_EQ(poolOf(config, 1).name, "a.example");
  EXPECT_EQ(config.routes.at(3).match.name, "a.example /y (exact)");
}

TEST(ConfigTest, LogAndWorkers) {
  EXPECT_EQ(good(kRoute).log.access.value.target, LogTarget::Stdout);
  EXPECT_EQ(good(kRoute).workers.value, 0u);
  EXPECT_EQ(good("workers: 4\n" + std::string(kRoute)).workers.value, 4u);
  EXPECT_EQ(good("log: off\n" + std::string(kRoute)).log.access.value.target, LogTarget::Off);
  EXPECT_EQ(good("log: { access: stderr }\n" + std::string(kRoute)).log.access.value.target,
            LogTarget::Stderr);
  const Config file = good("log: { access: logs/access.log }\n" + std::string(kRoute));
  EXPECT_EQ(file.log.access.value, (LogDestination{LogTarget::File, "logs/access.log"}));
}

}  // namespace
}  // namespace fairlead::config
