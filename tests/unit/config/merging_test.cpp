// How the levels of a file merge: defaults, host, path, pool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/log_settings.h"
#include "unit/config/good.h"

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

TEST(Merging, InnerLevelsMergeOverOuterOnesKeyByKey) {
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
  EXPECT_EQ(poolOf(config, 0).rules.balance.policy.value->name, "random");
  EXPECT_FALSE(poolOf(config, 0).checksHealth()) << "one server, and nobody asked for checks";

  const Route& inner = config.routes[1];
  EXPECT_EQ(inner.match.path, "/b");
  EXPECT_EQ(inner.match.name, "a.example /b");
  EXPECT_EQ(inner.timeouts.response.value, 20s);
  EXPECT_EQ(inner.timeouts.total.value, 40s);
  EXPECT_EQ(inner.timeouts.total.origin.line, 18u);
  EXPECT_EQ(inner.rules.max_body.value, 0u);
  EXPECT_EQ(inner.rules.path_policy.value, PathPolicy::Raw);
  EXPECT_EQ(poolOf(config, 1).name, "a.example/b");
  EXPECT_EQ(poolOf(config, 1).rules.balance.policy.value->name, "round_robin");
  EXPECT_EQ(poolOf(config, 1).rules.timeouts.total.value, 40s);
  EXPECT_TRUE(poolOf(config, 1).checksHealth());
}

TEST(Merging, ThePoolIsTheInnermostLevel) {
  const Config config = good(R"(
pools:
  slow: { servers: [localhost:1], timeouts: { response: 5m }, retry: { attempts: 2 } }
hosts:
  - host: a.example
    timeouts: { response: 5s, total: 10m }
    retry: off
    pool: slow
)");
  const Route& route = config.routes[0];
  ASSERT_THAT(route.legs(), SizeIs(1));
  const Leg& leg = route.legs()[0];
  EXPECT_EQ(leg.timeouts.response.value, 5min);
  EXPECT_EQ(leg.timeouts.total.value, 10min);
  EXPECT_EQ(leg.retry.attempts.value, 2u);
  EXPECT_EQ(route.timeouts.response.value, 5s) << "what the levels outside of the pool say";
  EXPECT_EQ(route.retry.attempts.value, 0u);
  EXPECT_EQ(config.pools[0].rules.timeouts.total.value, 0s);
}

struct LogRow {
  const char* name;
  const char* text;
  std::vector<std::string> hosts;   // where each host's requests without a route are logged
  std::vector<std::string> routes;  // and those of each route
};

TEST(Merging, LogsOfInnerLevelsReplaceOuterOnes) {
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

TEST(Merging, MirrorsAreFoundByName) {
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
    SCOPED_TRACE(config.routes[i].match.name);
    const auto& mirror = config.routes[i].mirror;
    EXPECT_EQ(mirror ? config.pools.at(mirror->value).name : "", rows[i].pool);
    EXPECT_DOUBLE_EQ(config.routes[i].rules.mirror.share, rows[i].share);
  }
  EXPECT_EQ(config.routes[1].rules.mirror.max_body.value, 1u << 20);
}

TEST(Merging, APoolOfMirrorsAloneIsUsed) {
  const Loaded loaded = loadWith(
      "pools: { shadow: { servers: [a:1] } }\n"
      "paths: [{ path: /, servers: [b:1], mirror: shadow }]\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(renderText(loaded.diagnostics), "");
}

TEST(Merging, PrioritiesMerge) {
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
    EXPECT_EQ(config.routes[i].rules.priority.value, expected[i]) << config.routes[i].match.name;
  EXPECT_EQ(good(kRoute).routes[0].rules.priority.value, Priority::Normal);
}

}  // namespace
}  // namespace fairlead::config
