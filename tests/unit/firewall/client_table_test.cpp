// The table of clients: what a bucket keeps and gives away, and what threads together may take.
#include "firewall/client_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "support/allocation_counter.h"

namespace fairlead::firewall {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr HashSecret kSecret = {0x1234, 0x5678};
constexpr uint64_t kOneBucket = 512;
constexpr uint64_t kCells = CellTable::kCellsPerBucket;

TimePoint at(Duration since_start) { return TimePoint(hours(1)) + since_start; }

Key numbered(const ClientTable& table, uint64_t number) { return table.key(number, "client"); }

// Takes once of each key in [from, to), a second apart; returns how many passed.
int takeOfEach(ClientTable& table, const Rate& rate, uint64_t from, uint64_t to, Duration begin) {
  int passed = 0;
  for (uint64_t i = from; i < to; ++i)
    passed += table.take(rate, numbered(table, i), at(begin + seconds(i - from))).passes;
  return passed;
}

const Rate kOneAnHour = Rate::of(1.0 / 3600, 1);

TEST(ClientTable, CountsByKeyAndRule) {
  ClientTable table(1 << 20, kSecret);
  const Rate rate = Rate::of(1, 2);
  const IpAddress one = *IpAddress::parse("192.0.2.1");
  const IpAddress other = *IpAddress::parse("192.0.2.2");
  EXPECT_TRUE(table.take(rate, table.key(1, one), at({})).passes);
  EXPECT_TRUE(table.take(rate, table.key(1, one), at({})).passes);
  EXPECT_FALSE(table.take(rate, table.key(1, one), at({})).passes);
  EXPECT_TRUE(table.take(rate, table.key(1, other), at({})).passes);
  EXPECT_TRUE(table.take(rate, table.key(2, one), at({})).passes);
  EXPECT_TRUE(table.take(rate, table.key(1, "192.0.2.1"), at({})).passes);
}

TEST(ClientTable, HasRoomForAboutAMillionKeysInItsDefaultSize) {
  const ClientTable table(ClientTable::kDefaultBytes, kSecret);
  EXPECT_EQ(table.facts(at({})).capacity, 917'504u);
  EXPECT_EQ(ClientTable(0, kSecret).facts(at({})).capacity, kCells);
}

TEST(ClientTable, TheLeastRecentlyUsedGoesFirst) {
  ClientTable table(kOneBucket, kSecret);
  ASSERT_EQ(takeOfEach(table, kOneAnHour, 0, kCells, seconds(0)), int{kCells});
  // Refused, but used: key 0 is the youngest now.
  EXPECT_FALSE(table.take(kOneAnHour, numbered(table, 0), at(seconds(50))).passes);
  EXPECT_TRUE(table.take(kOneAnHour, numbered(table, 100), at(seconds(51))).passes);
  EXPECT_EQ(table.facts(at(seconds(51))).evictions, 1u);
  EXPECT_FALSE(table.take(kOneAnHour, numbered(table, 0), at(seconds(52))).passes);
  EXPECT_FALSE(table.take(kOneAnHour, numbered(table, 2), at(seconds(53))).passes);
  EXPECT_TRUE(table.take(kOneAnHour, numbered(table, 1), at(seconds(54))).passes) << "forgotten";
}

TEST(ClientTable, WhatIsPaidForGoesBeforeWhatIsNot) {
  ClientTable table(kOneBucket, kSecret);
  ASSERT_EQ(takeOfEach(table, kOneAnHour, 0, kCells - 1, seconds(0)), int{kCells - 1});
  EXPECT_TRUE(table.take(Rate::of(1, 1), numbered(table, 50), at(seconds(60))).passes);
  EXPECT_EQ(table.facts(at(seconds(60))).in_use, kCells);
  EXPECT_EQ(table.facts(at(seconds(62))).in_use, kCells - 1);
  EXPECT_TRUE(table.take(kOneAnHour, numbered(table, 60), at(seconds(62))).passes);
  EXPECT_EQ(table.facts(at(seconds(62))).evictions, 0u);
  EXPECT_EQ(takeOfEach(table, kOneAnHour, 0, kCells - 1, seconds(63)), 0);
}

TEST(ClientTable, HoldsCountAndAreNeverTakenAway) {
  ClientTable table(kOneBucket, kSecret);
  std::vector<Hold> holds;
  for (uint64_t i = 0; i < kCells; ++i) {
    Counted counted = table.hold(numbered(table, i), 2, at({}));
    EXPECT_EQ(counted.count, 1u);
    ASSERT_TRUE(counted.hold);
    holds.push_back(std::move(counted.hold));
  }
  const Counted beyond = table.hold(numbered(table, 99), 2, at({}));
  EXPECT_TRUE(beyond.passes);
  EXPECT_FALSE(beyond.hold);
  EXPECT_EQ(beyond.count, 0u);
  EXPECT_TRUE(table.take(kOneAnHour, numbered(table, 98), at({})).passes);
  EXPECT_TRUE(table.take(kOneAnHour, numbered(table, 98), at({})).passes) << "no room to remember";
  EXPECT_FALSE(table.offend(numbered(table, 97), {1, seconds(1)}, at({})));
  EXPECT_FALSE(table.ban(Cidr(*IpAddress::parse("192.0.2.1"), 128), {minutes(1)}, at({})));
  EXPECT_EQ(table.facts(at({})).untracked, 5u);

  holds[3] = Hold();
  EXPECT_EQ(table.held(numbered(table, 3)), 0u);
  EXPECT_EQ(table.hold(numbered(table, 99), 2, at({})).count, 1u);
  for (uint64_t i = 0; i < kCells; ++i)
    if (i != 3) EXPECT_EQ(table.held(numbered(table, i)), 1u);
}

TEST(ClientTable, HoldsUpToTheLimit) {
  ClientTable table(1 << 20, kSecret);
  const Key key = numbered(table, 1);
  Counted first = table.hold(key, 2, at({}));
  Counted second = table.hold(key, 2, at({}));
  Counted third = table.hold(key, 2, at({}));
  EXPECT_TRUE(second.passes);
  EXPECT_EQ(second.count, 2u);
  EXPECT_FALSE(third.passes);
  EXPECT_FALSE(third.hold);
  EXPECT_EQ(third.count, 3u);
  EXPECT_EQ(table.hold(key, ClientTable::kNoLimit, at({})).count, 3u);
  EXPECT_EQ(table.held(key), 2u);
  Hold moved = std::move(first.hold);
  EXPECT_FALSE(first.hold);
  EXPECT_EQ(table.held(key), 2u);
  moved = std::move(second.hold);
  EXPECT_EQ(table.held(key), 1u) << "what it had before is given back at once";
  moved = Hold();
  EXPECT_EQ(table.held(key), 0u);
}

TEST(ClientTable, OffencesTripAndAreForgotten) {
  ClientTable table(kOneBucket, kSecret);
  const OffenceRule rule{3, minutes(1)};
  const Key key = numbered(table, 1);
  EXPECT_FALSE(table.offend(key, rule, at(seconds(0))));
  EXPECT_FALSE(table.offend(key, rule, at(seconds(30))));
  EXPECT_TRUE(table.offend(key, rule, at(seconds(60))));
  EXPECT_FALSE(table.offend(key, rule, at(seconds(60))));
  EXPECT_EQ(table.facts(at(seconds(120))).in_use, 1u);
  EXPECT_EQ(table.facts(at(seconds(130))).in_use, 0u);
}

// A flood of new keys touches all that it may and nothing that it may not.
TEST(ClientTable, AFloodOfKeysEvictsAndNothingElse) {
  ClientTable table(64 * kOneBucket, kSecret);
  const Counted held = table.hold(table.key(1, "held"), 5, at({}));
  const IpAddress banned = *IpAddress::parse("203.0.113.9");
  ASSERT_TRUE(table.ban(Cidr(banned, 128), {hours(1)}, at({})));
  for (uint64_t i = 0; i < 10'000; ++i)
    ASSERT_TRUE(table.take(kOneAnHour, numbered(table, i), at(milliseconds(i))).passes);
  const ClientTable::Facts facts = table.facts(at(seconds(10)));
  EXPECT_EQ(facts.in_use, 64 * kCells);
  EXPECT_EQ(facts.evictions, 10'002 - 64 * kCells);
  EXPECT_EQ(facts.untracked, 0u);
  EXPECT_EQ(facts.bans, 1u);
  EXPECT_EQ(table.held(table.key(1, "held")), 1u);
  EXPECT_TRUE(table.banOf(banned, at(seconds(10))));
}

TEST(ClientTable, AllocatesNothing) {
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  ClientTable table(1 << 20, kSecret);
  const IpAddress address = *IpAddress::parse("203.0.113.9");
  const uint64_t before = test::allocationsOfThread();
  for (uint64_t i = 0; i < 100; ++i) {
    const Key key = table.key(i, address);
    table.take(kOneAnHour, key, at({}));
    const Counted counted = table.hold(key, 1, at({}));
    table.offend(key, {2, seconds(1)}, at({}));
    table.ban(Cidr(address, 128), {.span = minutes(1), .roll_up = 2}, at({}));
    ASSERT_TRUE(table.banOf(address, at({})));
    ASSERT_TRUE(table.lift(Cidr(address, 128), at({})));
  }
  EXPECT_EQ(test::allocationsOfThread(), before);
}

constexpr int kThreads = 4;

// Runs `body(thread number)` on all at once.
template <typename Body>
void onThreads(Body body) {
  std::latch begin(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      begin.arrive_and_wait();
      body(i);
    });
  for (std::thread& thread : threads) thread.join();
}

struct HammerRow {
  const char* name;
  uint64_t keys;
  double per_second;  // of each key
  uint32_t burst;
  Duration step;  // of the clock, from one take to the next of the same thread
  int takes;      // of each thread
};

const HammerRow kHammered[] = {
    {"one key", 1, 10'000, 100, microseconds(20), 50'000},
    {"one key, hardly refused", 1, 150'000, 10, microseconds(20), 50'000},
    {"many keys in turn", 500, 20, 5, microseconds(50), 200'000},
};

// All threads share one clock, which each moves on: whatever way they interleave, what passes is
// the burst and the rate times the span.
TEST(ClientTable, ThreadsTogetherPassWhatTheRateAllows) {
  for (const HammerRow& row : kHammered) {
    SCOPED_TRACE(row.name);
    ClientTable table(8 << 20, kSecret);
    const Rate rate = Rate::of(row.per_second, row.burst);
    std::atomic<int64_t> clock{0};
    std::atomic<int64_t> passed{0};
    onThreads([&](int) {
      const int64_t step = row.step.count() / kThreads;
      int64_t mine = 0;
      for (int i = 0; i < row.takes; ++i) {
        const int64_t now = clock.fetch_add(step);
        const uint64_t number = static_cast<uint64_t>(now / step) % row.keys;
        mine += table.take(rate, numbered(table, number), at(Duration(now))).passes;
      }
      passed += mine;
    });
    const double span = static_cast<double>(clock.load()) * 1e-9;
    const double each = row.burst + row.per_second * span;
    const double allowed = each * static_cast<double>(row.keys);
    EXPECT_NEAR(static_cast<double>(passed.load()), allowed, allowed / 100);
    EXPECT_EQ(table.facts(at({})).evictions, 0u);
    EXPECT_EQ(table.facts(at({})).untracked, 0u);
  }
}

// All bring the same new keys at the same moment: each key has one burst, not one a thread.
TEST(ClientTable, ThreadsThatBringTheSameKeyShareIt) {
  constexpr uint64_t kKeys = 20'000;
  constexpr uint32_t kBurst = 3;
  ClientTable table(16 << 20, kSecret);
  const Rate rate = Rate::of(0.001, kBurst);
  std::atomic<uint64_t> passed{0};
  onThreads([&](int) {
    uint64_t mine = 0;
    for (uint64_t i = 0; i < kKeys; ++i)
      for (int k = 0; k < 3; ++k) mine += table.take(rate, numbered(table, i), at({})).passes;
    passed += mine;
  });
  EXPECT_EQ(passed.load(), kKeys * kBurst + table.facts(at({})).untracked);
  EXPECT_LT(table.facts(at({})).untracked, kKeys / 1000);
  EXPECT_EQ(table.facts(at({})).in_use, kKeys);
}

// More keys than cells, so that cells are taken away all the time; what is held is right all the
// same, and in the end nothing is.
TEST(ClientTable, ThreadsNeverHoldMoreThanTheLimitUnderEviction) {
  constexpr uint64_t kLimit = 3;
  constexpr uint64_t kKeys = 8;
  ClientTable table(2 * kOneBucket, kSecret);
  std::array<std::atomic<uint64_t>, kKeys> really{};
  std::atomic<uint64_t> beyond{0};
  std::atomic<uint64_t> tracked{0};
  onThreads([&](int thread) {
    Random random(static_cast<uint64_t>(thread) + 7);
    for (uint64_t i = 0; i < 50'000; ++i) {
      const TimePoint now = at(microseconds(i));
      const uint64_t number = random.below(kKeys);
      const Counted counted = table.hold(numbered(table, number), kLimit, now);
      table.take(kOneAnHour, numbered(table, 1000 + random.below(1000)), now);
      if (!counted.hold) continue;
      ++tracked;
      beyond += really[number].fetch_add(1) >= kLimit;
      table.take(kOneAnHour, numbered(table, 1000 + random.below(1000)), now);
      really[number].fetch_sub(1);
    }
  });
  EXPECT_EQ(beyond.load(), 0u);
  EXPECT_GT(tracked.load(), 10'000u);
  EXPECT_GT(table.facts(at({})).evictions, 10'000u);
  for (uint64_t i = 0; i < kKeys; ++i) EXPECT_EQ(table.held(numbered(table, i)), 0u) << i;
}

TEST(ClientTable, ThreadsTogetherTripARuleOnceForItsNumber) {
  ClientTable table(1 << 20, kSecret);
  const OffenceRule rule{10, hours(24)};
  std::atomic<int> trips{0};
  onThreads([&](int) {
    for (int i = 0; i < 10'000; ++i) trips += table.offend(numbered(table, 1), rule, at({}));
  });
  EXPECT_EQ(trips.load(), kThreads * 10'000 / 10);
}

}  // namespace
}  // namespace fairlead::firewall
