// What good files become: defaults, merging, short forms, inline pools, includes.
#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/log_settings.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

Config good(std::string text, std::map<std::string, std::string> files = {}) {
  Loaded loaded = loadWith(std::move(text), std::move(files));
  EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  EXPECT_FALSE(loaded.diagnostics.hasErrors()) << renderText(loaded.diagnostics);
  return loaded.config.value_or(Config());
}

const Pool& poolOf(const Config& config, size_t route) {
  return config.pools.at(std::get<PoolIndex>(config.routes.at(route).destination).value);
}

std::vector<std::string> routeNames(const Config& config) {
  std::vector<std::string> names;
  for (const Route& route : config.routes) names.push_back(route.name);
  return names;
}

constexpr const char* kRoute = "paths: [{ path: /, servers: [localhost:8081] }]\n";

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
  EXPECT_EQ(config.routes[0].host, 0);
  EXPECT_EQ(config.routes[2].host, kNoHost);
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

TEST(ConfigTest, TheFullestFileLoadsAsFarAsThisVersionGoes) {
  const Config config = good(R"(# yaml-language-server: $schema=./fairlead.schema.json
listen: { http: 80, http3: false }
admin: off
trusted_proxies: []
defaults:
  balance: p2c
  health: { path: /healthz, every: 2s, timeout: 1s, fall: 3, rise: 2, passive: off }
  timeouts: { connect: 2s, response: 60s, idle: 60s }
  retry: { attempts: 1, when: [connect, refused, stale, reset], budget: 20% }
  slow_start: off
firewall_rules:
  ip_reject: [203.0.113.0/24]
pools:
  shop:
    servers: [10.0.0.1:8080, 10.0.0.2:8080]
    sticky: off
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
    param_rules: { remove: [utm_source] }
    firewall_rules: { path_reject: [/internal, /.git] }
    paths:
      - path: /api
        pool: api
        rewrite_rules: { replace: { /api: /v2 } }
    pool: shop
paths:
  - path: /status
    respond: { status: 200, body: ok }
log: { access: stdout, format: json }
state: /var/lib/fairlead
workers: auto
tests:
  - { get: "https://shop.example.com/api/u?id=1", pool: api, upstream: "/v2/u?id=1" }
)");
  EXPECT_THAT(routeNames(config),
              ElementsAre("shop.example.com /", "shop.example.com /api", "/status"));
  const Pool& api = poolOf(config, 1);
  EXPECT_EQ(api.name, "api");
  EXPECT_EQ(api.servers[1].weight.value, 2u);
  EXPECT_EQ(api.servers[1].max_requests.value, 200u);
  EXPECT_EQ(api.servers[1].name.value, "big");
  EXPECT_EQ(api.rules.health.path.value, "/ready");
  EXPECT_EQ(api.rules.health.every.value, 2s);
  EXPECT_EQ(config.routes[0].timeouts.idle.value, 60s);
  EXPECT_EQ(config.default_pool_rules.timeouts.idle.value, 60s);
  const auto& respond = std::get<filter::Respond>(config.routes[2].destination);
  EXPECT_EQ(respond.status(), 200);
  EXPECT_EQ(respond.show().find("body")->text, "ok");
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

TEST(ConfigTest, InnerLevelsMergeOverOuterOnesKeyByKey) {
  const Config config = good(R"(
defaults:
  balance: random
  timeouts: { connect: 1s, response: 10s }
  max_body: 1MiB
  header_rules: { add: { X-Edge: default, X-All: all } }
hosts:
  - host: a.example
    timeouts: { response: 20s, total: 30s }
    retry: off
    header_rules: { add: { X-Edge: host } }
    servers: [localhost:1]
    paths:
      - path: /b/
        servers: [localhost:2]
        balance: round_robin
        health: /ready
        timeouts: { total: 40s }
        max_body: off
        path_policy: raw
)");
  const Route& own = config.routes[0];
  EXPECT_EQ(own.timeouts.connect.value, 1s);
  EXPECT_EQ(own.timeouts.response.value, 20s);
  EXPECT_EQ(own.timeouts.total.value, 30s);
  EXPECT_EQ(own.retry.attempts.value, 0u);
  EXPECT_EQ(own.rules.max_body.value, 1u << 20);
  EXPECT_EQ(own.rules.headers.show().find("add")->entries.size(), 2u);
  EXPECT_EQ(poolOf(config, 0).rules.balance.value, "random");
  EXPECT_FALSE(poolOf(config, 0).checksHealth()) << "one server, and nobody asked for checks";

  const Route& inner = config.routes[1];
  EXPECT_EQ(inner.path, "/b");
  EXPECT_EQ(inner.name, "a.example /b");
  EXPECT_EQ(inner.timeouts.response.value, 20s);
  EXPECT_EQ(inner.timeouts.total.value, 40s);
  EXPECT_EQ(inner.timeouts.total.origin.line, 18u);
  EXPECT_EQ(inner.rules.max_body.value, 0u);
  EXPECT_EQ(inner.rules.path_policy.value, PathPolicy::Raw);
  EXPECT_EQ(poolOf(config, 1).name, "a.example/b");
  EXPECT_EQ(poolOf(config, 1).rules.balance.value, "round_robin");
  EXPECT_EQ(poolOf(config, 1).rules.timeouts.total.value, 40s);
  EXPECT_TRUE(poolOf(config, 1).checksHealth());
}

TEST(ConfigTest, ThePoolIsTheInnermostLevel) {
  const Config config = good(R"(
pools:
  slow: { servers: [localhost:1], timeouts: { response: 5m }, retry: { attempts: 2 } }
hosts:
  - host: a.example
    timeouts: { response: 5s, total: 10m }
    retry: off
    pool: slow
)");
  EXPECT_EQ(config.routes[0].timeouts.response.value, 5min);
  EXPECT_EQ(config.routes[0].timeouts.total.value, 10min);
  EXPECT_EQ(config.routes[0].retry.attempts.value, 2u);
  EXPECT_EQ(config.pools[0].rules.timeouts.total.value, 0s);
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
  EXPECT_EQ(config.routes.at(3).name, "a.example /y (exact)");
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

struct LogRow {
  const char* name;
  const char* text;
  std::vector<std::string> hosts;   // where each host's requests without a route are logged
  std::vector<std::string> routes;  // and those of each route
};

TEST(ConfigTest, LogsOfInnerLevelsReplaceOuterOnes) {
  const LogRow rows[] = {
      {"the top of the file holds everywhere",
       "log: stderr\n"
       "hosts: [{ host: a, servers: [a:1], paths: [{ path: /b, respond: 200 }] }]\n"
       "paths: [{ path: /c, respond: 200 }]\n",
       {"stderr"},
       {"stderr", "stderr", "stderr"}},
      {"built-in", "hosts: [{ host: a, servers: [a:1] }]\n", {"stdout"}, {"stdout"}},
      {"a host",
       "hosts:\n"
       "  - { host: a, log: a.log, servers: [a:1], paths: [{ path: /b, respond: 200 }] }\n"
       "  - { host: b, servers: [a:1] }\n",
       {"a.log", "stdout"},
       {"a.log", "a.log", "stdout"}},
      {"a path",
       "hosts: [{ host: a, servers: [a:1], paths: [{ path: /b, respond: 200, log: off }] }]\n"
       "paths: [{ path: /c, respond: 200, log: c.log }]\n",
       {"stdout"},
       {"stdout", "off", "c.log"}},
      {"a path in a host",
       "log: off\n"
       "hosts:\n"
       "  - host: a\n    log: { access: logs/a.log }\n    paths:\n"
       "      - { path: /b, respond: 200, log: { access: stderr } }\n"
       "      - { path: /c, respond: 200, log: {} }\n"
       "      - { path: /d, respond: 200, log: stdout }\n",
       {"logs/a.log"},
       {"stderr", "logs/a.log", "stdout"}},
      {"a file that is called off",
       "paths: [{ path: /, respond: 200, log: \"off\" }]\n",
       {},
       {"./off"}},
  };
  for (const LogRow& row : rows) {
    SCOPED_TRACE(row.name);
    const Config config = good(row.text);
    std::vector<std::string> hosts;
    for (const Host& host : config.hosts) hosts.emplace_back(textOf(host.log));
    std::vector<std::string> routes;
    for (const Route& route : config.routes) routes.emplace_back(textOf(route.rules.log));
    EXPECT_EQ(hosts, row.hosts);
    EXPECT_EQ(routes, row.routes);
  }
}

TEST(ConfigTest, MirrorsAreFoundByName) {
  const Config config = good(R"(
pools: { shop: { servers: [a:1] }, shadow: { servers: [b:1] }, other: { servers: [c:1] } }
defaults: { mirror: shadow }
hosts:
  - host: a
    pool: shop
    mirror: { percent: 10 }
    paths:
      - { path: /b, pool: shop, mirror: { pool: other, max_body: 1MiB } }
      - { path: /c, pool: shop, mirror: off }
paths: [{ path: /d, pool: shop }]
)");
  const struct {
    const char* pool;  // "": no mirror
    double share;
  } rows[] = {{"shadow", 0.1}, {"other", 0.1}, {"", 1}, {"shadow", 1}};
  ASSERT_THAT(config.routes, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) {
    SCOPED_TRACE(config.routes[i].name);
    const auto& mirror = config.routes[i].mirror;
    EXPECT_EQ(mirror ? config.pools.at(mirror->value).name : "", rows[i].pool);
    EXPECT_DOUBLE_EQ(config.routes[i].rules.mirror.share, rows[i].share);
  }
  EXPECT_EQ(config.routes[1].rules.mirror.max_body.value, 1u << 20);
}

TEST(ConfigTest, APoolOfMirrorsAloneIsUsed) {
  const Loaded loaded = loadWith(
      "pools: { shadow: { servers: [a:1] } }\n"
      "paths: [{ path: /, servers: [b:1], mirror: shadow }]\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(renderText(loaded.diagnostics), "");
}

TEST(ConfigTest, PrioritiesMerge) {
  using upstream::Priority;
  const Config config = good(R"(
defaults: { priority: batch }
hosts:
  - host: a
    servers: [a:1]
    priority: critical
    paths: [{ path: /b, respond: 200 }, { path: /c, respond: 200, priority: normal }]
paths: [{ path: /d, respond: 200 }]
)");
  const Priority expected[] = {Priority::Critical, Priority::Critical, Priority::Normal,
                               Priority::Batch};
  ASSERT_THAT(config.routes, SizeIs(4));
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(config.routes[i].rules.priority.value, expected[i]) << config.routes[i].name;
  EXPECT_EQ(good(kRoute).routes[0].rules.priority.value, Priority::Normal);
}

TEST(ConfigTest, NamesAreRelativeToTheFileThatHasThem) {
  const Loaded loaded =
      loadText("/etc/fairlead/main.yaml",
               "log: access.log\nlisten: \"unix:web.sock\"\n" + std::string(kRoute),
               testEnvironment, MapFiles({}));
  ASSERT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  EXPECT_EQ(loaded.config->log.access.value.file, "/etc/fairlead/access.log");
  EXPECT_EQ(loaded.config->listens[0].unix_path, "/etc/fairlead/web.sock");
}

TEST(ConfigTest, PagesAreRelativeToTheFileThatNamesThem) {
  const Loaded loaded =
      loadWith("include: [conf.d/a.yaml]\npaths: [{ path: /m, respond: { file: m.txt } }]\n",
               {{"conf.d/a.yaml", "paths: [{ path: /a, respond: { file: pages/a.txt } }]\n"},
                {"conf.d/pages/a.txt", "included"},
                {"m.txt", "main"}});
  ASSERT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  Arena arena;
  const filter::ClientFacts client;
  std::map<std::string, std::string> bodies;
  for (const Route& route : loaded.config->routes)
    bodies[route.path] = std::get<filter::Respond>(route.destination).answer({client, arena}).body;
  EXPECT_EQ(bodies, (std::map<std::string, std::string>{{"/a", "included"}, {"/m", "main"}}));
}

TEST(ConfigTest, IncludesAddHostsPathsAndPools) {
  const std::map<std::string, std::string> files{
      {"conf.d/b.yaml", "paths: [{ path: /b, pool: shared }]\n"},
      {"conf.d/a.yaml",
       "pools: { shared: { servers: [a:1] } }\nhosts: [{ host: a.example, pool: main }]\n"},
      {"conf.d/c.txt", "not read"}};
  const Config config = good(
      "include: [conf.d/*.yaml]\npools: { main: { servers: [m:1] } }\n"
      "paths: [{ path: /main, pool: shared }]\n",
      files);
  EXPECT_THAT(routeNames(config), ElementsAre("a.example /", "/main", "/b"));
  EXPECT_EQ(config.routes[2].mark.file, 2u);
}

TEST(ConfigTest, IncludedFilesHaveTheirOwnFaults) {
  const std::map<std::string, std::string> files{
      {"conf.d/a.yaml",
       "listen: 80\npools: { main: { servers: [a:1] } }\nhosts: [{ host: x, pool: man }]\n"}};
  const Loaded loaded = loadWith(
      "include: conf.d/a.yaml\npools: { main: { servers: [m:1] } }\npaths: [{ path: /, pool: main "
      "}]\n",
      files);
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(renderText(loaded.diagnostics),
            R"(conf.d/a.yaml:1:1: error: `listen` cannot stand here
   1 | listen: 80
     | ^^^^^^
     = expected `listen` in the main file

conf.d/a.yaml:2:10: error: the pool `main` exists already
   2 | pools: { main: { servers: [a:1] } }
     |          ^^^^
fairlead.yaml:2:10: note: it is declared here
   2 | pools: { main: { servers: [m:1] } }
     |          ^^^^

conf.d/a.yaml:3:26: error: there is no pool `man`
   3 | hosts: [{ host: x, pool: man }]
     |                          ^^^
     = did you mean `main`?

3 errors
)");
}

TEST(ConfigTest, ListsMayStandInFiles) {
  const std::string text =
      "trusted_proxies: \"@lists/proxies\"\nfirewall_rules: { ip_reject: [192.0.2.1, "
      "\"@lists/bad\"] }\n" +
      std::string(kRoute);
  const Loaded good_lists =
      loadWith(text, {{"lists/proxies", "10.0.0.0/8\n"},
                      {"lists/bad", "# spam\r\n\r\n198.51.100.7 # one\r\n2001:db8::/32"}});
  ASSERT_TRUE(good_lists.config) << renderText(good_lists.diagnostics);
  const Value rules = good_lists.config->firewall.show();
  const Value* rejected = rules.find("ip_reject");
  ASSERT_NE(rejected, nullptr);
  ASSERT_THAT(rejected->items, SizeIs(3));
  EXPECT_EQ(placeText(rejected->items[1].mark, good_lists.diagnostics), "lists/bad:3");
  EXPECT_THAT(good_lists.config->trusted_proxies.show().items, SizeIs(1));

  const Loaded bad_lists = loadWith(text, {{"lists/bad", "  10.1.2.3/8\n"}});
  EXPECT_EQ(renderText(bad_lists.diagnostics),
            R"(fairlead.yaml:1:18: error: cannot read `lists/proxies`: No such file or directory
   1 | trusted_proxies: "@lists/proxies"
     |                  ^^^^^^^^^^^^^^^^
     = expected a file with one entry a line

lists/bad:1:3: error: `10.1.2.3/8` has host bits set beyond its prefix
   1 |   10.1.2.3/8
     |   ^^^^^^^^^^
     = expected an address or a network, such as 10.0.0.1, 10.0.0.0/8 or "2001:db8::/32"
     = did you mean `10.0.0.0/8`?

2 errors
)");
}

TEST(ConfigTest, AFileThatIsNotThereIsOneFinding) {
  const Loaded loaded = loadFile("/nonexistent/fairlead.yaml", testEnvironment);
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(
      renderText(loaded.diagnostics),
      "/nonexistent/fairlead.yaml: error: cannot be read: No such file or directory\n\n1 error\n");
  EXPECT_FALSE(loadFile("/", testEnvironment).config);
}

TEST(ConfigTest, AByteOrderMarkIsNoText) {
  EXPECT_THAT(good("\xEF\xBB\xBF" + std::string(kRoute)).routes, SizeIs(1));
}

}  // namespace
}  // namespace fairlead::config
