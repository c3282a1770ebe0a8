// The average of latencies, and the policy that chooses by it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <thread>
#include <vector>

#include "balance/latency_average.h"
#include "unit/balance/pool.h"

namespace fairlead::balance {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

double milliseconds(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

TEST(LatencyAverage, KnowsNothingAtFirst) {
  LatencyAverage average;
  EXPECT_FALSE(average.known());
  EXPECT_EQ(average.at(kStart), 0s);
  average.observe(0s, kStart);
  EXPECT_TRUE(average.known());
  EXPECT_LE(average.at(kStart), 1us);
}

TEST(LatencyAverage, RisesAtOnceAndFallsSlowly) {
  LatencyAverage average;
  average.observe(10ms, kStart);
  EXPECT_NEAR(milliseconds(average.at(kStart)), 10, 0.01);
  average.observe(15ms, kStart + 1s);
  EXPECT_NEAR(milliseconds(average.at(kStart + 1s)), 15, 0.01);
  average.observe(10ms, kStart + 2s);  // a tenth of tau
  EXPECT_NEAR(milliseconds(average.at(kStart + 2s)), 10 + 5 * std::exp(-0.1), 0.1);
}

TEST(LatencyAverage, OneAnswerAtMostDoublesIt) {
  LatencyAverage average;
  TimePoint now = kStart;
  average.observe(10ms, now);
  for (const double expected : {20, 40, 80, 160, 320, 500, 500}) {
    average.observe(500ms, now += 1ms);
    EXPECT_NEAR(milliseconds(average.at(now)), expected, 0.1);
  }
}

TEST(LatencyAverage, FallsByTimeAlone) {
  LatencyAverage average;
  average.observe(1s, kStart);
  EXPECT_NEAR(milliseconds(average.at(kStart + 10s)), 1000 * std::exp(-1), 0.5);
  EXPECT_NEAR(milliseconds(average.at(kStart + 60s)), 1000 * std::exp(-6), 0.5);
  EXPECT_EQ(average.at(kStart + 1h), 0s);
  EXPECT_TRUE(average.known());
}

TEST(LatencyAverage, StaysWhereAllAnswersAreAlike) {
  LatencyAverage average;
  for (TimePoint now = kStart; now < kStart + 30s; now += 100us) average.observe(20ms, now);
  EXPECT_NEAR(milliseconds(average.at(kStart + 30s)), 20, 0.1);
}

// However many answers a second there are, and however few: after tau a third of the way is left.
TEST(LatencyAverage, FallsAtTheSamePaceForAllRates) {
  for (const Duration pause : {Duration{5us}, Duration{1ms}, Duration{400ms}}) {
    LatencyAverage average;
    average.observe(1s, kStart);
    for (TimePoint now = kStart; now <= kStart + 10s; now += pause) average.observe(100ms, now);
    EXPECT_NEAR(milliseconds(average.at(kStart + 10s)), 100 + 900 * std::exp(-1), 5)
        << pause.count();
  }
}

TEST(LatencyAverage, TakesClocksThatAreALittleBehind) {
  LatencyAverage average;
  average.observe(100ms, kStart);
  average.observe(50ms, kStart - 1min);
  EXPECT_NEAR(milliseconds(average.at(kStart - 5ms)), 100, 0.1);
  EXPECT_NEAR(milliseconds(average.at(kStart)), 100, 0.1);
  average.observe(200ms, kStart - 1min);
  EXPECT_NEAR(milliseconds(average.at(kStart)), 200, 0.1);
}

TEST(LatencyAverage, SurvivesTheWrapOfItsClock) {
  constexpr Duration kWrap{int64_t{1} << 48};
  LatencyAverage average;
  average.observe(100ms, TimePoint{kWrap} - 5s);
  EXPECT_NEAR(milliseconds(average.at(TimePoint{kWrap} + 5s)), 100 * std::exp(-1), 0.1);
}

// Threads that finish requests at the same time: the slowest counts, whoever came last.
TEST(LatencyAverage, LosesNoPeakAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2'000;
  LatencyAverage average;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&average, t] {
      for (int i = 1; i <= kRounds; ++i)
        average.observe(std::chrono::microseconds{i * kThreads + t}, kStart);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NEAR(milliseconds(average.at(kStart)), (kRounds * kThreads + kThreads - 1) / 1000.0, 1e-3);
}

// While others write, a reader sees figures that some answers make up, never a mixture of two.
TEST(LatencyAverage, ReadersSeeWholeFigures) {
  LatencyAverage average;
  average.observe(10ms, kStart);
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&average] {
      Random random(7);
      for (TimePoint now = kStart; now < kStart + 2s; now += 100us)
        average.observe(10ms + Duration(random.below(10'000'000)), now);
    });
  }
  for (int i = 0; i < 20'000; ++i) {
    const double seen = milliseconds(average.at(kStart));
    ASSERT_GE(seen, 9.99);
    ASSERT_LE(seen, 20.01);
  }
  for (std::thread& writer : writers) writer.join();
}

// Requests at random moments, about `rate` a second, against servers that take `latencies`; returns
// how many each got.
class Simulation {
 public:
  explicit Simulation(Pool& pool) : pool_(pool), balancer_(make("least_latency", pool)) {}

