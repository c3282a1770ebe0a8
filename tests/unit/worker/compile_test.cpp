// From the text of a configuration to what serves traffic: the facts that must arrive.
#include <gtest/gtest.h>

#include <string>

#include "config/load.h"
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
  return compile(*loaded.config);
}

const upstream::Pool& poolOf(const Snapshot& snapshot, std::string_view name) {
  for (const auto& pool : snapshot.plan.pools)
    if (pool->name == name) return *pool;
  throw std::runtime_error("no such pool");
}

// The route that takes the request, or nullptr.
const proxy::RoutePlan* routeOf(const Snapshot& snapshot, std::string_view host,
                                std::string_view path) {
  const route::RouteMatch match = snapshot.plan.router.match({.host = host, .path = path});
  return match.route == route::kNone ? nullptr
                                     : &snapshot.plan.routes[static_cast<size_t>(match.route)];
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
  EXPECT_TRUE(
      snapshot_.plan.firewall.judge(*IpAddress::parse("203.0.113.7"), "/", nullptr).has_value());
}

TEST_F(CompileFull, Servers) {
  const upstream::Pool& api = poolOf(snapshot_, "api");
  ASSERT_EQ(api.servers.size(), 2u);
  ASSERT_EQ(api.endpoints.size(), 2u);
  EXPECT_EQ(api.endpoints[0], api.servers[0].get());
  const balance::Endpoint& plain = *api.endpoints[0];
  EXPECT_EQ(plain.address, "10.0.1.1:9000");
  EXPECT_EQ(plain.name, plain.address);
  EXPECT_EQ(plain.host, "10.0.1.1");
  EXPECT_EQ(plain.port, 9000);
  EXPECT_EQ(plain.weight, 1u);
  EXPECT_EQ(plain.max_requests, 0u);
  EXPECT_EQ(plain.health.load(), balance::Health::Unknown);
  const balance::Endpoint& big = *api.endpoints[1];
  EXPECT_EQ(big.name, "big");
  EXPECT_EQ(big.weight, 3u);
  EXPECT_EQ(big.max_requests, 200u);
}

TEST_F(CompileFull, PoolsMergeOverTheDefaults) {
  const upstream::Pool& api = poolOf(snapshot_, "api");
  EXPECT_EQ(api.policy->name, "least_connections");
  EXPECT_EQ(api.health.path.value, "/ready");
  EXPECT_EQ(api.health.every.value, 5s);
  EXPECT_EQ(api.timeouts.upstream_idle.value, 9s);
  EXPECT_EQ(api.timeouts.connect.value, 1s);
  EXPECT_EQ(api.retry.attempts.value, 2u);
  EXPECT_TRUE(api.checked());
}

TEST_F(CompileFull, Routes) {
  const proxy::RoutePlan* api = routeOf(snapshot_, "shop.example.com", "/api/x");
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(snapshot_.plan.pools[api->pool]->name, "api");
  EXPECT_FALSE(api->respond);
  EXPECT_EQ(api->timeouts.response.value, 5s);
  EXPECT_EQ(api->timeouts.connect.value, 1s);
  EXPECT_FALSE(api->rewrite.empty());
  EXPECT_FALSE(api->params.empty());
  EXPECT_FALSE(api->headers.empty());
  EXPECT_EQ(api->max_body, uint64_t{1} << 20);
  EXPECT_EQ(api->path_bytes, http::h1::PathBytes::Raw);

  const proxy::RoutePlan* rest = routeOf(snapshot_, "shop.example.com", "/");
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(snapshot_.plan.pools[rest->pool]->endpoints[0]->address, "10.0.0.1:8080");
  EXPECT_EQ(rest->timeouts.response.value, 40s);
  EXPECT_TRUE(rest->rewrite.empty());
  EXPECT_EQ(rest->path_bytes, http::h1::PathBytes::Canonical);

  const proxy::RoutePlan* ok = routeOf(snapshot_, "shop.example.com", "/ok");
  ASSERT_NE(ok, nullptr);
  ASSERT_TRUE(ok->respond);
  EXPECT_EQ(ok->respond->show().find("body")->text, "ok");

  EXPECT_NE(routeOf(snapshot_, "unknown.test", "/mango"), nullptr);
  EXPECT_EQ(routeOf(snapshot_, "unknown.test", "/mango/x"), nullptr);
  EXPECT_EQ(routeOf(snapshot_, "shop.example.com", "/mango"), rest);
}

TEST_F(CompileFull, Hosts) {
  ASSERT_EQ(snapshot_.plan.hosts.size(), 1u);
  EXPECT_EQ(snapshot_.plan.hosts[0].name, "shop.example.com");
  EXPECT_TRUE(
      snapshot_.plan.hosts[0].firewall.judge(IpAddress(), "/internal/x", nullptr).has_value());
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
  EXPECT_EQ(snapshot.plan.pools[all->mirror->pool]->name, "shadow");
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
  EXPECT_EQ(route->retry.attempts.value, 1u);
  const upstream::Pool& pool = *snapshot.plan.pools[route->pool];
  EXPECT_EQ(pool.policy->name, "p2c");
  EXPECT_FALSE(pool.checked()) << "a pool of one server is not checked unless asked to";
}

}  // namespace
}  // namespace fairlead::worker
