// The queue's rules: which end is served, who may enter, who is displaced, and when shedding ends.
#include "upstream/shedding.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::upstream {
namespace {

using enum Priority;

TimePoint at(Duration since) { return TimePoint(since); }

QueueSettings settingsOf(uint32_t limit) {
  QueueSettings settings;
  settings.limit = limit;  // with a timeout of 1 s: batch is refused over 100 ms, normal over 500
  return settings;
}

std::string nameOf(Entry entry) {
  switch (entry.kind) {
    case Entry::Kind::Enter:
      return "enter";
    case Entry::Kind::Refuse:
      return "refuse";
    case Entry::Kind::Displace:
      return "displace " + std::string(upstream::nameOf(entry.displaced));
  }
  return "?";
}

struct EndRow {
  const char* name;
  uint32_t limit;
  size_t waiting;
  End end;
};

TEST(QueuePolicy, ServesTheOldestUntilItIsHalfFull) {
  const EndRow rows[] = {
      {"one", 100, 1, End::Oldest},
      {"half", 100, 50, End::Oldest},
      {"more than half", 100, 51, End::Newest},
      {"full", 100, 100, End::Newest},
      {"odd, less than half", 5, 2, End::Oldest},
      {"odd, more", 5, 3, End::Newest},
      {"a queue of one", 1, 1, End::Newest},
  };
  for (const EndRow& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(QueuePolicy(settingsOf(row.limit)).next(row.waiting), row.end);
  }
}

struct EntryRow {
  const char* name;
  uint32_t limit;
  Waiting waiting;  // critical, normal, batch
  Priority priority;
  const char* expected;
};

TEST(QueuePolicy, DisplacesTheLowestWhenItIsFull) {
  const EntryRow rows[] = {
      {"no queue", 0, {}, Critical, "refuse"},
      {"empty, batch", 10, {}, Batch, "enter"},
      {"one place left", 10, {{3, 3, 3}}, Batch, "enter"},
      {"full: batch", 10, {{3, 3, 4}}, Batch, "refuse"},
      {"full: normal goes before batch", 10, {{3, 3, 4}}, Normal, "displace batch"},
      {"full: critical goes before batch", 10, {{3, 3, 4}}, Critical, "displace batch"},
      {"full without batch: normal", 10, {{5, 5, 0}}, Normal, "refuse"},
      {"full without batch: critical goes before normal",
       10,
       {{5, 5, 0}},
       Critical,
       "displace normal"},
      {"full of critical ones", 10, {{10, 0, 0}}, Critical, "refuse"},
      {"full of critical ones: normal", 10, {{10, 0, 0}}, Normal, "refuse"},
      {"the last batch", 10, {{9, 0, 1}}, Critical, "displace batch"},
  };
  for (const EntryRow& row : rows) {
    SCOPED_TRACE(row.name);
    QueuePolicy policy(settingsOf(row.limit));
    EXPECT_EQ(nameOf(policy.enter(row.priority, row.waiting, at(10s))), row.expected);
  }
}

// One interval of 100 ms: who left in it and after how long, and how many wait at its end.
struct Interval {
  std::vector<Duration> delays;
  uint32_t waiting = 10;
};

struct ShedRow {
  const char* name;
  std::vector<Interval> intervals;
  const char* levels;  // after each: . nobody, b batch, n normal too
};

char letterOf(Shedding shedding) {
  return shedding == Shedding::Nobody ? '.' : shedding == Shedding::Batch ? 'b' : 'n';
}

// Of a queue of 100 that is less than half full, so that the oldest are served.
std::string levelsAfter(const std::vector<Interval>& intervals) {
  QueuePolicy policy(settingsOf(100));
  TimePoint now = at(10s);
  policy.enter(Normal, {}, now);
  std::string levels;
  for (const Interval& interval : intervals) {
    for (const Duration delay : interval.delays) policy.left(delay, now + 50ms);
    now += 100ms;
    policy.enter(Critical, {{interval.waiting, 0, 0}}, now);
    levels += letterOf(policy.shedding());
  }
  return levels;
}

TEST(QueuePolicy, ShedsByTheLeastDelay) {
  const Interval quick{{20ms, 400ms}};
  const Interval fair{{80ms, 90ms}};
  const Interval over{{150ms, 900ms}};
  const Interval bad{{600ms}};
  const Interval calmer{{300ms}};
  const Interval calm{{200ms}};
  const Interval empty{{150ms}, 0};
  const Interval stuck{{}};
  const std::vector<Duration> served(10, 1ms);
  const ShedRow rows[] = {
      {"quick enough", {quick, quick}, ".."},
      {"at the target", {{{100ms}}}, "."},
      {"over the target for an interval", {over}, "b"},
      {"one quick one is enough", {{{900ms, 30ms, 900ms}}}, "."},
      {"over half of the timeout", {bad}, "n"},
      {"at half of the timeout", {{{500ms}}}, "b"},
      {"rises by steps", {over, bad}, "bn"},
      {"stays a while under its bound", {over, fair, fair}, "bbb"},
      {"goes back at half of its bound", {over, fair, quick}, "bb."},
      {"normal stays a while, too", {bad, calmer, calmer}, "nnn"},
      {"normal goes back to batch", {bad, calm, calm}, "nbb"},
      {"and batch to nobody, one level each time", {bad, quick, quick}, "nb."},
      {"nobody waits any more", {bad, empty}, "n."},
      {"an empty queue forgets", {bad, empty, fair}, "n.."},
      {"nobody leaves", {stuck, stuck, stuck, stuck, stuck, stuck}, ".bbbbn"},
      {"newest first, and it drains soon", {{{served}, 60}, {{served}, 60}}, "nn"},
      {"newest first, and it drains in time", {{std::vector<Duration>(200, 1ms), 60}}, "."},
      {"newest first, and it drains slowly", {{std::vector<Duration>(30, 1ms), 60}}, "b"},
  };
  for (const ShedRow& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(levelsAfter(row.intervals), row.levels);
  }
}

struct RefuseRow {
  const char* name;
  Duration delay;
  Priority priority;
  const char* expected;
};

TEST(QueuePolicy, RefusesBatchFirstAndCriticalLast) {
  const RefuseRow rows[] = {
      {"at ease: batch", 50ms, Batch, "enter"},
      {"over the target: batch", 200ms, Batch, "refuse"},
      {"over the target: normal", 200ms, Normal, "enter"},
      {"over the target: critical", 200ms, Critical, "enter"},
      {"over half of the timeout: batch", 700ms, Batch, "refuse"},
      {"over half of the timeout: normal", 700ms, Normal, "refuse"},
      {"over half of the timeout: critical", 700ms, Critical, "enter"},
  };
  for (const RefuseRow& row : rows) {
    SCOPED_TRACE(row.name);
    QueuePolicy policy(settingsOf(100));
    policy.enter(Normal, {}, at(10s));
    policy.left(row.delay, at(10s + 50ms));
    EXPECT_EQ(nameOf(policy.enter(row.priority, {{1, 1, 1}}, at(10s + 100ms))), row.expected);
    // Within the interval the verdict stands.
    EXPECT_EQ(nameOf(policy.enter(row.priority, {{1, 1, 1}}, at(10s + 199ms))), row.expected);
  }
}

TEST(QueuePolicy, JudgesAtMostEvery100ms) {
  QueuePolicy policy(settingsOf(100));
  policy.enter(Normal, {}, at(10s));
  policy.left(900ms, at(10s + 10ms));
  policy.enter(Normal, {{1, 0, 0}}, at(10s + 99ms));
  EXPECT_EQ(policy.shedding(), Shedding::Nobody);
  policy.enter(Normal, {{1, 0, 0}}, at(10s + 100ms));
  EXPECT_EQ(policy.shedding(), Shedding::Normal);
}

}  // namespace
}  // namespace fairlead::upstream
