// How long something took lately, as counts in buckets that grow with the latency: answers of
// servers, for hedging, and turns of a loop, for status.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace fairlead {

// Log-linear buckets: 16 to each doubling, so that a bucket is 3 to 6 % of its latency wide, from
// 33 us (below, 2 us wide each) to 137 s; what takes longer is counted in the last one.
class LatencyBuckets {
 public:
  static constexpr size_t kCount = 368;

  static size_t of(Duration latency);
  static Duration middle(size_t bucket);

 private:
  static constexpr int kUnitBits = 11;  // the narrowest bucket: 2048 ns
  static constexpr int kSplitBits = 4;  // 16 to a doubling
};

// The latencies of the last 10 to 20 seconds, as one thread saw them: two halves, of which one is
// filled while the other is kept, and then they change places. Written by one thread with plain
// stores, read by any. About 3 KiB.
class LatencyHistogram {
 public:
  static constexpr Duration kHalf = std::chrono::seconds(10);

  // The writer only. Clears a half (under a microsecond) when its turn comes.
  void record(Duration latency, TimePoint now);

 private:
  friend class LatencyDistribution;
  struct Half {
    std::atomic<uint64_t> period{kNone};  // which 10 s of the clock; kNone while it is cleared
    std::array<std::atomic<uint32_t>, LatencyBuckets::kCount> counts{};
  };
  static constexpr uint64_t kNone = UINT64_MAX;

  static uint64_t periodOf(TimePoint now);
  static void clear(Half& half, uint64_t period);

  std::array<Half, 2> halves_;
};

// The histograms of several threads at one moment, merged; the reader's own memory.
class LatencyDistribution {
 public:
  void add(const LatencyHistogram& histogram, TimePoint now);

  uint64_t count() const { return count_; }
  // The latency that this share of the answers did not exceed, as the middle of its bucket; nothing
  // without an answer.
  std::optional<Duration> quantile(double share) const;

 private:
  void add(const LatencyHistogram::Half& half, uint64_t period);

  std::array<uint64_t, LatencyBuckets::kCount> counts_{};
  uint64_t count_ = 0;
};

}  // namespace fairlead
