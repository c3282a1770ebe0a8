// When checks are made: the first ones spread, later ones in a rhythm that follows what is known.
#include "upstream/check_cadence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1h};

struct PauseRow {
  const char* name;
  Duration every;
  CheckFacts facts;
  Duration shortest;
  Duration longest;
};

TEST(CheckCadence, PausesFollowWhatIsKnown) {
  const PauseRow rows[] = {
      {"steady", 2s, {}, 1600ms, 2400ms},
      {"after the first check, at a random phase", 2s, {.first = true}, 0ms, 2000ms},
      {"in doubt: a quarter", 2s, {.in_doubt = true}, 400ms, 600ms},
      {"in doubt: 100 ms at the least", 300ms, {.in_doubt = true}, 80ms, 120ms},
      {"in doubt: no longer than `every`", 50ms, {.in_doubt = true}, 40ms, 60ms},
      {"down for a while", 2s, {.down_for = 5min - 1ns}, 1600ms, 2400ms},
      {"down for five minutes: ten times slower", 2s, {.down_for = 5min}, 16s, 24s},
      {"down for long, and passed once", 2s, {.in_doubt = true, .down_for = 1h}, 400ms, 600ms},
  };
  for (const PauseRow& row : rows) {
    SCOPED_TRACE(row.name);
    Random random(7);
    HealthSettings settings;
    settings.every = row.every;
    std::vector<Duration> pauses;
    for (int i = 0; i < 1000; ++i) pauses.push_back(pauseAfterCheck(settings, row.facts, random));
    const auto [least, most] = std::ranges::minmax(pauses);
    const Duration margin = (row.longest - row.shortest) / 50;
    EXPECT_GE(least, row.shortest);
    EXPECT_LE(least, row.shortest + margin);
    EXPECT_LE(most, row.longest);
    EXPECT_GE(most, row.longest - margin);
  }
}

struct FirstRow {
  const char* name;
  size_t newcomers;
  Duration latest;  // of the first checks, after they came
  size_t most_in_50ms;
};

size_t mostWithin(std::vector<TimePoint> times, Duration window) {
  std::ranges::sort(times);
  size_t most = 0;
  for (size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(FirstChecks, AreSpreadWhenTheyAreMany) {
  const FirstRow rows[] = {
      {"two at once", 2, 1ms, 2},
      {"ten", 10, 5ms, 10},
      {"a thousand", 1000, 500ms, 100},
      {"ten thousand go ten times as thick", 10'000, 500ms, 1000},
  };
  for (const FirstRow& row : rows) {
    SCOPED_TRACE(row.name);
    FirstChecks first_checks;
    std::vector<TimePoint> times;
    for (size_t i = 0; i < row.newcomers; ++i) times.push_back(first_checks.next(kBegin));
    EXPECT_EQ(times.front(), kBegin);
    EXPECT_LE(std::ranges::max(times), kBegin + row.latest);
    EXPECT_LE(mostWithin(times, 50ms), row.most_in_50ms + row.most_in_50ms / 20);
  }
}

TEST(FirstChecks, NewcomersStandBehindThoseWhoWait) {
  FirstChecks first_checks;
  for (int i = 0; i < 200; ++i) first_checks.next(kBegin);
  EXPECT_EQ(first_checks.next(kBegin + 50ms), kBegin + 100ms);
  EXPECT_EQ(first_checks.next(kBegin + 1s), kBegin + 1s);
}

}  // namespace
}  // namespace fairlead::upstream
