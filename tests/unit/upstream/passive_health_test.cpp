// Passive health: which outcomes eject, for how long, what is forgiven, and that of many threads
// one ejects.
#include "upstream/passive_health.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace fairlead::upstream {
namespace {

TimePoint at(Duration since) { return TimePoint(since); }
AttemptEnd endOf(bool failed, TimePoint now) { return {failed, now, now}; }

std::string nameOf(EjectReason reason) {
  switch (reason) {
    case EjectReason::None:
      return "none";
    case EjectReason::Consecutive:
      return "consecutive";
    case EjectReason::FailureShare:
      return "share";
  }
  return "?";
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

// --- what ejects

struct RecordRow {
  const char* name;
  std::string results;  // + good, - failed, one every 10 ms; a number k: k seconds pass
  const char* last;     // what the last of them gave
  uint32_t consecutive = 5;
  double failures = 0.5;
  bool on = true;
};

EjectReason play(PassiveHealth& health, const std::string& results,
                 const PassiveSettings& settings) {
  TimePoint now = at(1000s);
  EjectReason last = EjectReason::None;
  for (const char c : results) {
    now += c >= '0' && c <= '9' ? Duration((c - '0') * 1s) : Duration(10ms);
    if (c == '+' || c == '-') last = health.record(endOf(c == '-', now), settings);
  }
  return last;
}

TEST(PassiveHealth, GivesReasons) {
  const RecordRow rows[] = {
      {"one failure", "-", "none"},
      {"four in a row", "----", "none"},
      {"five in a row", "-----", "consecutive"},
      {"a sixth says it again", "------", "consecutive"},
      {"five with a good one between", "----+-", "none"},
      {"five after a good one", "+++-----", "consecutive"},
      {"a row knows no window", "-9-9-9-9-", "consecutive"},
      {"a good one never ejects", "-----+", "none"},
      {"one in a row", "-", "consecutive", 1},
      {"half of twenty", repeated("+-", 10), "none"},
      {"more than half of twenty", repeated("+-", 9) + "--", "share"},
      {"more than half of nineteen", repeated("+-", 8) + "-+-", "none"},
      {"a third", repeated("++-", 20), "none"},
      {"a third, where a quarter is allowed", repeated("++-", 20), "share", 5, 0.25},
      {"more than half, but long ago", repeated("--+", 7) + "99+-", "none"},
      {"the row is off", repeated("-", 19), "none", 0},
      {"the row is off, the share is not", repeated("-", 20), "share", 0},
      {"the share is off", repeated("--+", 20) + "-", "none", 5, 0},
      {"the row counts first", repeated("-", 20), "consecutive"},
      {"off", repeated("-", 40), "none", 5, 0.5, false},
  };
  for (const RecordRow& row : rows) {
    SCOPED_TRACE(row.name);
    PassiveSettings settings;
    settings.on = row.on;
    settings.consecutive = row.consecutive;
    settings.failures = row.failures;
    PassiveHealth health;
    EXPECT_EQ(nameOf(play(health, row.results, settings)), row.last);
    EXPECT_FALSE(health.ejected(at(0s)));
  }
}

TEST(PassiveHealth, CountsAfreshAfterAnEjection) {
  const PassiveSettings settings;
  PassiveHealth health;
  TimePoint now = at(100s);
  for (int i = 0; i < 5; ++i) health.record(endOf(true, now), settings);
  ASSERT_TRUE(health.eject(EjectReason::Consecutive, now, settings));
  EXPECT_EQ(health.consecutiveFailures(), 0u);
  EXPECT_EQ(health.counted(now, settings).all, 0u);

  // Neither what ends while it is out counts, nor what began then and ends later.
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(nameOf(health.record(endOf(true, now + 1s), settings)), "none");
  EXPECT_EQ(nameOf(health.record({true, now + 9s, now + 60s}, settings)), "none");
  EXPECT_EQ(health.counted(now + 60s, settings).all, 0u);

  now += 10s;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(nameOf(health.record(endOf(true, now), settings)), "none");
  EXPECT_EQ(nameOf(health.record(endOf(true, now), settings)), "consecutive");
}

// --- how long

struct EjectStep {
  Duration after;     // the end of the ejection before
  Duration expected;  // out for that long
};

struct EjectRow {
  const char* name;
  std::vector<EjectStep> steps;
  Duration eject = 10s;
  Duration window = 10s;
  Duration max_eject = 5min;
};

TEST(PassiveHealth, EjectsLongerInARowAndForgives) {
  const EjectRow rows[] = {
      {"the first", {{0s, 10s}}},
      {"in a row", {{0s, 10s}, {1s, 20s}, {1s, 30s}, {9999ms, 40s}}},
      {"ten good seconds take one back", {{0s, 10s}, {1s, 20s}, {10s, 20s}, {10s, 20s}}},
      {"twenty take two back", {{0s, 10s}, {1s, 20s}, {1s, 30s}, {20s, 20s}}},
      {"an hour takes all back", {{0s, 10s}, {1s, 20s}, {1s, 30s}, {1h, 10s}, {1s, 20s}}},
      {"a longer window forgives later", {{0s, 10s}, {59s, 20s}, {60s, 20s}}, 10s, 1min},
      {"a longer ejection forgives later", {{0s, 60s}, {59s, 120s}, {60s, 120s}}, 60s, 10s},
      {"at most so long", {{0s, 10s}, {1s, 20s}, {1s, 25s}, {1s, 25s}, {1s, 25s}}, 10s, 10s, 25s},
      {"what was at most is forgiven as soon",
       {{0s, 10s}, {1s, 20s}, {1s, 25s}, {1s, 25s}, {1s, 25s}, {30s, 10s}},
       10s,
       10s,
       25s},
      {"never longer than the most", {{0s, 5s}, {1s, 5s}}, 10s, 10s, 5s},
  };
  for (const EjectRow& row : rows) {
    SCOPED_TRACE(row.name);
    PassiveSettings settings;
    settings.eject = row.eject;
    settings.window = row.window;
    settings.max_eject = row.max_eject;
    PassiveHealth health;
    TimePoint now = at(1000s);
    for (const EjectStep& step : row.steps) {
      SCOPED_TRACE(step.expected / 1ms);
      now += step.after;
      ASSERT_TRUE(health.eject(EjectReason::FailureShare, now, settings));
      EXPECT_TRUE(health.ejected(now));
      EXPECT_TRUE(health.ejected(now + step.expected - 1ns));
      EXPECT_FALSE(health.ejected(now + step.expected));
      EXPECT_EQ(health.ejectedUntil(now), now + step.expected);
      now += step.expected;
      EXPECT_EQ(health.ejectedUntil(now), std::nullopt);
    }
  }
}

TEST(PassiveHealth, TellsHowOftenInARow) {
  const PassiveSettings settings;
  PassiveHealth health;
  EXPECT_EQ(health.ejections(at(1000s), settings), 0u);
  health.eject(EjectReason::Consecutive, at(1000s), settings);
  health.eject(EjectReason::Consecutive, at(1010s), settings);  // until 1030
  EXPECT_EQ(health.ejections(at(1020s), settings), 2u);
  EXPECT_EQ(health.ejections(at(1039s), settings), 2u);
  EXPECT_EQ(health.ejections(at(1040s), settings), 1u);
  EXPECT_EQ(health.ejections(at(1050s), settings), 0u);
  EXPECT_EQ(health.ejections(at(9000s), settings), 0u);
}

TEST(PassiveHealth, IsLetBackEarly) {
  const PassiveSettings settings;
  PassiveHealth health;
  EXPECT_FALSE(health.letBack(at(1000s)));
  ASSERT_TRUE(health.eject(EjectReason::Consecutive, at(1000s), settings));
  EXPECT_TRUE(health.letBack(at(1004s)));
  EXPECT_FALSE(health.ejected(at(1004s)));
  EXPECT_FALSE(health.letBack(at(1004s)));
  EXPECT_EQ(health.ejections(at(1005s), settings), 1u);
  // A thread that judged by what was before comes too late.
  EXPECT_FALSE(health.eject(EjectReason::Consecutive, at(1003s), settings));
  EXPECT_TRUE(health.eject(EjectReason::Consecutive, at(1005s), settings));
  EXPECT_EQ(health.ejectedUntil(at(1005s)), at(1025s));
}

// --- why

TEST(PassiveHealth, RemembersWhy) {
  const PassiveSettings settings;
  PassiveHealth health;
  EXPECT_EQ(describe(health.lastEjection(), settings.window), "");

  for (int i = 0; i < 6; ++i) health.record(endOf(true, at(1000s)), settings);
  health.eject(EjectReason::Consecutive, at(1000s), settings);
  EXPECT_EQ(describe(health.lastEjection(), settings.window), "6 consecutive failures");

  for (int i = 0; i < 40; ++i) health.record(endOf(i % 8 < 5, at(1020s)), settings);
  health.eject(EjectReason::FailureShare, at(1020s), settings);
  EXPECT_EQ(describe(health.lastEjection(), settings.window), "62 % of 40 requests failed in 10s");
  EXPECT_EQ(nameOf(health.lastEjection().reason), "share");
}

// --- Retry-After

struct DeferRow {
  const char* name;
  std::vector<std::pair<Duration, Duration>> pauses;  // at, and for how long
  Duration looked_at;
  std::optional<Duration> until;
};

TEST(PassiveHealth, DefersForAsLongAsTheServerAsks) {
  const DeferRow rows[] = {
      {"never", {}, 0s, {}},
      {"for a while", {{10s, 30s}}, 10s, 40s},
      {"almost over", {{10s, 30s}}, 39999ms, 40s},
      {"over", {{10s, 30s}}, 40s, {}},
      {"at most five minutes", {{10s, 24h}}, 10s, 310s},
      {"a shorter one does not shorten", {{10s, 30s}, {11s, 1s}}, 12s, 40s},
      {"a longer one lengthens", {{10s, 30s}, {11s, 60s}}, 12s, 71s},
      {"nothing", {{10s, 0s}}, 10s, {}},
      {"less than nothing", {{10s, -5s}}, 9s, {}},
  };
  for (const DeferRow& row : rows) {
    SCOPED_TRACE(row.name);
    PassiveHealth health;
    for (const auto& [when, pause] : row.pauses) health.defer(pause, at(when));
    const auto until = health.deferredUntil(at(row.looked_at));
    EXPECT_EQ(health.deferred(at(row.looked_at)), row.until.has_value());
    ASSERT_EQ(until.has_value(), row.until.has_value());
    if (until) EXPECT_EQ(*until, at(*row.until));
    EXPECT_FALSE(health.ejected(at(row.looked_at)));
  }
}

// --- threads

TEST(PassiveHealth, IsEjectedByOneOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 200;
  PassiveSettings settings;
  settings.max_eject = Duration(24h);
  PassiveHealth health;
  std::atomic<int> ejected{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        const TimePoint now = at(1000s + round * 1h + t * 1us);
        for (int i = 0; i < 50; ++i) {
          const EjectReason reason = health.record(endOf(i % 10 != 0, now), settings);
          if (reason != EjectReason::None && health.eject(reason, now, settings)) ++ejected;
        }
        health.ejectedUntil(now);
        health.lastEjection();
        health.counted(now, settings);
      }
    });
  for (std::thread& thread : threads) thread.join();
  // Hours lie between the rounds, and an ejection lasts for seconds: one a round at most, and with
  // nine failures in a row at least the last round has one.
  EXPECT_LE(ejected, kRounds);
  EXPECT_GE(ejected, 1);
}

}  // namespace
}  // namespace fairlead::upstream
