// The adaptive limit: what holds in each mode, its law round by round, and how it does before a
// simulated service that is overloaded, recovers, and becomes slower for good.
#include "upstream/concurrency_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "queueing_model.h"

namespace fairlead::upstream {
namespace {

TimePoint at(Duration since) { return TimePoint(since); }

LimitSettings settingsOf(LimitMode mode, uint32_t fixed = 0) {
  LimitSettings settings;
  settings.mode = mode;
  settings.fixed = fixed;
  return settings;
}

struct ModeRow {
  const char* name;
  LimitMode mode;
  Duration after_first_answer;
  bool computes;
  bool learning;
  bool enforced;
};

TEST(ConcurrencyLimit, HoldsAsItsModeSays) {
  const ModeRow rows[] = {
      {"off", LimitMode::Off, 1h, false, false, false},
      {"observe", LimitMode::Observe, 1h, true, false, false},
      {"a number, at once", LimitMode::Fixed, 0s, false, false, true},
      {"a number, later", LimitMode::Fixed, 1h, false, false, true},
      {"adaptive, at first", LimitMode::Adaptive, 0s, true, true, false},
      {"adaptive, within a minute", LimitMode::Adaptive, 59999ms, true, true, false},
      {"adaptive, after a minute", LimitMode::Adaptive, 60s, true, false, true},
  };
  for (const ModeRow& row : rows) {
    SCOPED_TRACE(row.name);
    ConcurrencyLimit limit(settingsOf(row.mode, 33));
    const uint32_t initial = limit.limit();
    EXPECT_EQ(initial, row.mode == LimitMode::Off ? 0 : row.mode == LimitMode::Fixed ? 33 : 20);
    for (int i = 0; i < 20; ++i)
      limit.sample({.answers = 1000, .mean = 5ms, .peak_in_flight = 40}, at(100s + i * 1ms));
    EXPECT_EQ(limit.limit() > initial, row.computes);
    EXPECT_EQ(limit.learning(at(100s) + row.after_first_answer), row.learning);
    EXPECT_EQ(limit.enforced(at(100s) + row.after_first_answer), row.enforced ? limit.limit() : 0);
  }
}

TEST(ConcurrencyLimit, LearnsFromTheFirstAnswerOn) {
  ConcurrencyLimit limit(settingsOf(LimitMode::Adaptive));
  EXPECT_TRUE(limit.learning(at(24h)));
  EXPECT_EQ(limit.enforced(at(24h)), 0);
  limit.sample({.answers = 1, .mean = 1ms, .peak_in_flight = 1}, at(24h));
  EXPECT_TRUE(limit.learning(at(24h + 59s)));
  EXPECT_FALSE(limit.learning(at(24h + 60s)));
}

// A limit that is in force, with a floor of 10 ms, fed one round after the other.
class InForce {
 public:
  explicit InForce(uint32_t peak = 1000) {
    for (int i = 0; i < 700; ++i) round({.answers = 1000, .mean = 10ms, .peak_in_flight = peak});
  }
  void round(const Interval& interval, int times = 1) {
    for (int i = 0; i < times; ++i) limit.sample(interval, now_ += 100ms);
  }
  TimePoint now() const { return now_; }
  ConcurrencyLimit limit{settingsOf(LimitMode::Adaptive)};

 private:
  TimePoint now_ = at(1s);
};

struct SampleRow {
  const char* name;
  Interval interval;  // a peak of 0 stands for all of the limit
  int sign;           // of what becomes of the limit
};

TEST(ConcurrencyLimit, ChangesByItsLaw) {
  const auto used = [](Duration mean) { return Interval{.answers = 5000, .mean = mean}; };
  const SampleRow rows[] = {
      {"at the floor, used", used(10ms), +1},
      {"at the floor, hardly used", {.answers = 5000, .mean = 10ms, .peak_in_flight = 100}, 0},
      {"1.2 times the floor", used(12ms), +1},
      {"1.3 times the floor", used(13ms), 0},
      {"1.45 times the floor", used(14500us), 0},
      {"twice the floor", used(20ms), -1},
      {"slow, but hardly used", {.answers = 5000, .mean = 50ms, .peak_in_flight = 100}, 0},
      {"a few failures", {.answers = 4950, .failures = 50, .mean = 10ms}, +1},
      {"many failures count as slow", {.answers = 2500, .failures = 2500, .mean = 10ms}, -1},
      {"nothing but failures", {.failures = 5000}, -1},
      {"no answers", {.peak_in_flight = 1000}, 0},
  };
  for (const SampleRow& row : rows) {
    SCOPED_TRACE(row.name);
    InForce pool;
    Interval interval = row.interval;
    if (interval.peak_in_flight == 0) interval.peak_in_flight = pool.limit.limit();
    // The recent latency is an average: for a while it is still on its way.
    if (row.sign >= 0) pool.round(interval, 12);
    const uint32_t before = pool.limit.limit();
    pool.round(interval, 6);
    const uint32_t after = pool.limit.limit();
    EXPECT_EQ((after > before) - (after < before), row.sign) << before << " to " << after;
  }
}

TEST(ConcurrencyLimit, NeverFallsUnderItsLeast) {
  InForce pool(20);
  for (int i = 0; i < 2000; ++i) {
    // A service whose latency is all waiting: in proportion to what is let in, and hopeless.
    const uint32_t in_flight = pool.limit.limit();
    pool.round({.answers = 100, .mean = in_flight * 20ms, .peak_in_flight = in_flight});
    ASSERT_GE(pool.limit.limit(), ConcurrencyLimit::kLeast);
  }
  EXPECT_LE(pool.limit.limit(), 12);
}

// --- before a simulated service

struct Summary {
  uint32_t least = UINT32_MAX;
  uint32_t most = 0;
  uint64_t answers = 0;
  uint64_t refused = 0;
  double latency_sum = 0;

