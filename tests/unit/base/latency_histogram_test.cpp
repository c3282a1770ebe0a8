// Latencies in buckets: how exact, over which time, and with a reader beside the writer.
#include "base/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "base/random.h"

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TimePoint at(Duration since) { return TimePoint(since); }

double errorOf(Duration latency) {
  const Duration middle = LatencyBuckets::middle(LatencyBuckets::of(latency));
  return std::abs(static_cast<double>((middle - latency).count())) /
         static_cast<double>(latency.count());
}

TEST(LatencyBuckets, AreWithinAFewPercent) {
  for (double ns = 50e3; ns <= 120e9; ns *= 1.003) {
    const Duration latency(static_cast<Duration::rep>(ns));
    ASSERT_LE(errorOf(latency), 0.032) << ns;
  }
}

struct BucketRow {
  const char* name;
  Duration latency;
  size_t bucket;
};

TEST(LatencyBuckets, HaveEnds) {
  const BucketRow rows[] = {
      {"nothing", 0ns, 0},
      {"less than nothing", -5s, 0},
      {"the end of the first", 2047ns, 0},
      {"the second", 2048ns, 1},
      {"the last of the even ones", 32767ns, 15},
      {"the first that grows", 32768ns, 16},
      {"the first of the next doubling", 65536ns, 32},
      {"two minutes", 120s, 363},
      {"the end of the last", 137438953471ns, LatencyBuckets::kCount - 1},
      {"beyond", 1h, LatencyBuckets::kCount - 1},
      {"far beyond", Duration::max(), LatencyBuckets::kCount - 1},
  };
  for (const BucketRow& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(LatencyBuckets::of(row.latency), row.bucket);
  }
  for (size_t bucket = 0; bucket < LatencyBuckets::kCount; ++bucket)
    ASSERT_EQ(LatencyBuckets::of(LatencyBuckets::middle(bucket)), bucket);
}

struct QuantileRow {
  const char* name;
  double share;
  Duration exact;
};

TEST(LatencyDistribution, FindsQuantiles) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(i * 1ms, at(100s));
  LatencyDistribution distribution;
  distribution.add(histogram, at(100s));
  ASSERT_EQ(distribution.count(), 1000u);
  const QuantileRow rows[] = {
      {"the least", 0, 1ms},   {"under the least", -1, 1ms}, {"a tenth", 0.1, 100ms},
      {"half", 0.5, 500ms},    {"p95", 0.95, 950ms},         {"p99", 0.99, 990ms},
      {"the greatest", 1, 1s}, {"over the greatest", 7, 1s},
  };
  for (const QuantileRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto found = distribution.quantile(row.share);
    ASSERT_TRUE(found);
    EXPECT_NEAR(static_cast<double>(found->count()), static_cast<double>(row.exact.count()),
                static_cast<double>(row.exact.count()) * 0.032);
  }
  EXPECT_EQ(LatencyDistribution().quantile(0.5), std::nullopt);
}

TEST(LatencyDistribution, FollowsARandomSample) {
  Random random(5);
  LatencyHistogram histogram;
  std::vector<Duration> sample;
  for (int i = 0; i < 20000; ++i) {
    sample.emplace_back(static_cast<Duration::rep>(1e6 * std::exp(6 * random.unit())));
    histogram.record(sample.back(), at(50s));
  }
  std::sort(sample.begin(), sample.end());
  LatencyDistribution distribution;
  distribution.add(histogram, at(50s));
  for (const double share : {0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999}) {
    SCOPED_TRACE(share);
    const Duration exact = sample[static_cast<size_t>(share * 20000) - 1];
    const auto found = static_cast<double>(distribution.quantile(share)->count());
    EXPECT_NEAR(found / static_cast<double>(exact.count()), 1, 0.035);
  }
}

struct WindowRow {
  const char* name;
  std::vector<Duration> recorded_at;
  Duration looked_at;
  uint64_t count;
};

TEST(LatencyHistogram, ForgetsWhatIsOld) {
  const WindowRow rows[] = {
      {"nothing", {}, 100s, 0},
      {"at the clock's beginning", {0s}, 0s, 1},
      {"just now", {100s, 100s}, 100s, 2},
      {"the half before counts", {99s, 100s}, 105s, 2},
      {"to its end", {90s}, 109s, 1},
      {"and no longer", {90s}, 110s, 0},
      {"its place is used again", {90s, 91s, 115s}, 115s, 1},
      {"a pause of one half", {95s, 115s}, 115s, 1},
      {"a pause of hours", {95s, 9995s}, 9995s, 1},
      {"a reader whose clock is behind", {100s}, 99s, 1},
  };
  for (const WindowRow& row : rows) {
    SCOPED_TRACE(row.name);
    LatencyHistogram histogram;
    for (const Duration when : row.recorded_at) histogram.record(1ms, at(when));
    LatencyDistribution distribution;
    distribution.add(histogram, at(row.looked_at));
    EXPECT_EQ(distribution.count(), row.count);
  }
}

TEST(LatencyDistribution, MergesWorkers) {
  std::vector<LatencyHistogram> workers(3);
  for (size_t i = 0; i < workers.size(); ++i)
    for (int n = 0; n < 100; ++n) workers[i].record(static_cast<int>(i + 1) * 10ms, at(1s));
  LatencyDistribution distribution;
  for (const LatencyHistogram& worker : workers) distribution.add(worker, at(2s));
  EXPECT_EQ(distribution.count(), 300u);
  EXPECT_NEAR(static_cast<double>(distribution.quantile(0.5)->count()), 20e6, 0.7e6);
}

TEST(LatencyHistogram, IsReadWhileItIsWritten) {
  LatencyHistogram histogram;
  std::atomic<int64_t> now{0};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int64_t ms = 0; ms < 200'000; ++ms) {
      now = ms;
      histogram.record(10ms, at(ms * 1ms));
    }
    done = true;
  });
  while (!done) {
    LatencyDistribution distribution;
    distribution.add(histogram, at(now.load() * 1ms));
    ASSERT_LE(distribution.count(), 30'000u);
    if (const auto median = distribution.quantile(0.5))
      ASSERT_EQ(LatencyBuckets::of(*median), LatencyBuckets::of(10ms));
  }
  writer.join();
  LatencyDistribution distribution;
  distribution.add(histogram, at(199'999ms));
  EXPECT_EQ(distribution.count(), 20'000u);
}

}  // namespace
}  // namespace fairlead
