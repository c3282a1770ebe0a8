// Latencies of a run as counts in narrow buckets: quantiles within half a percent.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace fairlead::simulation {

class Latencies {
 public:
  void add(Duration latency) {
    const auto ns = static_cast<uint64_t>(std::max(latency.count(), Duration::rep{0}));
    const size_t bucket = bucketOf(ns);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++count_;
    sum_ += static_cast<double>(ns);
    max_ = std::max(max_, latency);
  }

  uint64_t count() const { return count_; }
  Duration max() const { return max_; }
  Duration mean() const {
    return count_ == 0 ? Duration{}
                       : Duration(static_cast<Duration::rep>(sum_ / static_cast<double>(count_)));
  }
  // What this share of them did not exceed; zero without any.
  Duration quantile(double share) const {
    const auto rank = static_cast<uint64_t>(share * static_cast<double>(count_));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > rank) return std::min(middleOf(bucket), max_);
    }
    return max_;
  }

 private:
  static constexpr int kSplitBits = 7;  // 128 buckets to each doubling

  // Below 256 ns each value has its own.
  static size_t bucketOf(uint64_t ns) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(ns)) - kSplitBits - 1);
    return (static_cast<size_t>(shift) << kSplitBits) + static_cast<size_t>(ns >> shift);
  }
  static Duration middleOf(size_t bucket) {
    const size_t half = size_t{1} << kSplitBits;
    const size_t shift = bucket < 2 * half ? 0 : (bucket >> kSplitBits) - 1;
    const uint64_t low = uint64_t{bucket - (shift << kSplitBits)} << shift;
    return Duration(static_cast<Duration::rep>(low + (uint64_t{1} << shift) / 2));
  }

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  double sum_ = 0;  // ns
  Duration max_{};
};

}  // namespace fairlead::simulation
