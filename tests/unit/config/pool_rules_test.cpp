// What heals pools and what limits them, through the levels of a file; tiers and zones of servers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/good.h"

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using upstream::LimitMode;

TEST(PoolRules, BeginWithTheBuiltInValues) {
  const Config config = good(kRoute);
  const PoolRules& rules = poolOf(config, 0).rules;
  EXPECT_EQ(rules.slow_start.value, 10s);
  EXPECT_FALSE(rules.sticky.on());
  EXPECT_EQ(rules.max_requests, 0u);
  EXPECT_EQ(rules.limit.mode.value, LimitMode::Observe);
  EXPECT_EQ(rules.queue.limit, 0u);
  EXPECT_EQ(rules.queue.timeout.value, 1s);
  EXPECT_FALSE(rules.breaker.on);
  EXPECT_TRUE(rules.health.passive.on);
  EXPECT_EQ(rules.send_proxy_protocol.value, upstream::SendProxyProtocol::Off);
}

TEST(PoolRules, MergeFromDefaultsToPoolsAndPaths) {
  const Config config = good(R"(
defaults:
  slow_start: 5s
  sticky: { cookie: all, secret: 0123456789abcdef }
  max_requests: 100
  limit: adaptive
  queue: { limit: 10, timeout: 2s }
  breaker: { errors: 10%, open: 1s }
  health: { passive: { consecutive: 3, eject: 1s } }
  send_proxy_protocol: v2
pools:
  named:
    servers: [a:1, b:1]
    sticky: { cookie: own }
    queue: 20
    breaker: { open: 3s }
    send_proxy_protocol: off
    health: { passive: { eject: 2s } }
hosts:
  - host: a.example
    sticky: { learn: sid }
    max_requests: off
    send_proxy_protocol: v1
    queue: { timeout: 4s }
    paths:
      - { path: /named, pool: named }
      - { path: /inline, servers: [a:1, b:1], limit: 8, breaker: off, slow_start: off }
)");
  const PoolRules& named = poolOf(config, 0).rules;
  EXPECT_EQ(named.slow_start.value, 5s);
  EXPECT_EQ(named.sticky.cookie.value, "own");
  EXPECT_EQ(named.sticky.secret.value, "") << "what is said of a cookie is replaced as a whole";
  EXPECT_EQ(named.max_requests, 100u) << "the host's words are for its own servers";
  EXPECT_EQ(named.limit.mode.value, LimitMode::Adaptive);
  EXPECT_EQ(named.queue.limit, 20u);
  EXPECT_EQ(named.queue.timeout.value, 2s);
  EXPECT_DOUBLE_EQ(named.breaker.errors, 0.1);
  EXPECT_EQ(named.breaker.open.value, 3s);
  EXPECT_EQ(named.health.passive.consecutive, 3u);
  EXPECT_EQ(named.health.passive.eject.value, 2s);
  EXPECT_EQ(named.send_proxy_protocol.value, upstream::SendProxyProtocol::Off);

  const PoolRules& own = poolOf(config, 1).rules;
  EXPECT_EQ(own.slow_start.value, 0s);
  EXPECT_EQ(own.sticky.learn.value, "sid");
  EXPECT_EQ(own.sticky.cookie.value, "");
  EXPECT_EQ(own.max_requests, 0u);
  EXPECT_EQ(own.limit.mode.value, LimitMode::Fixed);
  EXPECT_EQ(own.limit.fixed, 8u);
  EXPECT_EQ(own.queue.limit, 10u);
  EXPECT_EQ(own.queue.timeout.value, 4s);
  EXPECT_FALSE(own.breaker.on);
  EXPECT_EQ(own.send_proxy_protocol.value, upstream::SendProxyProtocol::V1);
}

