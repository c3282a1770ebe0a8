// The order of events, whether their delays are their own or shared.
#include "simulation/timeline.h"

#include <gtest/gtest.h>

namespace fairlead::simulation {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1h};
constexpr Delays kDelays{1ms, 2ms, 30ms, 10ms, 20ms};

TEST(Timeline, HandsOutWhatIsPlannedInTheOrderOfTimeAndThenOfPlanning) {
  Timeline timeline(kBegin, kDelays);
  timeline.planAfter(Delay::Response, {.about = 6});
  timeline.planAfter(Delay::OneWay, {.about = 1});
  timeline.plan(kBegin + 2ms, {.about = 2});
  timeline.planAfter(Delay::RoundTrip, {.about = 3});
  timeline.plan(kBegin + 2ms, {.about = 4});
  timeline.planAfter(Delay::PerTry, {.about = 5});
  std::vector<uint32_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(timeline.next().about);
  EXPECT_EQ(order, (std::vector<uint32_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(timeline.now(), kBegin + 30ms);
}

TEST(Timeline, CountsDelaysFromNow) {
  Timeline timeline(kBegin, kDelays);
  timeline.planAfter(Delay::Queue, {.about = 2});
  timeline.planAfter(Delay::OneWay, {.about = 1});
  EXPECT_EQ(timeline.next().about, 1u);
  timeline.planAfter(Delay::Queue, {.about = 3});
  EXPECT_EQ(timeline.next().about, 2u);
  EXPECT_EQ(timeline.now(), kBegin + 20ms);
  EXPECT_EQ(timeline.next().about, 3u);
  EXPECT_EQ(timeline.now(), kBegin + 21ms);
}

}  // namespace
}  // namespace fairlead::simulation
