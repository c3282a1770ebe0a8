// What the API answers, from a status made by hand.
#include "admin/api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "unit/admin/status_for_test.h"

namespace fairlead::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using upstream::PoolStatus;
using upstream::ServerStatus;
using upstream::Standing;

upstream::Status statusForTest() {
  upstream::Status status{.at = kNow, .pools = {goodPool()}};
  status.pools[0].servers[1] = downServer("10.0.0.2:8080");
  status.pools[0].servers[1].name = "second";
  PoolStatus inline_pool = goodPool();
  inline_pool.name = "www.mango.com/api";
  inline_pool.servers.resize(2);
  for (ServerStatus& server : inline_pool.servers)
    server.name = server.address = "app.internal:8080";
  status.pools.push_back(inline_pool);
  PoolStatus odd = goodPool();
  odd.name = "*/a b#2?%\xff";
  status.pools.push_back(odd);
  return status;
}

// 2026-01-02T03:04:05.678Z, one second after the status was taken.
Moment momentForTest() {
  return {.steady = kNow + 1s, .wall = std::chrono::microseconds(1'767'323'046'678'000)};
}

Answer answered(std::string_view path, std::string_view method = "GET") {
  return answerTo({.status = statusForTest, .moment = momentForTest}, method, path);
}

Json bodyOf(const Answer& answer) {
  EXPECT_TRUE(answer.body.ends_with("\n"));
  return Json::parse(answer.body);
}

TEST(Api, ListsItself) {
  const Answer answer = answered("/api");
  EXPECT_EQ(answer.status, 200);
  const Json entries = bodyOf(answer).at("entries");
  ASSERT_GE(entries.size(), 5u);
  for (const Json& entry : entries) {
    EXPECT_THAT(entry.at("method"), testing::AnyOf("GET", "PUT", "DELETE"));
    EXPECT_TRUE(entry.at("path").get<std::string>().starts_with("/api"));
    EXPECT_FALSE(entry.at("meaning").get<std::string>().empty());
  }
}

TEST(Api, TellsOfAllPools) {
  const Json body = bodyOf(answered("/api/pools"));
  EXPECT_EQ(body.at("at"), "2026-01-02T03:04:05.678Z");
  const Json& pools = body.at("pools");
  ASSERT_EQ(pools.size(), 3u);
  EXPECT_EQ(pools[0].at("name"), "shop");
  EXPECT_EQ(pools[0].at("state"), "degraded");
  EXPECT_EQ(pools[0].at("servers"),
            Json::parse(R"({"total": 4, "unresolved": 0, "unknown": 0, "down": 1, "drained": 0,
                            "ejected": 0, "deferred": 0, "full": 0, "warming": 0, "ready": 3})"));
  EXPECT_EQ(pools[0].at("why")[0], "Requests go to 3 of 4 servers (p2c); 1 is down.");
  EXPECT_EQ(pools[1].at("state"), "ok");
}

TEST(Api, TellsOfOnePool) {
  const Json pool = bodyOf(answered("/api/pools/shop"));
  Json rest = pool;
  for (const char* member : {"servers", "why"}) rest.erase(member);
  EXPECT_EQ(rest, Json::parse(R"({
    "name": "shop", "state": "degraded", "balance": "p2c", "check": "GET /healthz every 2s",
    "fall": 3, "rise": 2, "in_flight": 8, "max_requests": 0, "waiting": 0, "queue_limit": 0,
    "retrying": 0, "retry_budget": 0.2, "breaker": "off", "breaker_until": null,
    "breaker_until_in_seconds": null, "breaker_because": "", "limit_mode": "off", "limit": null,
    "limit_learning": false, "suspect_network": false, "suspect_since": null,
    "suspect_for_seconds": null})"));
}

TEST(Api, TellsOfWhatProtectsAPool) {
  PoolStatus pool = goodPool();
  pool.breaker = upstream::BreakerState::HalfOpen;
  pool.breaker_until = kNow - 1s;
  pool.breaker_because = "54 % of 120 requests failed in 10s";
  pool.limit_mode = upstream::LimitMode::Adaptive;
  pool.limit = 48;
  pool.limit_learning = true;
  pool.suspect_network = true;
  pool.suspect_since = kNow - 20s;
  const Json view = viewOf(pool, kNow, momentForTest());
  EXPECT_EQ(view.at("state"), "degraded");
  EXPECT_EQ(view.at("breaker"), "half_open");
  EXPECT_EQ(view.at("breaker_until"), "2026-01-02T03:04:04.678Z");
  EXPECT_EQ(view.at("breaker_until_in_seconds"), 0);
  EXPECT_EQ(view.at("breaker_because"), "54 % of 120 requests failed in 10s");
  EXPECT_EQ(view.at("limit_mode"), "adaptive");
  EXPECT_EQ(view.at("limit"), 48);
  EXPECT_EQ(view.at("limit_learning"), true);
  EXPECT_EQ(view.at("suspect_since"), "2026-01-02T03:03:45.678Z");
  EXPECT_EQ(view.at("suspect_for_seconds"), 20);
}

TEST(Api, TellsOfServers) {
  const Json body = bodyOf(answered("/api/pools/shop/servers"));
  EXPECT_EQ(body.at("pool"), "shop");
  ASSERT_EQ(body.at("servers").size(), 4u);
  Json server = body.at("servers")[1];
  EXPECT_EQ(server.at("results").size(), 10u);
  EXPECT_EQ(server.at("results")[0], Json::parse(R"({
    "at": "2026-01-02T03:04:05.278Z", "ago_seconds": 0.4, "took_seconds": 0.003, "passed": false,
    "words": "GET /healthz answered 500"})"));
  EXPECT_THAT(server.at("why")[0].get<std::string>(), HasSubstr("second (10.0.0.2:8080) gets no"));
  for (const char* member : {"results", "why"}) server.erase(member);
  EXPECT_EQ(server, Json::parse(R"({
    "name": "second", "address": "10.0.0.2:8080", "ip": "10.0.0.2:8080", "weight": 1, "tier": 0,
    "zone": "", "standing": "down", "since": "2026-01-02T03:03:53.678Z", "for_seconds": 12,
    "well": false, "active": "down", "active_since": "2026-01-02T03:03:53.678Z",
    "active_for_seconds": 12, "against": 0, "needed": 2, "next_check": "2026-01-02T03:04:07.278Z",
    "next_check_in_seconds": 1.6, "ejected_because": "", "ejected_until": null,
    "ejected_until_in_seconds": null, "ejections": 0, "deferred_until": null,
    "deferred_until_in_seconds": null, "share": 0, "warm_at": null, "warm_at_in_seconds": null,
    "in_flight": 0, "max_requests": 0, "latency_seconds": 0.012, "requests": 1000,
    "failures": 4})"));
}

TEST(Api, NamesEveryStandingInItsOwnWord) {
  const std::string_view words[] = {"unresolved", "unknown", "down",    "drained", "ejected",
                                    "deferred",   "full",    "warming", "ready"};
  for (size_t i = 0; i < std::size(words); ++i) {
    PoolStatus pool = goodPool();
    pool.servers[0].standing = static_cast<Standing>(i);
    EXPECT_EQ(viewOf(pool, pool.servers[0], kNow, momentForTest()).at("standing"), words[i]);
  }
}

TEST(Api, FindsPoolsAndServersByTheirNames) {
  const struct {
    const char* path;
    uint16_t status;
    const char* member;  // the error's, when it is none of 200
    const char* text;
  } rows[] = {
      {"/api/pools/shop", 200, "name", "shop"},
      {"/api/pools/shop/", 200, "name", "shop"},
      {"/api/pools/www.mango.com%2Fapi", 200, "name", "www.mango.com/api"},
      {"/api/pools/www.mango.com%2fapi/servers", 200, "pool", "www.mango.com/api"},
      {"/api/pools/%2A%2Fa%20b%232%3F%25%FF", 200, "name", "*/a b#2?%\xef\xbf\xbd"},
      {"/api/pools/shop/servers/second", 200, "name", "second"},
      {"/api/pools/shop/servers/10.0.0.2:8080", 200, "name", "second"},
      {"/api/pools/shop/servers/10.0.0.1%3A8080", 200, "name", "10.0.0.1:8080"},
      {"/api/pools/www.mango.com%2Fapi/servers/10.0.0.2:8080", 200, "ip", "10.0.0.2:8080"},
      {"/api/pools/www.mango.com%2Fapi/servers/app.internal:8080", 409, "error",
       "2 servers of the pool `www.mango.com/api` are called `app.internal:8080`; ask for one by "
       "its address: 10.0.0.1:8080, 10.0.0.2:8080"},
      {"/api/pools/shpo", 404, "error", "there is no pool `shpo`; did you mean `shop`?"},
      {"/api/pools/else/servers", 404, "error",
       "there is no pool `else`; there are shop, www.mango.com/api, */a b#2?%\xef\xbf\xbd"},
      {"/api/pools/shop/servers/secnod", 404, "error",
       "there is no server in the pool `shop` called `secnod`; did you mean `second`?"},
      {"/api/pools/www.mango.com/api", 404, "error",
       "there is nothing at /api/pools/www.mango.com/api; GET /api says what there is"},
      {"/api/pools//servers", 404, "error",
       "there is nothing at /api/pools//servers; GET /api says what there is"},
      {"/", 404, "error", "there is nothing at /; GET /api says what there is"},
      {"/apis", 404, "error", "there is nothing at /apis; GET /api says what there is"},
      {"*", 404, "error", "there is nothing at *; GET /api says what there is"},
  };
  for (const auto& row : rows) {
    const Answer answer = answered(row.path);
    EXPECT_EQ(answer.status, row.status) << row.path;
    EXPECT_EQ(bodyOf(answer).at(row.member), row.text) << row.path;
  }
}

TEST(Api, KnowsItsMethods) {
  const struct {
    const char* method;
    uint16_t status;
    const char* allow;
  } rows[] = {
      {"GET", 200, ""},
      {"HEAD", 200, ""},
      {"POST", 405, "GET, HEAD"},
      {"get", 405, "GET, HEAD"},
      {"OPTIONS", 405, "GET, HEAD"},
  };
  for (const auto& row : rows) {
    const Answer answer = answered("/api/pools", row.method);
    EXPECT_EQ(answer.status, row.status) << row.method;
    EXPECT_EQ(answer.allow, row.allow) << row.method;
  }
  EXPECT_EQ(answered("/nowhere", "POST").status, 404);
}

TEST(Api, SurvivesABug) {
  const Api api{.status = []() -> upstream::Status { throw std::runtime_error("oh"); }};
  const Answer answer = answerTo(api, "GET", "/api/pools");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(bodyOf(answer).at("error"), "a bug of fairlead's: oh");
}

TEST(Api, StatesOfPools) {
  using enum Standing;
  const struct {
    const char* name;
    std::vector<Standing> servers;
    upstream::BreakerState breaker;
    const char* state;
  } rows[] = {
      {"all ready", {Ready, Ready}, upstream::BreakerState::Closed, "ok"},
      {"one is warming", {Ready, Warming}, upstream::BreakerState::Off, "ok"},
      {"one is drained, as somebody wanted it",
       {Ready, Drained},
       upstream::BreakerState::Off,
       "ok"},
      {"one is full", {Ready, Full}, upstream::BreakerState::Off, "ok"},
      {"all are full", {Full, Full}, upstream::BreakerState::Off, "degraded"},
      {"one is down", {Ready, Down}, upstream::BreakerState::Off, "degraded"},
      {"one has no address", {Ready, Unresolved}, upstream::BreakerState::Off, "degraded"},
      {"only ejected ones", {Ejected, Down}, upstream::BreakerState::Off, "degraded"},
      {"half-open", {Ready, Ready}, upstream::BreakerState::HalfOpen, "degraded"},
      {"none is left", {Down, Unknown}, upstream::BreakerState::Off, "down"},
      {"all drained", {Drained}, upstream::BreakerState::Off, "down"},
      {"none at all", {}, upstream::BreakerState::Off, "down"},
      {"open", {Ready, Ready}, upstream::BreakerState::Open, "down"},
  };
  for (const auto& row : rows) {
    PoolStatus pool = goodPool();
    pool.servers.clear();
    for (const Standing standing : row.servers) {
      pool.servers.push_back(goodServer("10.0.0.1:1"));
      pool.servers.back().standing = standing;
    }
    pool.breaker = row.breaker;
    EXPECT_EQ(viewOf(pool, kNow, momentForTest()).at("state"), row.state) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::admin
