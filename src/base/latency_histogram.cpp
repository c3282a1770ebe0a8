// Bucket arithmetic, and the change of the halves.
#include "base/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fairlead {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

size_t LatencyBuckets::of(Duration latency) {
  const auto units =
      static_cast<uint64_t>(std::max<Duration::rep>(latency.count(), 0)) >> kUnitBits;
  constexpr uint64_t kSplit = 1 << kSplitBits;
  if (units < kSplit) return units;
  const int doubling = std::bit_width(units) - 1 - kSplitBits;
  const size_t bucket = (static_cast<size_t>(doubling) << kSplitBits) + (units >> doubling);
  return std::min(bucket, kCount - 1);
}

Duration LatencyBuckets::middle(size_t bucket) {
  constexpr size_t kSplit = 1 << kSplitBits;
  const size_t doubling = bucket < kSplit ? 0 : (bucket >> kSplitBits) - 1;
  const uint64_t first = static_cast<uint64_t>(bucket - (doubling << kSplitBits)) << doubling;
  const uint64_t width = uint64_t{1} << doubling;
  return Duration(((2 * first + width) << kUnitBits) / 2);
}

uint64_t LatencyHistogram::periodOf(TimePoint now) {
  return static_cast<uint64_t>(now.time_since_epoch().count()) /
         static_cast<uint64_t>(kHalf.count());
}

void LatencyHistogram::clear(Half& half, uint64_t period) {
  half.period.store(kNone, kRelaxed);
  for (auto& count : half.counts) count.store(0, std::memory_order_release);
  half.period.store(period, std::memory_order_release);
}

void LatencyHistogram::record(Duration latency, TimePoint now) {
  const uint64_t period = periodOf(now);
  Half& half = halves_[period % 2];
  if (half.period.load(kRelaxed) != period) clear(half, period);
  auto& count = half.counts[LatencyBuckets::of(latency)];
  count.store(count.load(kRelaxed) + 1, kRelaxed);
}

void LatencyDistribution::add(const LatencyHistogram& histogram, TimePoint now) {
  const uint64_t period = LatencyHistogram::periodOf(now);
  // The writer's clock may be ahead of the reader's by a turn of its loop.
  for (const auto& half : histogram.halves_) {
    const uint64_t filled = half.period.load(std::memory_order_acquire);
    if (filled != LatencyHistogram::kNone && filled + 1 >= period && filled <= period + 1)
      add(half, filled);
  }
}

void LatencyDistribution::add(const LatencyHistogram::Half& half, uint64_t period) {
  std::array<uint32_t, LatencyBuckets::kCount> counts;
  for (size_t i = 0; i < counts.size(); ++i)
    counts[i] = half.counts[i].load(std::memory_order_acquire);
  if (half.period.load(kRelaxed) != period) return;  // it was cleared meanwhile
  for (size_t i = 0; i < counts.size(); ++i) {
    counts_[i] += counts[i];
    count_ += counts[i];
  }
}

std::optional<Duration> LatencyDistribution::quantile(double share) const {
  if (count_ == 0) return std::nullopt;
  const double rank = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  uint64_t left = std::clamp<uint64_t>(static_cast<uint64_t>(rank), 1, count_);
  size_t bucket = 0;
  while (counts_[bucket] < left) left -= counts_[bucket++];
  return LatencyBuckets::middle(bucket);
}

}  // namespace fairlead
