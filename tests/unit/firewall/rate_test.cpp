// GCRA: what passes when, and what the client is told.
#include "firewall/rate.h"

#include <gtest/gtest.h>

#include <array>

namespace fairlead::firewall {
namespace {

using std::chrono::milliseconds;

struct Ask {
  int at;  // ms
  bool passes;
  uint32_t remaining;
  int wait;   // ms
  int reset;  // ms
};

struct RateRow {
  const char* name;
  double per_second;
  uint32_t burst;
  std::array<Ask, 5> asks;
};

const RateRow kRows[] = {
    {"a burst, then the pace",
     10,
     2,
     {{{1000, true, 1, 0, 100},
       {1000, true, 0, 0, 200},
       {1000, false, 0, 100, 200},
       {1100, true, 0, 0, 200},
       {1150, false, 0, 50, 150}}}},
    {"a burst of one is a distance",
     10,
     1,
     {{{1000, true, 0, 0, 100},
       {1099, false, 0, 1, 1},
       {1100, true, 0, 0, 100},
       {1250, true, 0, 0, 100},
       {1250, false, 0, 100, 100}}}},
    {"no burst is a burst of one",
     10,
     0,
     {{{1000, true, 0, 0, 100},
       {1000, false, 0, 100, 100},
       {1100, true, 0, 0, 100},
       {1100, false, 0, 100, 100},
       {1200, true, 0, 0, 100}}}},
    {"rest gives the whole burst back, and no more",
     10,
     2,
     {{{1000, true, 1, 0, 100},
       {1000, true, 0, 0, 200},
       {9000, true, 1, 0, 100},
       {9000, true, 0, 0, 200},
       {9000, false, 0, 100, 200}}}},
    {"the clock of another thread is behind",
     10,
     2,
     {{{1000, true, 1, 0, 100},
       {995, false, 0, 5, 105},
       {1000, true, 0, 0, 200},
       {999, false, 0, 100, 200},
       {1100, true, 0, 0, 200}}}},
    {"less than one a second",
     0.5,
     1,
     {{{1000, true, 0, 0, 2000},
       {2999, false, 0, 1, 1},
       {3000, true, 0, 0, 2000},
       {3000, false, 0, 2000, 2000},
       {5000, true, 0, 0, 2000}}}},
};

TEST(Rate, LetsPassWhatTheRateAllows) {
  for (const RateRow& row : kRows) {
    SCOPED_TRACE(row.name);
    const Rate rate = Rate::of(row.per_second, row.burst);
    Ticks paid_at = 0;
    for (const Ask& ask : row.asks) {
      SCOPED_TRACE(ask.at);
      const Rate::Step step = rate.take(paid_at, ticksOf(milliseconds(ask.at)));
      paid_at = step.paid_at;
      EXPECT_EQ(step.taken.passes, ask.passes);
      EXPECT_EQ(step.taken.remaining, ask.remaining);
      EXPECT_EQ(step.taken.wait, milliseconds(ask.wait));
      EXPECT_EQ(step.taken.reset, milliseconds(ask.reset));
    }
  }
}

TEST(Rate, OneThatIsSlowerNowHoldsNobodyForLongerThanItsOwnBurst) {
  const Ticks now = ticksOf(std::chrono::hours(5));
  const Ticks far = now + ticksOf(std::chrono::hours(100));
  const Rate::Step step = Rate::of(1, 3).take(far, now);
  EXPECT_FALSE(step.taken.passes);
  EXPECT_EQ(step.taken.wait, std::chrono::seconds(1));
  EXPECT_EQ(step.taken.reset, std::chrono::seconds(3));
}

TEST(Rate, IntervalsAreExactEnough) {
  for (const double per_second : {1e-5, 0.3, 1.0, 7.0, 1e3, 3e6, 1e8}) {
    SCOPED_TRACE(per_second);
    const double interval = static_cast<double>(Rate::of(per_second, 1).interval);
    EXPECT_NEAR(interval * per_second / (1e9 * kTicksPerNanosecond), 1, 1e-3);
  }
}

TEST(Rate, NothingOverflows) {
  for (const double per_second : {1e-30, 1e-9, 1e30}) {
    for (const uint32_t burst : {1u, UINT32_MAX}) {
      const Rate rate = Rate::of(per_second, burst);
      const Ticks now = ticksOf(std::chrono::hours(24 * 365 * 20));
      EXPECT_TRUE(rate.take(0, now).taken.passes);
      EXPECT_GT(rate.take(0, now).paid_at, now);
    }
  }
}

}  // namespace
}  // namespace fairlead::firewall