  void add(const QueueingModel::Tick& tick) {
    least = std::min(least, tick.limit);
    most = std::max(most, tick.limit);
    answers += tick.answers;
    refused += tick.refused;
    latency_sum += tick.latency_sum;
  }
  double latency() const { return latency_sum / static_cast<double>(answers); }
  double refusedShare() const {
    return static_cast<double>(refused) / static_cast<double>(answers + refused);
  }
};

// Runs a phase and sums up what is after `settle` seconds of it.
Summary phase(QueueingModel& model, ConcurrencyLimit& limit, double seconds, double load,
              double settle) {
  Summary summary;
  const double from = model.now() + settle;
  model.run(limit, seconds, load, [&](const QueueingModel::Tick& tick) {
    if (tick.at > from) summary.add(tick);
  });
  return summary;
}

struct ServiceRow {
  const char* name;
  uint32_t places;
  ServiceTime kind;
  double settled;       // seconds after which threefold load is under control
  double most_limit;    // times the places, from then on
  double most_latency;  // times that of the idle service
};

class BeforeAService : public testing::TestWithParam<ServiceRow> {
 protected:
  static constexpr double kService = 0.03;
  static constexpr double kMinuteOfLearning = 62;

  QueueingModel model{{.places = GetParam().places, .service = kService, .kind = GetParam().kind}};
  ConcurrencyLimit limit{settingsOf(LimitMode::Adaptive)};
};

TEST_P(BeforeAService, TurnsAwayWhatWouldOnlyWait) {
  const ServiceRow& row = GetParam();
  phase(model, limit, kMinuteOfLearning, 0.6, 0);
  const Summary overload = phase(model, limit, 90, 3, row.settled);
  EXPECT_GE(overload.least, row.places * 0.65);
  EXPECT_LE(overload.most, row.places * row.most_limit);
  EXPECT_LE(overload.most, overload.least * 2);
  EXPECT_LE(overload.latency(), kService * row.most_latency);
  // It is busy all the time: what it can serve is served.
  EXPECT_GE(static_cast<double>(overload.answers),
            0.95 * (90 - row.settled) * row.places / kService);

  const Summary after = phase(model, limit, 30, 0.6, 10);
  EXPECT_LE(after.refusedShare(), 0.001);
  EXPECT_LE(after.latency(), kService * 1.2);
}

constexpr ServiceRow kServices[] = {
    {"eight_constant", 8, ServiceTime::Constant, 20, 1.9, 1.8},
    {"thirty_two_constant", 32, ServiceTime::Constant, 10, 1.5, 1.5},
    {"hundred_constant", 100, ServiceTime::Constant, 5, 1.5, 1.5},
    {"eight_exponential", 8, ServiceTime::Exponential, 20, 2.1, 1.9},
    {"thirty_two_exponential", 32, ServiceTime::Exponential, 10, 1.6, 1.6},
    {"hundred_exponential", 100, ServiceTime::Exponential, 5, 1.5, 1.5},
    {"thirty_two_with_a_heavy_tail", 32, ServiceTime::HeavyTail, 10, 2.2, 2.0},
    {"hundred_with_a_heavy_tail", 100, ServiceTime::HeavyTail, 5, 1.8, 1.8},
};

INSTANTIATE_TEST_SUITE_P(Table, BeforeAService, testing::ValuesIn(kServices),
                         [](const auto& given) { return std::string(given.param.name); });

TEST(ConcurrencyLimit, LetsAServiceBeSlowerForGood) {
  QueueingModel model({.places = 64});
  ConcurrencyLimit limit(settingsOf(LimitMode::Adaptive));
  phase(model, limit, 62, 0.6, 0);
  model.setService(0.09);  // three times slower, under the same share of load
  const Summary slower = phase(model, limit, 60, 0.6, 30);
  EXPECT_LE(slower.refusedShare(), 0.001);
  EXPECT_LE(slower.latency(), 0.09 * 1.2);
}

TEST(ConcurrencyLimit, FindsItsWayDownWhenItLearnedUnderOverload) {
  QueueingModel model({.places = 64});
  ConcurrencyLimit limit(settingsOf(LimitMode::Adaptive));
  phase(model, limit, 0.2, 3, 0);  // leaves a line that stays, as just what can be served comes in
  phase(model, limit, 62, 1, 0);
  const Summary late = phase(model, limit, 600, 3, 300);
  EXPECT_LE(late.most, 64 * 2);
  EXPECT_LE(late.latency(), 0.03 * 1.6);
}

TEST(ConcurrencyLimit, IsTheSameFromTheSameSeed) {
  std::vector<uint32_t> limits[2];
  for (auto& seen : limits) {
    QueueingModel model({.seed = 42});
    ConcurrencyLimit limit(settingsOf(LimitMode::Adaptive));
    model.run(limit, 70, 2, [&](const QueueingModel::Tick& tick) { seen.push_back(tick.limit); });
  }
  EXPECT_EQ(limits[0], limits[1]);
}

TEST(ConcurrencyLimit, IsReadByOtherThreads) {
  ConcurrencyLimit limit(settingsOf(LimitMode::Adaptive));
  std::atomic<bool> done{false};
  std::atomic<uint32_t> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      while (!done.load()) {
        if (limit.limit() < ConcurrencyLimit::kLeast) ++wrong;
        if (limit.enforced(at(10s)) != 0) ++wrong;
        if (!limit.learning(at(10s))) ++wrong;
      }
    });
  for (int i = 0; i < 20000; ++i)
    limit.sample({.answers = 100, .mean = 1ms * (i % 7), .peak_in_flight = 50}, at(10s + i * 1ms));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace fairlead::upstream
