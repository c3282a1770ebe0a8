// Whole runs: what the pool's real parts make of simulated servers.
#include "simulation/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulation/report.h"
#include "unit/simulation/scenes.h"

namespace fairlead::simulation {
namespace {

using testing::Each;
using testing::Gt;

std::string jsonText(const Figures& figures) {
  return jsonOf(
      {.pool = "pool", .load = "", .duration = {}, .seed = 0, .runs = std::span(&figures, 1)});
}

// Everything at once: limits, a queue, a breaker, retries, and servers in all kinds of trouble.
upstream::PoolSettings hecticPool(std::string_view balance) {
  upstream::PoolSettings pool = poolOf(5, balance);
  pool.max_requests = 60;
  pool.servers[0].max_requests = 12;
  pool.servers[4].tier = 1;
  pool.queue.limit = 40;
  pool.queue.timeout.value = 300ms;
  pool.breaker.on = true;
  pool.retry.attempts = 2;
  pool.retry.per_try.value = 500ms;
  pool.retry.when.value.statuses = {503};
  pool.timeouts.total.value = 2s;
  pool.sticky.cookie = std::string("srv");
  return pool;
}

Load hecticLoad() {
  Load load = loadFor(5, 900, 30s);
  load.rates.push_back({.at = 10s, .per_second = 1500});
  load.rates.push_back({.at = 20s, .per_second = 300});
  load.methods = {{http::Method::Get, 80}, {http::Method::Post, 20}};
  load.network = 200us;
  load.troubles = {
      {.kind = Trouble::Kind::Down, .server = 0, .at = 3s, .length = 5s},
      {.kind = Trouble::Kind::Hang, .server = 1, .at = 5s, .length = 4s},
      {.kind = Trouble::Kind::Slow, .server = 2, .at = 8s, .length = 8s, .amount = 10},
      {.kind = Trouble::Kind::Errors, .server = 3, .at = 12s, .length = 6s, .amount = 0.6},
      {.kind = Trouble::Kind::Down, .server = 0, .at = 6s, .length = 1s},
  };
  return load;
}

class EveryPolicy : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryPolicy, EndsEachRequestOnce) {
  const Figures figures = simulate(hecticPool(GetParam()), hecticLoad());
  EXPECT_NEAR(static_cast<double>(figures.requests), hecticLoad().requests(), 600);
  EXPECT_EQ(figures.good + figures.errors, figures.requests);
  uint64_t errors = 0;
  for (const auto& [kind, count] : figures.errors_by) errors += count;
  EXPECT_EQ(errors, figures.errors);
  EXPECT_GT(figures.errors, 0u);
  EXPECT_GT(figures.retries, 0u);
  EXPECT_EQ(countOf(figures, "unanswered"), 0u);
  EXPECT_LE(figures.max, 2s);
}

TEST_P(EveryPolicy, GivesTheSameFiguresForTheSameSeed) {
  const auto told = [&](uint64_t seed) {
    Load load = hecticLoad();
    load.seed = seed;
    return jsonText(simulate(hecticPool(GetParam()), load));
  };
  const std::string first = told(1);
  EXPECT_EQ(first, told(1));
  EXPECT_NE(first, told(2));
}

std::vector<std::string_view> policyNames() {
  std::vector<std::string_view> names;
  for (const balance::Policy& policy : balance::policies()) names.push_back(policy.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, EveryPolicy, testing::ValuesIn(policyNames()),
                         [](const auto& row) { return std::string(row.param); });

TEST(Run, AllPoliciesAreAskedTheSame) {
  const Load load = loadFor(3, 300, 20s);
  EXPECT_EQ(simulate(poolOf(3, "p2c"), load).requests,
            simulate(poolOf(3, "least_latency"), load).requests);
}

// --- comparisons

TEST(Run, UnderLoadChanceIsWorseThanTwoChoices) {
  const Load load = loadFor(10, 3600, 60s, {.service = ServiceTime::exponential(20ms)});
  const Figures random = simulate(poolOf(10, "random"), load);
  const Figures p2c = simulate(poolOf(10, "p2c"), load);
  EXPECT_GT(random.p99, p2c.p99 * 6 / 5);
  EXPECT_GT(random.mean, p2c.mean * 6 / 5);
}

TEST(Run, ASlowServerHurtsRoundRobinMoreThanLeastLatency) {
  Load load = loadFor(4, 600, 60s);
  load.origins[2].speed = 0.2;
  const Figures in_turn = simulate(poolOf(4, "round_robin"), load);
  const Figures by_latency = simulate(poolOf(4, "least_latency"), load);
  EXPECT_GT(in_turn.p99, 2 * by_latency.p99);
  EXPECT_LT(by_latency.servers[2].share, 0.15);
}

// A single very slow answer says nothing of its server when all have such.
TEST(Run, LeastLatencyIsNoWorseThanChanceWhereTailsAreHeavy) {
  const Load load = loadFor(4, 1000, 120s, {.service = ServiceTime::pareto(20ms, 1.5)});
  const Figures by_latency = simulate(poolOf(4, "least_latency"), load);
  const Figures random = simulate(poolOf(4, "random"), load);
  EXPECT_LT(by_latency.p50, random.p50);
  EXPECT_LT(by_latency.p99, random.p99);
}

TEST(Run, SharesFollowTheWeights) {
  upstream::PoolSettings pool = poolOf(3, "round_robin");
  pool.servers[0].weight = 6;
  pool.servers[1].weight = 3;
  const Figures figures = simulate(pool, loadFor(3, 200, 60s));
  EXPECT_NEAR(figures.servers[0].share, 0.6, 0.001);
  EXPECT_NEAR(figures.servers[1].share, 0.3, 0.001);
  EXPECT_NEAR(figures.servers[2].fair_share, 0.1, 0.001);
  EXPECT_NEAR(figures.skew, 1, 0.01);
}

TEST(Run, AServerOfALaterTierStandsInOnlyWhenItIsNeeded) {
  upstream::PoolSettings pool = poolOf(2);
  pool.servers[1].tier = 1;
  Load load = loadFor(2, 100, 60s);
  EXPECT_EQ(simulate(pool, load).servers[1].requests, 0u);
  load.troubles = {{.kind = Trouble::Kind::Down, .server = 0, .at = 20s, .length = 20s}};
  const Figures figures = simulate(pool, load);
  EXPECT_NEAR(figures.servers[1].share, 0.36, 0.03);
  EXPECT_EQ(figures.servers[1].fair_share, 0);
}

// --- servers in trouble

struct TroubleRow {
  const char* name;
  Trouble trouble;
  bool is_seen_by_checks;
};

class OneOfMany : public testing::TestWithParam<TroubleRow> {};

TEST_P(OneOfMany, CostsNoIdempotentRequestWhileOthersAreWell) {
  upstream::PoolSettings pool = poolOf(10);
  pool.retry.per_try.value = 1s;
  pool.retry.when.value.statuses = {503};
  Load load = loadFor(10, 400, 60s);
  load.network = 200us;
  load.troubles = {GetParam().trouble};
  const Figures figures = simulate(pool, load);
  EXPECT_EQ(figures.errors, 0u) << jsonText(figures);
  EXPECT_GT(figures.retries, 0u);
  EXPECT_EQ(figures.downs > 0, GetParam().is_seen_by_checks);
  EXPECT_GT(figures.ejections + figures.downs, 0u);
  EXPECT_LT(figures.servers[3].share, 0.09);
}

constexpr Duration kAt = 10s;
constexpr Duration kFor = 20s;
INSTANTIATE_TEST_SUITE_P(
    All, OneOfMany,
    testing::Values(
        TroubleRow{
            "down", {.kind = Trouble::Kind::Down, .server = 3, .at = kAt, .length = kFor}, true},
        TroubleRow{
            "hang", {.kind = Trouble::Kind::Hang, .server = 3, .at = kAt, .length = kFor}, false},
        TroubleRow{
            "errors",
            {.kind = Trouble::Kind::Errors, .server = 3, .at = kAt, .length = kFor, .amount = 1},
            false}),
    [](const auto& row) { return row.param.name; });

TEST(Run, WithoutRetriesADeadServerCostsRequests) {
  upstream::PoolSettings pool = poolOf(10);
  pool.retry.attempts = 0;
  Load load = loadFor(10, 400, 60s);
  load.troubles = {{.kind = Trouble::Kind::Down, .server = 3, .at = 10s, .length = 20s}};
  const Figures figures = simulate(pool, load);
  EXPECT_GT(figures.errors, 0u);
  EXPECT_EQ(figures.retries, 0u);
}

TEST(Run, HttpChecksSeeAServerThatHangs) {
  upstream::PoolSettings pool = poolOf(3);
  pool.health.path = std::string("/healthz");
  pool.health.passive.on = false;
  Load load = loadFor(3, 60, 60s);
  load.troubles = {{.kind = Trouble::Kind::Hang, .server = 1, .at = 10s, .length = 20s}};
  const Figures figures = simulate(pool, load);
  EXPECT_EQ(figures.servers[1].downs, 1u);
  EXPECT_EQ(figures.ejections, 0u);
}

TEST(Run, ARequestThatNobodyAnswersIsCutOff) {
  upstream::PoolSettings pool = poolOf(1);
  pool.timeouts.response = Duration{};
  Load load = loadFor(1, 10, 10s);
  load.troubles = {{.kind = Trouble::Kind::Hang, .server = 0, .at = 5s}};
  const Figures figures = simulate(pool, load);
  EXPECT_GT(countOf(figures, "unanswered"), 0u);
  EXPECT_EQ(figures.good + figures.errors, figures.requests);
}

// --- overload

TEST(Run, TooManyWaitInTheQueueAndThenAreRefused) {
  upstream::PoolSettings pool = poolOf(2);
  pool.max_requests = 16;
  Load load = loadFor(2, 300, 60s);
  load.rates.push_back({.at = 20s, .per_second = 1600});
  load.rates.push_back({.at = 40s, .per_second = 300});
  const Figures without = simulate(pool, load);
  EXPECT_EQ(countOf(without, "overloaded"), without.errors);
  pool.queue.limit = 100;
  pool.queue.timeout.value = 1s;
  const Figures with = simulate(pool, load);
  EXPECT_EQ(countOf(with, "overloaded"), 0u);
  EXPECT_GT(countOf(with, "queue_full") + countOf(with, "shed") + countOf(with, "queue_timeout"),
            0u);
  EXPECT_LT(with.errors, without.errors);
  EXPECT_LT(with.max, 3s);
}

TEST(Run, ABreakerRefusesWhileEverythingFails) {
  upstream::PoolSettings pool = poolOf(2);
  pool.breaker.on = true;
  Load load = loadFor(2, 200, 60s);
  for (const size_t server : {0, 1})
    load.troubles.push_back(
        {.kind = Trouble::Kind::Errors, .server = server, .at = 20s, .length = 20s, .amount = 1});
  const Figures figures = simulate(pool, load);
  EXPECT_GT(countOf(figures, "breaker_open"), 2000u);
  EXPECT_GT(countOf(figures, "status_503"), 0u);
  EXPECT_GT(figures.good, 6000u);
}

TEST(Run, AnAdaptiveLimitKeepsLatencyLowInOverload) {
  upstream::PoolSettings pool = poolOf(2);
  Load load = loadFor(2, 500, 180s, {.service = ServiceTime::exponential(20ms)});
  load.rates.push_back({.at = 90s, .per_second = 1200});
  const Figures without = simulate(pool, load);
  pool.limit.mode = upstream::LimitMode::Adaptive;
  const Figures with = simulate(pool, load);
  EXPECT_LT(with.p99, without.p99 / 10);
  EXPECT_GT(with.good, without.good * 7 / 10);
}

// --- clients

TEST(Run, OneClientStaysWithOneServerWhereKeysOrCookiesDecide) {
  Load load = loadFor(4, 50, 20s);
  load.clients = 1;
  upstream::PoolSettings sticky = poolOf(4);
  sticky.sticky.cookie = std::string("srv");
  for (const upstream::PoolSettings& pool :
       {poolOf(4, "maglev"), poolOf(4, "ring"), poolOf(4, "rendezvous"), sticky}) {
    const Figures figures = simulate(pool, load);
    EXPECT_EQ(figures.skew, 4) << figures.balance;
  }
  EXPECT_LT(simulate(poolOf(4), load).skew, 1.5);
}

TEST(Run, AStickyClientMovesWhenItsServerIsGoneAndStaysThere) {
  upstream::PoolSettings pool = poolOf(2);
  pool.sticky.cookie = std::string("srv");
  Load load = loadFor(2, 50, 60s);
  load.clients = 1;
  load.troubles = {{.kind = Trouble::Kind::Down, .server = 0, .at = 20s, .length = 5s},
                   {.kind = Trouble::Kind::Down, .server = 1, .at = 40s, .length = 5s}};
  const Figures figures = simulate(pool, load);
  std::vector<double> shares;
  for (const ServerFigures& server : figures.servers) shares.push_back(server.share);
  EXPECT_THAT(shares, Each(Gt(0.25)));
}

}  // namespace
}  // namespace fairlead::simulation