  std::vector<int> run(const std::vector<Duration>& latencies, Duration span, double rate) {
    std::vector<int> counts(pool_.size());
    for (const TimePoint end = now_ + span; now_ < end;) {
      now_ += Duration(static_cast<int64_t>(-std::log(1 - random_.unit()) / rate * 1e9));
      finishUntil(now_);
      const Tried tried;
      const EndpointId id = balancer_->choose({.tried = tried, .now = now_}, random_);
      ++counts[id];
      ++pool_[id].in_flight;
      running_.push({now_ + latencies[id], latencies[id], id});
    }
    return counts;
  }

 private:
  struct Request {
    TimePoint end;
    Duration latency;
    EndpointId id;
    friend bool operator<(const Request& a, const Request& b) { return a.end > b.end; }
  };

  void finishUntil(TimePoint now) {
    for (; !running_.empty() && running_.top().end <= now; running_.pop()) {
      const Request& request = running_.top();
      --pool_[request.id].in_flight;
      pool_[request.id].latency.observe(request.latency, request.end);
    }
  }

  Pool& pool_;
  std::unique_ptr<Balancer> balancer_;
  Random random_{3};
  TimePoint now_ = kStart;
  std::priority_queue<Request> running_;
};

TEST(LeastLatency, AvoidsASlowServerAndComesBackToIt) {
  Pool pool({1, 1, 1, 1});
  Simulation simulation(pool);
  const auto at_first = simulation.run({10ms, 10ms, 10ms, 10ms}, 20s, 1000);
  for (const int count : at_first) EXPECT_NEAR(count, 5000, 1000);
  simulation.run({10ms, 500ms, 10ms, 10ms}, 5s, 1000);
  const auto slow = simulation.run({10ms, 500ms, 10ms, 10ms}, 20s, 1000);
  EXPECT_LT(slow[1], 200);
  EXPECT_GT(slow[1], 0);
  simulation.run({10ms, 10ms, 10ms, 10ms}, 60s, 1000);
  const auto again = simulation.run({10ms, 10ms, 10ms, 10ms}, 20s, 1000);
  EXPECT_GT(again[1], 4000);
}

TEST(LeastLatency, SharesByWeightWhereAllAreAlike) {
  Pool pool({1, 3, 2});
  const auto counts = Simulation(pool).run({50ms, 50ms, 50ms}, 60s, 1000);
  EXPECT_NEAR(counts[0] / 60'000.0, 1 / 6.0, 0.02);
  EXPECT_NEAR(counts[1] / 60'000.0, 3 / 6.0, 0.02);
  EXPECT_NEAR(counts[2] / 60'000.0, 2 / 6.0, 0.02);
}

TEST(LeastLatency, SharesAQuietPoolByWeightWhereAllAreAlike) {
  Pool pool({1, 3, 2});
  for (size_t i = 0; i < pool.size(); ++i) pool[i].latency.observe(5ms, kStart);
  const auto balancer = make("least_latency", pool);
  Random random(1);
  const Tried tried;
  std::vector<int> counts(pool.size());
  for (int i = 0; i < 60'000; ++i)
    ++counts[balancer->choose({.tried = tried, .now = kStart}, random)];
  for (size_t i = 0; i < pool.size(); ++i) EXPECT_NEAR(counts[i], 10'000.0 * pool[i].weight, 600);
}

TEST(LeastLatency, PrefersTheOneThatAnswersSooner) {
  struct Row {
    const char* name;
    Duration latency_a, latency_b;  // 0: none known
    uint32_t load_a, load_b;
    EndpointId better;
  };
  const Row rows[] = {
      {"both idle", 10ms, 11ms, 0, 0, 0},
      {"fast but busy", 10ms, 50ms, 9, 0, 1},
      {"fast and somewhat busy", 10ms, 50ms, 3, 0, 0},
      {"an idle one that is not known yet", 10ms, 0ms, 0, 0, 1},
      {"somebody is trying it already", 10ms, 0ms, 0, 1, 0},
      {"by load, while one is not known", 10ms, 0ms, 5, 1, 1},
      {"by load, while none is known", 0ms, 0ms, 1, 2, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Pool pool({1, 1});
    if (row.latency_a > 0ms) pool[0].latency.observe(row.latency_a, kStart);
    if (row.latency_b > 0ms) pool[1].latency.observe(row.latency_b, kStart);
    pool[0].in_flight = row.load_a;
    pool[1].in_flight = row.load_b;
    const auto balancer = make("least_latency", pool);
    Random random(1);
    const Tried tried;
    for (int i = 0; i < 50; ++i)
      ASSERT_EQ(balancer->choose({.tried = tried, .now = kStart}, random), row.better);
  }
}

// A server that never answers holds one request of a quiet pool and not all.
TEST(LeastLatency, AServerThatNeverAnswersIsNotTriedByEverybody) {
  Pool pool({1, 1, 1, 1});
  for (size_t i : {0u, 1u, 2u}) pool[i].latency.observe(5ms, kStart);
  const auto balancer = make("least_latency", pool);
  Random random(1);
  const Tried tried;
  int hanging = 0;
  for (int i = 0; i < 1000; ++i) {
    const EndpointId id = balancer->choose({.tried = tried, .now = kStart}, random);
    if (id != 3) continue;  // answered at once
    ++pool[3].in_flight;
    ++hanging;
  }
  EXPECT_EQ(hanging, 1);
}

}  // namespace
}  // namespace fairlead::balance
