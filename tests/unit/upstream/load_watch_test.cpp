// What a pool's load leads to over time: its limit, when hedging begins, and words of its breaker.
#include "upstream/load_watch.h"

#include <gtest/gtest.h>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1h};

PoolSettings twoServers() {
  return poolOf({{*IpAddress::parse("10.0.0.1"), 80}, {*IpAddress::parse("10.0.0.2"), 80}});
}

// Ten seconds' pulses, with 1,000 answers a second of 20 ms each.
void work(Pool& pool, LoadWatch& watch, TimePoint& now) {
  PoolEvents events;
  for (int i = 0; i < 100; ++i) {
    now += 100ms;
    pool.tallies[0]->answers.add(100);
    pool.tallies[0]->latency_ns.add(100 * 20'000'000);
    watch.pulse(now, events);
  }
}

struct LimitRow {
  const char* name;
  LimitMode mode;
  uint32_t fixed;
  uint32_t max_requests;
  bool learns;
  uint32_t at_first;  // limit_now
  bool computed;      // is there a limit to be shown?
  bool in_force;      // does the computed one hold after the minute?
};

TEST(LoadWatch, EnforcesTheLimitThatItMay) {
  const LimitRow rows[] = {
      {"observed only", LimitMode::Observe, 0, 0, false, UINT32_MAX, true, false},
      {"observed, with a maximum", LimitMode::Observe, 0, 500, false, 500, true, false},
      {"adaptive", LimitMode::Adaptive, 0, 0, true, UINT32_MAX, true, true},
      {"adaptive under a maximum", LimitMode::Adaptive, 0, 9, true, 9, true, false},
      {"fixed", LimitMode::Fixed, 30, 0, false, 30, true, true},
      {"fixed over a maximum", LimitMode::Fixed, 30, 20, false, 20, true, false},
      {"off", LimitMode::Off, 0, 0, false, UINT32_MAX, false, false},
  };
  for (const LimitRow& row : rows) {
    SCOPED_TRACE(row.name);
    PoolSettings settings = twoServers();
    settings.limit.mode = row.mode;
    settings.limit.fixed = row.fixed;
    settings.max_requests = row.max_requests;
    Pool pool(settings);
    LoadWatch watch(pool);
    TimePoint now = kBegin;
    work(pool, watch, now);
    EXPECT_EQ(pool.limitNow(), row.at_first);
    PoolStatus status;
    watch.addTo(status, now);
    EXPECT_EQ(status.limit_learning, row.learns);
    EXPECT_EQ(status.limit_mode, row.mode);
    EXPECT_EQ(status.limit > 0, row.computed);

    for (int i = 0; i < 6; ++i) work(pool, watch, now);
    watch.addTo(status, now);
    EXPECT_FALSE(status.limit_learning);
    EXPECT_EQ(pool.limitNow(), row.in_force ? status.limit : row.at_first);
  }
}

TEST(LoadWatch, IsBriskWhileThereIsSomethingToMeasure) {
  Pool pool(twoServers());
  LoadWatch watch(pool);
  PoolEvents events;
  watch.pulse(kBegin, events);
  EXPECT_FALSE(watch.isInMotion());
  pool.tallies[0]->answers.add(1);
  watch.pulse(kBegin + 1s, events);
  EXPECT_TRUE(watch.isInMotion());
  watch.pulse(kBegin + 2s, events);
  EXPECT_FALSE(watch.isInMotion());
  serverOf(pool, 0).in_flight = 1;
  watch.pulse(kBegin + 3s, events);
  EXPECT_TRUE(watch.isInMotion());
}

struct HedgeRow {
  const char* name;
  bool on;
  Duration after;
  bool published;
};

TEST(LoadWatch, PublishesWhenToHedge) {
  const HedgeRow rows[] = {
      {"by a percentile", true, 0s, true},
      {"after a fixed time", true, 50ms, false},
      {"off", false, 0s, false},
  };
  for (const HedgeRow& row : rows) {
    SCOPED_TRACE(row.name);
    PoolSettings settings = twoServers();
    settings.workers = 2;
    settings.retry.hedge.on = row.on;
    settings.retry.hedge.after = row.after;
    Pool pool(settings);
    LoadWatch watch(pool);
    PoolEvents events;
    watch.pulse(kBegin, events);
    EXPECT_EQ(pool.hedge_after.load(), 0);
    // 90 % take 10 ms, the rest takes 200 ms: p95 is among those.
    for (int i = 0; i < 1000; ++i)
      pool.tallies[static_cast<size_t>(i % 2)]->latencies.record(i % 20 < 18 ? 10ms : 200ms,
                                                                 kBegin + 1s);
    watch.pulse(kBegin + 1s, events);
    const Duration after{pool.hedge_after.load()};
    if (row.published)
      EXPECT_NEAR(static_cast<double>(after / 1us), 200'000, 12'000);
    else
      EXPECT_EQ(after, 0s);
  }
}

TEST(LoadWatch, TellsOfTheBreaker) {
  PoolSettings settings = twoServers();
  settings.breaker.on = true;
  Pool pool(settings);
  LoadWatch watch(pool);
  PoolEvents events;
  const BreakerSettings& breaker = pool.settings.breaker;
  const auto request = [&](bool failed, TimePoint now) {
    pool.breaker.record(pool.breaker.admit(now, breaker), failed, now, breaker);
  };
  watch.pulse(kBegin, events);
  EXPECT_TRUE(events.empty());
  EXPECT_FALSE(watch.isInMotion());
  for (int i = 0; i < 20; ++i) request(i % 4 != 0, kBegin + 1s);
  watch.pulse(kBegin + 1s, events);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, PoolEvent::Kind::BreakerOpened);
  EXPECT_EQ(events[0].words, "75 % of 20 requests failed in 10s");
  EXPECT_EQ(events[0].span, 5s);
  EXPECT_TRUE(watch.isInMotion());
  PoolStatus status;
  watch.addTo(status, kBegin + 2s);
  EXPECT_EQ(status.breaker, BreakerState::Open);
  EXPECT_EQ(status.breaker_until, kBegin + 6s);
  EXPECT_EQ(status.breaker_because, "75 % of 20 requests failed in 10s");

  // A probe fails: open again, which is no news.
  request(true, kBegin + 6s);
  watch.pulse(kBegin + 6s, events);
  EXPECT_EQ(events.size(), 1u);
  for (int i = 0; i < 3; ++i) request(false, kBegin + 11s);
  watch.pulse(kBegin + 11s, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, PoolEvent::Kind::BreakerClosed);
  EXPECT_FALSE(watch.isInMotion());
}

}  // namespace
}  // namespace fairlead::upstream
