// The meter of turns: what it says after which turns, and with a reader beside the writer.
#include "io/turn_meter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "io/reactor.h"

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint{} + 1000h;

struct Turn {
  Duration at;  // its begin, since the start
  Duration length;
};

void play(TurnMeter& meter, const std::vector<Turn>& turns) {
  for (const Turn& turn : turns) {
    meter.begin(kStart + turn.at);
    meter.end(kStart + turn.at + turn.length);
  }
}

TEST(TurnMeter, HasNothingToSayAtFirst) {
  const TurnMeter meter(kStart);
  const TurnFacts facts = meter.facts(kStart);
  EXPECT_EQ(facts.turns, 0u);
  EXPECT_EQ(facts.longest.length, 0ns);
  EXPECT_EQ(facts.busy_share, 0);
  EXPECT_EQ(facts.p99, std::nullopt);
  EXPECT_EQ(facts.running, std::nullopt);
}

struct Row {
  const char* name;
  std::vector<Turn> turns;
  Duration asked;  // since the start
  uint64_t count;
  Duration longest;
  Duration longest_at;
  Duration lately;
  double share;
};

const Row kRows[] = {
    {"one", {{1s, 2ms}}, 4s, 1, 2ms, 1s + 2ms, 2ms, 0.0005},
    {"the first of two equal ones", {{1s, 2ms}, {2s, 2ms}}, 4s, 2, 2ms, 1s + 2ms, 2ms, 0.001},
    {"the longest in the middle",
     {{1s, 1ms}, {2s, 9ms}, {3s, 2ms}},
     4s,
     3,
     9ms,
     2s + 9ms,
     9ms,
     0.003},
    {"the longest is a minute ago",
     {{1s, 9ms}, {70s, 6ms}, {75s, 1ms}},
     80s,
     3,
     9ms,
     1s + 9ms,
     6ms,
     0.0001},
    {"all are long ago", {{1s, 9ms}, {2s, 1ms}}, 1h, 2, 9ms, 1s + 9ms, 0ms, 0},
    {"always busy", {{0s, 4s}, {4s, 4s}}, 8s, 2, 4s, 4s, 4s, 1},
};

TEST(TurnMeter, TellsOfTheTurns) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    TurnMeter meter(kStart);
    play(meter, row.turns);
    const TurnFacts facts = meter.facts(kStart + row.asked);
    EXPECT_EQ(facts.turns, row.count);
    EXPECT_EQ(facts.longest.length, row.longest);
    EXPECT_EQ(facts.longest.at, kStart + row.longest_at);
    EXPECT_EQ(facts.longest_lately.length, row.lately);
    EXPECT_NEAR(facts.busy_share, row.share, row.share * 0.2);
  }
}

// Every second of a long time, so that each slot is filled and taken anew many times.
TEST(TurnMeter, TheLastMinuteSlides) {
  TurnMeter meter(kStart);
  for (int second = 0; second < 600; ++second) {
    const Duration length = second % 100 == 50 ? 5ms : 1ms;
    play(meter, {{second * 1s, length}});
    const TimePoint now = kStart + second * 1s + length;
    const bool is_recent = second >= 50 && second % 100 - 50 >= 0;
    const bool was_long_ago = second >= 50 && (second + 50) % 100 >= 70;
    if (is_recent) EXPECT_EQ(meter.facts(now).longest_lately.length, 5ms) << second;
    if (was_long_ago) EXPECT_EQ(meter.facts(now).longest_lately.length, 1ms) << second;
    if (second > 0) EXPECT_NEAR(meter.facts(now).busy_share, 0.001, 0.001) << second;
  }
}

TEST(TurnMeter, ATurnThatLastsCountsAsLongAsItIs) {
  TurnMeter meter(kStart);
  play(meter, {{1s, 2ms}});
  meter.begin(kStart + 2s);
  TurnFacts facts = meter.facts(kStart + 2s + 1ms);
  EXPECT_EQ(facts.running, 1ms);
  EXPECT_EQ(facts.longest.length, 2ms);
  facts = meter.facts(kStart + 5s);
  EXPECT_EQ(facts.running, 3s);
  EXPECT_EQ(facts.longest.length, 3s);
  EXPECT_EQ(facts.longest.at, kStart + 5s);
  EXPECT_EQ(facts.longest_lately.length, 3s);
  EXPECT_EQ(facts.turns, 1u);
  // A reader whose clock is behind.
  EXPECT_EQ(meter.facts(kStart + 1s + 5ms).running, 0ns);
}

TEST(TurnMeter, OneInAHundredIsLonger) {
  TurnMeter meter(kStart);
  for (int i = 0; i < 1000; ++i) play(meter, {{i * 1ms, i % 50 == 0 ? 900us : 100us}});
  const auto p99 = meter.facts(kStart + 2s).p99;
  ASSERT_TRUE(p99.has_value());
  EXPECT_NEAR(static_cast<double>(p99->count()), 900e3, 900e3 * 0.04);
}

TEST(TurnMeter, IsReadWhileItIsWritten) {
  TurnMeter meter(kStart);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 200'000; ++i) play(meter, {{i * 1ms, 10us}});
    done = true;
  });
  uint64_t turns = 0;
  while (!done) {
    const TurnFacts facts = meter.facts(kStart + 100s);
    EXPECT_GE(facts.turns, turns);
    EXPECT_TRUE(facts.longest.length == 0ns || facts.longest.length == 10us || facts.running);
    turns = facts.turns;
  }
  writer.join();
  EXPECT_EQ(meter.facts(kStart + 200s).turns, 200'000u);
}

// No other object shares a line with what a loop writes each turn.
static_assert(alignof(TurnMeter) >= 64 && sizeof(TurnMeter) % 64 == 0);

TEST(ReactorMeter, MeasuresFromTheEndOfTheWaitToTheNextOne) {
  Reactor reactor;
  struct Busy : Timer {
    Busy()
        : Timer([](Timer&, TimePoint) {
            const auto until = std::chrono::steady_clock::now() + 3ms;
            while (std::chrono::steady_clock::now() < until) {
            }
          }) {}
  } busy;
  reactor.timers().arm(busy, reactor.now() + 20ms);
  const TimePoint begin = reactor.now();
  while (busy.armed()) reactor.turn(1h);
  const TurnFacts facts = reactor.meter().facts(std::chrono::steady_clock::now());
  EXPECT_GE(facts.turns, 1u);
  EXPECT_GE(facts.longest.length, 3ms);
  EXPECT_EQ(facts.running, std::nullopt);
  EXPECT_GE(facts.busy, 3ms);
  // The wait for the timer, 20 ms, does not count.
  EXPECT_LE(facts.busy, std::chrono::steady_clock::now() - begin - 15ms);
}

}  // namespace
}  // namespace fairlead::io