TEST(PoolRules, RetriesAreTheRoutesAndThePoolIsInnermost) {
  const Config config = good(R"(
defaults: { retry: { per_try: 1s, hedge: { after: p99 } } }
pools:
  patient: { servers: [a:1, b:1], retry: { per_try: off, buffer: 1MiB } }
  other: { servers: [a:1, b:1] }
hosts:
  - host: a.example
    retry: { hedge: { budget: 1% } }
    split: { patient: 50, other: 50 }
    paths: [{ path: /x, pool: other, retry: { hedge: off, buffer: off } }]
)");
  ASSERT_THAT(config.routes, SizeIs(2));
  const auto legs = config.routes[0].legs();
  ASSERT_THAT(legs, SizeIs(2));
  EXPECT_EQ(legs[0].retry.per_try.value, 0s);
  EXPECT_EQ(legs[0].retry.buffer.value, 1u << 20);
  EXPECT_TRUE(legs[0].retry.hedge.on);
  EXPECT_DOUBLE_EQ(legs[0].retry.hedge.quantile, 0.99);
  EXPECT_DOUBLE_EQ(legs[0].retry.hedge.budget, 0.01);
  EXPECT_EQ(legs[1].retry.per_try.value, 1s);
  EXPECT_EQ(legs[1].retry.buffer.value, 65536u);
  EXPECT_FALSE(config.routes[1].legs()[0].retry.hedge.on);
  EXPECT_EQ(config.routes[1].legs()[0].retry.buffer.value, 0u);
}

TEST(Servers, HaveTiersAndZones) {
  const struct {
    const char* name;
    const char* server;
    uint32_t tier;
    const char* zone;
  } rows[] = {
      {"short form", "a:1", 0, ""},
      {"nothing said", "{ url: a:1 }", 0, ""},
      {"a tier", "{ url: a:1, tier: 15 }", 15, ""},
      {"a backup", "{ url: a:1, backup: true }", 1, ""},
      {"no backup", "{ url: a:1, backup: false }", 0, ""},
      {"no backup, and a tier", "{ url: a:1, backup: false, tier: 2 }", 2, ""},
      {"a zone", "{ url: a:1, zone: west }", 0, "west"},
      {"a zone that the environment leaves empty", "{ url: a:1, zone: \"${ZONE:-}\" }", 0, ""},
  };
  for (const auto& row : rows) {
    const Config config =
        good(fmt::format("zone: east\npaths: [{{ path: /, servers: [{}] }}]\n", row.server));
    const Server& server = poolOf(config, 0).servers.at(0);
    EXPECT_EQ(server.tier, row.tier) << row.name;
    EXPECT_EQ(server.zone.value, row.zone) << row.name;
  }
}

// Warnings about files that load, or "".
std::string warningsOf(const std::string& text) {
  const Loaded loaded = loadWith(text);
  EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  std::string told;
  for (const Diagnostic& finding : loaded.diagnostics.all())
    told += fmt::format("{}:{} ", finding.mark.line, finding.message);
  return told;
}

