// How many of the last requests failed: a moving window that all workers count into without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/time.h"

namespace fairlead::upstream {

// A ring of buckets, each a tenth of the window long, so that old results fall out a tenth at a
// time: what is counted are the last nine to ten tenths. Any thread, relaxed order: concurrent
// results are all counted, but for a few at the moment when a bucket is taken into use again.
class FailureWindow {
 public:
  struct Count {
    uint32_t failed = 0;
    uint32_t all = 0;

    // Of these more than `share` failed. A share of nothing is `off`, and more than all never fail.
    bool exceeds(double share, uint32_t min_requests) const {
      return share > 0 && all > 0 && all >= min_requests && failed > share * all;
    }
  };

  // Clocks of different threads may differ by less than the window.
  void add(bool failed, TimePoint now, Duration window);
  Count count(TimePoint now, Duration window) const;
  void clear();

 private:
  static constexpr uint64_t kBuckets = 10;
  // From the top: 16 bits of the round that the bucket was used in, 24 of failures, 24 of all.
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
};

// Both counts in one word, for whoever keeps the verdict that followed from them.
uint64_t pack(FailureWindow::Count count);
FailureWindow::Count unpackCount(uint64_t packed);

// "62 % of 40 requests failed in 10s".
std::string describe(FailureWindow::Count count, Duration window);

}  // namespace fairlead::upstream
