// From the text of a configuration to what serves traffic: the facts that must arrive.
#include <gtest/gtest.h>

#include <string>

#include "config/load.h"
#include "unit/firewall/asked.h"
#include "worker/snapshot.h"

namespace fairlead::worker {
namespace {

using namespace std::chrono_literals;

Snapshot compiled(std::string text) {
  const config::Loaded loaded = config::loadText("fairlead.yaml", std::move(text),
                                                 [](std::string_view) { return std::nullopt; });
  for (const Diagnostic& finding : loaded.diagnostics.all())
    EXPECT_NE(finding.severity, Diagnostic::Severity::Error) << finding.message;
  if (!loaded.config) throw std::runtime_error("the configuration has errors");
  return compile(*loaded.config, {.workers = 3, .sticky_secret = "secret"});
}

const upstream::Pool& poolOf(const Snapshot& snapshot, std::string_view name) {
  for (const auto& pool : snapshot.plan.pools)
    if (pool->name() == name) return *pool;
  throw std::runtime_error("no such pool");
}

// The route that takes the request, or nullptr.
const proxy::RoutePlan* routeOf(const Snapshot& snapshot, std::string_view host,
                                std::string_view path) {
  const route::RouteMatch match = snapshot.plan.router.match({.host = host, .path = path});
  return match.route == route::kNone ? nullptr
                                     : &snapshot.plan.routes[static_cast<size_t>(match.route)];
}

std::string_view poolNameOf(const Snapshot& snapshot, const proxy::RoutePlan& route,
                            size_t leg = 0) {
  return snapshot.plan.pools[route.legs.at(leg).pool]->name();
}

const char* const kFull = R"(
listen: [{ http: "127.0.0.1:8080" }, { http: "unix:/run/fairlead/web.sock" }, { http: 8081 }]
trusted_proxies: [10.0.0.0/8]
defaults:
  balance: round_robin
  health: { path: /healthz, every: 5s }
  timeouts: { head: 3s, idle: 7s, connect: 1s, response: 40s }
  retry: { attempts: 2 }
firewall_rules: { ip_reject: [203.0.113.7] }
pools:
  api:
    servers:
      - 10.0.1.1:9000
      - { url: "10.0.1.2:9000", weight: 3, max_requests: 200, name: big }
    balance: least_connections
    health: { path: /ready }
    timeouts: { upstream_idle: 9s }
hosts:
  - host: shop.example.com
    firewall_rules: { path_reject: [/internal] }
    header_rules: { add: { X-Edge: fairlead } }
    max_body: 1MiB
    paths:
      - path: /api
        pool: api
        timeouts: { response: 5s }
        rewrite_rules: { replace: { v1: v2 } }
        param_rules: { remove: [utm_source] }
        path_policy: raw
      - path: /ok
        respond: { status: 200, body: ok }
    servers: [10.0.0.1:8080]
paths:
  - path: /mango
    exact: true
    servers: [localhost:8081, localhost:8082]
)";

class CompileFull : public testing::Test {
 protected:
  const Snapshot snapshot_ = compiled(kFull);
};

TEST_F(CompileFull, Listens) {
  ASSERT_EQ(snapshot_.listens.size(), 3u);
  EXPECT_EQ(snapshot_.listens[0].text(), "127.0.0.1:8080");
  EXPECT_EQ(snapshot_.listens[1].text(), "unix:/run/fairlead/web.sock");
  EXPECT_EQ(snapshot_.listens[2].text(), "*:8081");
}

TEST_F(CompileFull, ClientLimits) {
  EXPECT_EQ(snapshot_.client_limits.head_time, 3s);
  EXPECT_EQ(snapshot_.client_limits.idle_time, 7s);
  EXPECT_EQ(snapshot_.client_limits.head.head_bytes, 32u * 1024);
  EXPECT_EQ(snapshot_.client_limits.head.line_bytes, 8u * 1024);
  EXPECT_EQ(snapshot_.client_limits.head.fields, 100u);
}

TEST_F(CompileFull, GlobalRules) {
  EXPECT_TRUE(snapshot_.plan.trusted.trusts(*IpAddress::parse("10.1.2.3")));
  EXPECT_FALSE(snapshot_.plan.trusted.trusts(*IpAddress::parse("192.0.2.1")));
  EXPECT_EQ(firewall::Asked("/").client("203.0.113.7").hitBy(snapshot_.plan.firewall),
            "firewall ip_reject 203.0.113.7/32");
}

TEST_F(CompileFull, Servers) {
  const upstream::Pool& api = poolOf(snapshot_, "api");
  const auto& servers = api.roster()->servers;
  ASSERT_EQ(servers.size(), 2u);
  const upstream::Server& plain = *servers[0];
  EXPECT_EQ(plain.address, "10.0.1.1:9000");
  EXPECT_EQ(plain.name, plain.address);
  EXPECT_EQ(plain.host, "10.0.1.1");
  ASSERT_EQ(plain.addresses.size(), 1u);
  EXPECT_EQ(plain.addresses[0].text(), "10.0.1.1:9000");
  EXPECT_EQ(plain.weight, 1u);
  EXPECT_EQ(plain.max_requests, 0u);
  EXPECT_EQ(plain.active.load(), upstream::ActiveHealth::Unknown);
  const upstream::Server& big = *servers[1];
  EXPECT_EQ(big.name, "big");
  EXPECT_EQ(big.weight, 3u);
  EXPECT_EQ(big.max_requests, 200u);
}

TEST_F(CompileFull, PoolsMergeOverTheDefaults) {
  const upstream::Pool& pool = poolOf(snapshot_, "api");
  const upstream::PoolSettings& api = pool.settings;
  EXPECT_EQ(api.balance.policy.value->name, "least_connections");
  EXPECT_EQ(api.health.path.value, "/ready");
  EXPECT_EQ(api.health.every.value, 5s);
  EXPECT_EQ(api.timeouts.upstream_idle.value, 9s);
  EXPECT_EQ(api.timeouts.connect.value, 1s);
  EXPECT_EQ(api.retry.attempts.value, 2u);
  EXPECT_TRUE(pool.checked());
  EXPECT_EQ(pool.tallies.size(), 3u) << "one for each worker";
}

TEST_F(CompileFull, Routes) {
  const proxy::RoutePlan* api = routeOf(snapshot_, "shop.example.com", "/api/x");
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(poolNameOf(snapshot_, *api), "api");
  EXPECT_EQ(api->legs.size(), 1u);
  EXPECT_FALSE(api->respond);
  EXPECT_FALSE(api->split);
  EXPECT_EQ(api->legs[0].timeouts.response.value, 5s);
  EXPECT_EQ(api->legs[0].timeouts.connect.value, 1s);
  EXPECT_FALSE(api->rewrite.empty());
  EXPECT_FALSE(api->params.empty());
  EXPECT_FALSE(api->level.headers.empty());
  EXPECT_EQ(api->max_body, uint64_t{1} << 20);
  EXPECT_EQ(api->path_bytes, http::h1::PathBytes::Raw);

  const proxy::RoutePlan* rest = routeOf(snapshot_, "shop.example.com", "/");
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(snapshot_.plan.pools[rest->legs[0].pool]->roster()->servers[0]->address,
            "10.0.0.1:8080");
  EXPECT_EQ(rest->legs[0].timeouts.response.value, 40s);
  EXPECT_TRUE(rest->rewrite.empty());
  EXPECT_EQ(rest->path_bytes, http::h1::PathBytes::Canonical);

  const proxy::RoutePlan* ok = routeOf(snapshot_, "shop.example.com", "/ok");
  ASSERT_NE(ok, nullptr);
  ASSERT_TRUE(ok->respond);
  EXPECT_TRUE(ok->legs.empty());
  EXPECT_EQ(ok->respond->show().find("body")->text, "ok");

  EXPECT_NE(routeOf(snapshot_, "unknown.test", "/mango"), nullptr);
  EXPECT_EQ(routeOf(snapshot_, "unknown.test", "/mango/x"), nullptr);
  EXPECT_EQ(routeOf(snapshot_, "shop.example.com", "/mango"), rest);
}

TEST_F(CompileFull, Hosts) {
  ASSERT_EQ(snapshot_.plan.hosts.size(), 1u);
  EXPECT_EQ(snapshot_.plan.hosts[0].name, "shop.example.com");
  EXPECT_EQ(firewall::Asked("/internal/x").hitBy(snapshot_.plan.hosts[0].firewall),
            "firewall path_reject /internal");
}

TEST(Compile, SplitsHaveALegForEachPool) {
  const Snapshot snapshot = compiled(R"(
pools:
  stable: { servers: [a:1], timeouts: { response: 5s } }
  canary: { servers: [b:1], retry: off }
  unused: { servers: [c:1] }
paths:
  - { path: /, split: { stable: 95, canary: 5, unused: 0 } }
  - { path: /all, split: { canary: 100 } }
)");
  const proxy::RoutePlan* split = routeOf(snapshot, "x", "/");
  ASSERT_NE(split, nullptr);
  ASSERT_EQ(split->legs.size(), 3u);
  ASSERT_TRUE(split->split);
  const struct {
    const char* pool;
    uint32_t percent;
    Duration response;
    uint32_t attempts;
  } rows[] = {{"stable", 95, 5s, 1}, {"canary", 5, 60s, 0}, {"unused", 0, 60s, 1}};
  for (size_t i = 0; i < std::size(rows); ++i) {
    const filter::SplitArm& arm = split->split->arms()[i];
    EXPECT_EQ(poolNameOf(snapshot, *split, i), rows[i].pool);
    EXPECT_EQ(arm.pool_name, rows[i].pool);
    EXPECT_EQ(arm.pool, split->legs[i].pool) << rows[i].pool;
    EXPECT_EQ(arm.percent, rows[i].percent) << rows[i].pool;
    EXPECT_FALSE(arm.mark.isBuiltIn()) << rows[i].pool;
    EXPECT_EQ(split->legs[i].timeouts.response.value, rows[i].response) << rows[i].pool;
    EXPECT_EQ(split->legs[i].retry.attempts.value, rows[i].attempts) << rows[i].pool;
  }
  const proxy::RoutePlan* all = routeOf(snapshot, "x", "/all");
  ASSERT_EQ(all->legs.size(), 1u);
  EXPECT_FALSE(all->split) << "there is nothing to choose";
}

TEST(Compile, RoutesOfFairleadsOwnAnswers) {
  const Snapshot snapshot = compiled(R"(
hosts: [{ host: a, redirect: https }]
paths:
  - { path: /old, redirect: { replace_prefix: /new } }
  - { path: /ok, respond: 200 }
)");
  const proxy::RoutePlan* old = routeOf(snapshot, "x", "/old/page");
  ASSERT_TRUE(old->redirect);
  EXPECT_EQ(old->path, "/old") << "what replace_prefix replaces";
  EXPECT_TRUE(old->legs.empty());
  EXPECT_FALSE(old->respond);
  EXPECT_TRUE(routeOf(snapshot, "x", "/ok")->respond);
  const auto routed = [&](std::string_view scheme) {
    return snapshot.plan.router.match({.host = "a", .path = "/", .scheme = scheme}).route;
  };
  EXPECT_NE(routed("http"), route::kNone);
  EXPECT_EQ(routed("https"), route::kNone) << "it would lead to itself";
}

// What a level says holds for answers as well where the request came no further.
TEST(Compile, LevelsOfAnswers) {
  const Snapshot snapshot = compiled(R"(
defaults: { error_pages: { 404: gone }, header_rules: { response: { add: { X-A: a } } } }
hosts:
  - host: a
    error_pages: { 503: later }
    cookie_rules: { response: { secure: true } }
    paths: [{ path: /p, servers: [a:1], error_pages: { 502: broken } }]
)");
  const proxy::Plan& plan = snapshot.plan;
  const proxy::LevelPlan& host = plan.hosts[0].level;
  const proxy::LevelPlan& route = routeOf(snapshot, "a", "/p")->level;
  const struct {
    const char* name;
    const proxy::LevelPlan& level;
    std::vector<uint16_t> pages;
    bool has_cookies;
  } rows[] = {{"defaults", plan.level, {404}, false},
              {"host", host, {404, 503}, true},
              {"route", route, {404, 502, 503}, true}};
  for (const auto& row : rows) {
    std::vector<uint16_t> pages;
    for (const uint16_t status : {404, 502, 503})
      if (row.level.error_pages.find(status)) pages.push_back(status);
    EXPECT_EQ(pages, row.pages) << row.name;
    EXPECT_TRUE(row.level.headers.hasResponse()) << row.name;
    EXPECT_EQ(row.level.cookies.hasResponse(), row.has_cookies) << row.name;
  }
}

// A route pays only for what its texts ask for.
TEST(Compile, KnowsWhatTextsNeed) {
  const struct {
    const char* name;
    const char* rules;  // of a route for path_regex ^/(.*)$
    bool fields;
    bool captures;
    bool waits;
    bool time;
  } rows[] = {
      {"constants", "servers: [a:1], header_rules: { add: { A: b } }", false, false, false, false},
      {"no rules at all", "servers: [a:1]", false, false, false, false},
      {"what is always known", "servers: [a:1], header_rules: { add: { A: \"{client_ip}\" } }",
       false, false, false, false},
      {"a field", "servers: [a:1], header_rules: { add: { A: \"{header.B}\" } }", true, false,
       false, false},
      {"a cookie in a parameter", "servers: [a:1], param_rules: { add: { a: \"{cookie.b}\" } }",
       true, false, false, false},
      {"a capture in a path", "servers: [a:1], rewrite_rules: { replace_path: \"/x/{capture.1}\" }",
       false, true, false, false},
      {"a capture in a redirect", "redirect: { path: \"/x/{capture.1}\" }", false, true, false,
       false},
      {"a capture in an answer", "respond: { body: \"{capture.1}\" }", false, true, false, false},
      {"a capture in a cookie", "servers: [a:1], cookie_rules: { add: { a: \"{capture.1}\" } }",
       false, true, false, false},
      {"the server in a field", "servers: [a:1], header_rules: { add: { A: \"{server}\" } }", false,
       false, true, false},
      {"the server in a cookie", "servers: [a:1], cookie_rules: { add: { a: \"{server}\" } }",
       false, false, true, false},
      {"the server in a response",
       "servers: [a:1], header_rules: { response: { add: { A: \"{server}\" } } }", false, false,
       false, false},
      {"a field in a response",
       "servers: [a:1], header_rules: { response: { add: { A: \"{header.B}\" } } }", true, false,
       false, false},
      {"a field in an error page", "servers: [a:1], error_pages: { 5xx: \"{header.B}\" }", true,
       false, false, false},
      {"the time", "servers: [a:1], header_rules: { add: { A: \"{time}\" } }", false, false, false,
       true},
      {"the time in a response",
       "servers: [a:1], header_rules: { response: { add: { A: \"{time}\" } } }", false, false,
       false, true},
      {"the time in an answer", "respond: { body: \"{time}\" }", false, false, false, true},
  };
  for (const auto& row : rows) {
    const Snapshot snapshot =
        compiled(std::string("paths: [{ path_regex: \"^/(.*)$\", ") + row.rules + " }]\n");
    const proxy::RoutePlan* route = routeOf(snapshot, "x", "/y");
    ASSERT_NE(route, nullptr) << row.name;
    EXPECT_EQ(route->needs.fields, row.fields) << row.name;
    EXPECT_EQ(route->needs.captures, row.captures) << row.name;
    EXPECT_EQ(route->rules_wait_for_server, row.waits) << row.name;
    EXPECT_EQ(snapshot.plan.needs_time, row.time) << row.name;
  }
}

// Where no route is, a host's level and the defaults have texts too.
TEST(Compile, KnowsWhoAsksForTheTime) {
  const struct {
    const char* name;
    const char* text;
    bool time;
  } rows[] = {
      {"nobody", "paths: [{ path: /, respond: 200 }]", false},
      {"an error page of the defaults",
       "{ defaults: { error_pages: { 404: \"{time}\" } }, hosts: [{ host: a, servers: [a:1], "
       "error_pages: off }] }",
       true},
      {"an answer's field of a host",
       "hosts: [{ host: a, header_rules: { response: { add: { A: \"{time}\" } } }, paths: [{ "
       "path: /x, servers: [a:1], header_rules: { response: { add: { A: b } } } }] }]",
       true},
  };
  for (const auto& row : rows) EXPECT_EQ(compiled(row.text).plan.needs_time, row.time) << row.name;
}

TEST(Compile, KnowsWhetherAnyRouteHasCors) {
  const struct {
    const char* name;
    const char* cors;
    bool has;
  } rows[] = {{"an origin", "https://b.example", true}, {"off", "off", false}};
  for (const auto& row : rows)
    EXPECT_EQ(
        compiled(std::string("paths: [{ path: /, servers: [a:1], cors: ") + row.cors + " }]\n")
            .plan.has_cors,
        row.has)
        << row.name;
}

TEST(Compile, EachLogIsOneNumber) {
  const Snapshot snapshot = compiled(R"(
log: all.log
hosts:
  - host: a
    log: a.log
    servers: [a:1]
    paths:
      - { path: /b, respond: 200, log: ./logs/../all.log }
      - { path: /c, respond: 200, log: off }
      - { path: /d, respond: 200, log: stderr }
  - { host: b, log: off, servers: [a:1] }
paths: [{ path: /e, respond: 200 }, { path: /f, respond: 200, log: a.log }]
)");
  EXPECT_EQ(snapshot.access_logs, (std::vector<std::string>{"all.log", "a.log", "stderr"}));
  EXPECT_EQ(snapshot.plan.log, 0u);
  ASSERT_EQ(snapshot.plan.hosts.size(), 2u);
  EXPECT_EQ(snapshot.plan.hosts[0].log, 1u);
  EXPECT_EQ(snapshot.plan.hosts[1].log, proxy::kNoLog);
  const struct {
    const char* host;
    const char* path;
    uint32_t log;
  } rows[] = {
      {"a", "/", 1},
      {"a", "/b", 0},
      {"a", "/c", proxy::kNoLog},
      {"a", "/d", 2},
      {"b", "/", proxy::kNoLog},
      {"x", "/e", 0},
      {"x", "/f", 1},
  };
  for (const auto& row : rows)
    EXPECT_EQ(routeOf(snapshot, row.host, row.path)->log, row.log) << row.host << row.path;
}

TEST(Compile, NoLogAtAll) {
  const Snapshot snapshot = compiled("log: off\npaths: [{ path: /, respond: 200 }]\n");
  EXPECT_TRUE(snapshot.access_logs.empty());
  EXPECT_EQ(snapshot.plan.log, proxy::kNoLog);
  EXPECT_EQ(routeOf(snapshot, "x", "/")->log, proxy::kNoLog);
}

TEST(Compile, MirrorsAndPriorities) {
  const Snapshot snapshot = compiled(R"(
pools: { shop: { servers: [a:1] }, shadow: { servers: [b:1] } }
defaults: { mirror: { pool: shadow, percent: 5, max_body: 1KiB } }
paths:
  - { path: /, pool: shop, priority: batch }
  - { path: /off, pool: shop, mirror: off }
  - { path: /own, respond: 200 }
)");
  const proxy::RoutePlan* all = routeOf(snapshot, "x", "/");
  ASSERT_TRUE(all->mirror);
  EXPECT_EQ(snapshot.plan.pools[all->mirror->pool]->name(), "shadow");
  EXPECT_DOUBLE_EQ(all->mirror->share, 0.05);
  EXPECT_EQ(all->mirror->max_body, 1024u);
  EXPECT_EQ(all->priority, upstream::Priority::Batch);
  EXPECT_FALSE(routeOf(snapshot, "x", "/off")->mirror);
  EXPECT_EQ(routeOf(snapshot, "x", "/off")->priority, upstream::Priority::Normal);
  EXPECT_FALSE(routeOf(snapshot, "x", "/own")->mirror) << "there is nothing to copy";
}

TEST(Compile, TheSmallestFileHasTheDefaults) {
  const Snapshot snapshot = compiled("hosts: [{ host: \"*\", servers: [localhost:8081] }]");
  ASSERT_EQ(snapshot.listens.size(), 1u);
  EXPECT_EQ(snapshot.listens[0].text(), "*:8080");
  EXPECT_EQ(snapshot.client_limits.head_time, 10s);
  EXPECT_EQ(snapshot.client_limits.idle_time, 75s);
  const proxy::RoutePlan* route = routeOf(snapshot, "any.test", "/x");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->max_body, UINT64_MAX);
  EXPECT_EQ(route->legs[0].retry.attempts.value, 1u);
  const upstream::Pool& pool = *snapshot.plan.pools[route->legs[0].pool];
  EXPECT_EQ(pool.settings.balance.policy.value->name, "p2c");
  EXPECT_FALSE(pool.checked()) << "a pool of one server is not checked unless asked to";
}

}  // namespace
}  // namespace fairlead::worker