TEST(PoolRules, WarnOnlyOfWhatHasNoEffectAnywhere) {
  constexpr const char* kSpread = "clients with sticky cookies are spread anew after a restart";
  const struct {
    const char* name;
    std::string text;
    const char* warning;
  } rows[] = {
      {"a queue behind a pool's limit", "servers: [a:1], queue: 5, max_requests: 9", ""},
      {"a queue behind a server's limit", "servers: [{ url: a:1, max_requests: 9 }], queue: 5", ""},
      {"a queue behind a number", "servers: [a:1], queue: 5, limit: 9", ""},
      {"a queue behind latency", "servers: [a:1], queue: 5, limit: adaptive", ""},
      {"a queue behind a limit that is not enforced", "servers: [a:1], queue: 5, limit: observe",
       "1:nothing ever waits in it"},
      {"a queue behind no limit", "servers: [a:1], queue: {}, limit: off",
       "1:nothing ever waits in it"},
      {"one server", "servers: [a:1], sticky: { cookie: srv, secret: 0123456789abcdef }", ""},
      {"a cookie without a secret", "servers: [a:1], sticky: { cookie: srv }", kSpread},
      {"a cookie of the server", "servers: [a:1], sticky: { learn: srv }", ""},
      {"a zone", "servers: [{ url: a:1, zone: a }]", "1:no server is preferred by its zone"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string path = fmt::format("paths: [{{ path: /, {} }}]\n", row.text);
    const std::string told = warningsOf(path);
    EXPECT_EQ(told.empty(), std::string_view(row.warning).empty()) << told;
    EXPECT_THAT(told, HasSubstr(row.warning));
    if (row.warning == kSpread) EXPECT_EQ(warningsOf(path + "state: kept\n"), "");
    if (told.find("zone") != std::string::npos)
      EXPECT_EQ(warningsOf(path + "zone: \"${ZONE:-}\"\n"), "") << "known, if only to be none";
  }
}

TEST(Surroundings, AreReadFromTheTopOfTheFile) {
  const Config plain = good(kRoute);
  EXPECT_EQ(plain.zone.value, "");
  EXPECT_EQ(plain.state.value, "");
  EXPECT_TRUE(plain.dns_servers.value.empty());
  const Config config =
      good(std::string(kRoute) +
           "zone: west\nstate: kept\ndns: { servers: [127.0.0.1:8600, 10.0.0.2, \"[::1]:54\", "
           "\"[fe80::1]\"] }\n");
  EXPECT_EQ(config.zone.value, "west");
  EXPECT_EQ(config.state.value, "kept");
  std::vector<std::string> servers;
  for (const SocketAddress& server : config.dns_servers.value) servers.push_back(server.text());
  EXPECT_THAT(servers, ElementsAre("127.0.0.1:8600", "10.0.0.2:53", "[::1]:54", "[fe80::1]:53"));
  EXPECT_THAT(good(std::string(kRoute) + "dns: { servers: 10.0.0.2 }\n").dns_servers.value,
              SizeIs(1));
}

TEST(Surroundings, StateIsAFolderOfTheFileOrOfTheEnvironment) {
  const struct {
    const char* name;
    const char* line;
    const char* variable;  // $STATE_DIRECTORY; null: not set
    const char* folder;
  } rows[] = {
      {"nothing", "", nullptr, ""},
      {"an empty variable", "", "", ""},
      {"a service's own", "", "/var/lib/fairlead", "/var/lib/fairlead"},
      {"several", "", "/var/lib/a:/var/lib/b", "/var/lib/a"},
      {"beside the file", "state: kept\n", "/var/lib/a", "etc/kept"},
      {"elsewhere", "state: /srv/kept\n", nullptr, "/srv/kept"},
      {"off", "state: off\n", "/var/lib/a", ""},
      {"a folder of that name", "state: \"off\"\n", nullptr, "etc/off"},
  };
  for (const auto& row : rows) {
    const auto environment = [&](std::string_view name) -> std::optional<std::string> {
      if (name != "STATE_DIRECTORY" || row.variable == nullptr) return std::nullopt;
      return row.variable;
    };
    const Loaded loaded =
        loadText("etc/fairlead.yaml", std::string(kRoute) + row.line, environment, MapFiles({}));
    ASSERT_TRUE(loaded.config) << row.name;
    EXPECT_EQ(loaded.config->state.value, row.folder) << row.name;
  }
}

TEST(Surroundings, StandInTheMainFileOnly) {
  const Loaded loaded =
      loadWith("include: [a.yaml]\n" + std::string(kRoute),
               {{"a.yaml", "zone: west\ndns: { servers: [10.0.0.2] }\nstate: kept\nqueue: 5\n"}});
  std::vector<std::string> messages;
  for (const Diagnostic& finding : loaded.diagnostics.all()) messages.push_back(finding.message);
  EXPECT_THAT(messages, ElementsAre("`zone` cannot stand here", "`dns` cannot stand here",
                                    "`state` cannot stand here", "`queue` cannot stand here"));
}

}  // namespace
}  // namespace fairlead::config
