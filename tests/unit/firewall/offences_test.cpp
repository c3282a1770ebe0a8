// The sliding window of offences, held against a log of all events.
#include "firewall/offences.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/random.h"

namespace fairlead::firewall {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct WindowRow {
  const char* name;
  OffenceRule rule;
  std::vector<int> events;  // ms since the first one, which is at 10 s and a bit
  std::vector<int> trips;   // numbers of the events that do, from 1
};

const WindowRow kRows[] = {
    {"one is enough", {1, seconds(1)}, {0, 1, 5000}, {1, 2, 3}},
    {"all at once", {3, seconds(1)}, {0, 0, 0, 0, 0, 0}, {3, 6}},
    {"exactly the span", {3, seconds(8)}, {0, 4000, 8000}, {3}},
    {"nine eighths of it", {3, seconds(8)}, {0, 4000, 9000}, {}},
    {"older ones fall out", {3, seconds(8)}, {0, 100, 20000, 20100, 20200}, {5}},
    {"a clock that is behind", {3, seconds(8)}, {5000, 0, 0}, {3}},
    {"anew after it tripped", {2, seconds(8)}, {0, 1, 2, 3, 4}, {2, 4}},
};

TEST(Offences, TripWithinTheWindow) {
  for (const WindowRow& row : kRows) {
    SCOPED_TRACE(row.name);
    OffenceWindow::Packed window = 0;
    std::vector<int> trips;
    for (size_t i = 0; i < row.events.size(); ++i) {
      const TimePoint at = TimePoint(milliseconds(10'007 + row.events[i]));
      const OffenceWindow::Step step = OffenceWindow::add(window, row.rule, at);
      window = step.window;
      if (step.trips) trips.push_back(static_cast<int>(i) + 1);
    }
    EXPECT_EQ(trips, row.trips);
  }
}

// The times of all events since the count began.
class ExactLog {
 public:
  void add(TimePoint at) { times_.push_back(at); }
  void clear() { times_.clear(); }
  // The span of the youngest `count`.
  bool hasWithin(size_t count, Duration span) const {
    return times_.size() >= count && times_.back() - times_[times_.size() - count] <= span;
  }
  void forgetBut(size_t count) {
    while (times_.size() > count) times_.pop_front();
  }

 private:
  std::deque<TimePoint> times_;
};

// Bursts and pauses about the pace at which the rule hardly trips.
Duration pause(Random& random, const OffenceRule& rule) {
  const Duration pace = rule.within / rule.events;
  const uint64_t kind = random.below(100);
  if (kind < 20) return Duration(0);
  if (kind < 21)
    return Duration(
        static_cast<int64_t>(random.unit() * 2 * static_cast<double>(rule.within.count())));
  return Duration(static_cast<int64_t>(random.unit() * 2.6 * static_cast<double>(pace.count())));
}

TEST(Offences, NeverTooEarlyAndNeverTooLate) {
  Random random(20);
  const Duration spans[] = {seconds(1), milliseconds(12'345), seconds(60), hours(1), hours(24)};
  uint64_t trips = 0;
  uint64_t between = 0;
  for (const Duration within : spans) {
    for (const uint32_t events : {1u, 2u, 3u, 10u, 20u, 100u, 999u, 1000u}) {
      SCOPED_TRACE(testing::Message() << events << " in " << within.count());
      const OffenceRule rule{events, within};
      OffenceWindow::Packed window = 0;
      ExactLog log;
      TimePoint now(hours(random.below(100'000)) + Duration(random.below(1'000'000'000)));
      for (int i = 0; i < 20'000; ++i) {
        now += pause(random, rule);
        log.add(now);
        const OffenceWindow::Step step = OffenceWindow::add(window, rule, now);
        window = step.window;
        const bool must = log.hasWithin(events, within);
        const bool may = log.hasWithin(events, within * 9 / 8);
        ASSERT_TRUE(step.trips || !must) << "event " << i;
        ASSERT_TRUE(!step.trips || may) << "event " << i;
        trips += step.trips;
        between += may && !must;
        step.trips ? log.clear() : log.forgetBut(events);
      }
    }
  }
  EXPECT_GT(trips, 10'000u);
  EXPECT_GT(between, 1'000u);
}

}  // namespace
}  // namespace fairlead::firewall
