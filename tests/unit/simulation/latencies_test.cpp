// Quantiles from counts, against the values themselves.
#include "simulation/latencies.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "simulation/service_time.h"

namespace fairlead::simulation {
namespace {

using namespace std::chrono_literals;

TEST(Latencies, QuantilesAreWithinHalfAPercent) {
  Random random(3);
  const ServiceTime service = ServiceTime::lognormal(20ms, 1.5);
  std::vector<Duration> all;
  Latencies latencies;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(service.draw(random));
    latencies.add(all.back());
  }
  std::ranges::sort(all);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.9999}) {
    const auto exact = static_cast<double>(
        all[static_cast<size_t>(share * static_cast<double>(all.size()))].count());
    EXPECT_NEAR(static_cast<double>(latencies.quantile(share).count()), exact, 0.005 * exact)
        << share;
  }
  EXPECT_EQ(latencies.quantile(1), all.back());
  EXPECT_EQ(latencies.max(), all.back());
  EXPECT_EQ(latencies.count(), all.size());
}

TEST(Latencies, OfNothingAreZero) {
  const Latencies latencies;
  EXPECT_EQ(latencies.quantile(0.99), 0ms);
  EXPECT_EQ(latencies.mean(), 0ms);
}

TEST(Latencies, SmallAndLargeOnesAreKept) {
  Latencies latencies;
  for (const Duration latency : {0ns, 1ns, 255ns, 256ns, Duration(3h)}) latencies.add(latency);
  EXPECT_EQ(latencies.quantile(0), 0ns);
  EXPECT_EQ(latencies.quantile(0.2), 1ns);
  EXPECT_EQ(latencies.quantile(0.4), 255ns);
  EXPECT_EQ(latencies.max(), 3h);
}

}  // namespace
}  // namespace fairlead::simulation
